"""Groups of our numbers: created, joined, left, renamed, suspended. Each step is a sentence for the number and a
message in the group's thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whatsapp import events
from whatsapp.events import Kind, Party
from whatsapp.parse import fields
from whatsapp.parse.account import plain, sentence
from whatsapp.parse.fields import Change, Leaf, mapping, objects, words

FIELDS = frozenset(
    {
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
    }
)

#: ``type`` → what happened.
STEPS = {
    "group_create": "was created",
    "group_delete": "was deleted",
    "group_participants_add": "got members",
    "group_participants_remove": "lost members",
    "group_join_request_created": "was asked to let somebody in",
    "group_join_request_revoked": "is no longer asked to let somebody in",
    "group_settings_update": "has other settings",
    "group_suspend": "was suspended",
    "group_suspend_cleared": "is no longer suspended",
}
#: ``type`` → our step in the group's thread. People who leave by themselves have "left".
LINES = {
    "group_create": "created",
    "group_delete": "deleted",
    "group_participants_add": "joined",
    "group_participants_remove": "removed",
    "group_join_request_created": "asked",
    "group_join_request_revoked": "withdrew",
    "group_settings_update": "settings",
    "group_suspend": "suspended",
    "group_suspend_cleared": "unsuspended",
}
PEOPLE = ("added_participants", "removed_participants", "failed_participants")
SETTINGS = ("profile_picture", "group_subject", "group_description")


def read(change: Change) -> Iterator[events.AnyEvent]:
    """All steps of groups in one notification."""
    return fields.each(change, "groups", _step, needs_number=False)


def _step(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    kind, subject = words(leaf.get("type")), words(leaf.get("subject"))
    group = f"The group “{subject}”" if subject else "A group"
    failed = bool(leaf.get("errors")) and kind != "group_settings_update"  # only some settings may have changed
    if failed:
        step = f"was not changed ({plain(kind)})"
    else:
        step = STEPS.get(kind) or f"changed ({plain(kind) or 'WhatsApp does not say how'})"
    found = change.about(leaf, path)
    found["at"] = found["at"] or change.at
    yield events.NumberChanged(
        **found,
        webhook_field=change.field,
        summary=sentence(", ".join([f"{group} {step}", *_details(leaf)])),
    )
    payload = {} if failed else _line(leaf, change, kind)
    group_id = fields.identifier(leaf.get("group_id"), fields.MAX_USER_ID)
    if payload and group_id:
        yield events.MessageReceived(
            **found,
            wamid=fields.derived_id("group", change.phone_number_id, leaf),
            party=Party(),
            kind=Kind.SYSTEM,
            payload={"type": "group"} | payload,
            group_id=group_id,
            group_subject=payload.get("subject", "")[: fields.MAX_NAME],
            opens_window=False,
        )


def _line(leaf: Leaf, change: Change, kind: str) -> dict[str, Any]:
    """The message in the group's thread; empty when nothing changed."""
    step = LINES.get(kind, plain(kind)[: fields.MAX_WORD])
    if step == "removed" and leaf.get("initiated_by") == "participant":
        step = "left"
    people = [
        _person(person, change)
        for key in ("added_participants", "removed_participants")
        for person in objects(leaf.get(key))
    ]
    if step in ("asked", "withdrew"):
        people.append(_person(leaf, change))
    told: dict[str, Any] = {
        "people": [person for person in people if person],
        "subject": words(leaf.get("subject")) or _setting(leaf, "group_subject"),
        "description": words(leaf.get("description")) or _setting(leaf, "group_description"),
        "picture": mapping(leaf.get("profile_picture")).get("update_successful") is True,
    }
    told = {key: value for key, value in told.items() if value}
    return {"step": step} | told if told or step != "settings" else {}


def _setting(leaf: Leaf, key: str) -> str:
    part = mapping(leaf.get(key))
    return words(part.get("text")) if part.get("update_successful") is not False else ""


def _person(leaf: Leaf, change: Change) -> dict[str, str]:
    """A person in a group: ids and name."""
    given = words(leaf.get("input"))  # whom we removed, by phone number or user id
    party = change.contacts.party(
        wa_id=fields.phone(leaf.get("wa_id") or ("" if "." in given else given)),
        user_id=fields.user_id(leaf.get("user_id") or (given if "." in given else "")),
        parent_user_id=fields.user_id(leaf.get("parent_user_id")),
    )
    username = party.username or fields.username(leaf.get("username"))
    phone = f"+{party.wa_id}" if party.wa_id.isdigit() else ""
    found = {
        "wa_id": party.wa_id,
        "user_id": party.user_id,
        "name": party.name or (f"@{username}" if username else "") or phone or party.wa_id or party.user_id,
    }
    return {key: value for key, value in found.items() if value}


def _details(leaf: Leaf) -> Iterator[str]:
    for key in PEOPLE:
        count = len(objects(leaf.get(key)))
        if count:
            yield f"{plain(key)}: {count}"
    for key in SETTINGS:
        part = mapping(leaf.get(key))
        if part:
            yield f"{plain(key)} {'changed' if part.get('update_successful') is not False else 'not changed'}"
    for fault in fields.faults(leaf.get("errors")):
        yield f"WhatsApp reports: {fault.details or fault.title or fault.code}"
