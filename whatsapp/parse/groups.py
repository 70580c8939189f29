"""Groups that a number of ours is in: made, joined, left, renamed, suspended. One sentence for each step."""

from __future__ import annotations

from collections.abc import Iterator

from whatsapp import events
from whatsapp.parse import leaves
from whatsapp.parse.account import plain, sentence
from whatsapp.parse.leaves import Change, Leaf, mapping, objects, words

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
PEOPLE = ("added_participants", "removed_participants", "failed_participants")
SETTINGS = ("profile_picture", "group_subject", "group_description")


def read(change: Change) -> Iterator[events.AnyEvent]:
    """Every step that one notification tells about groups."""
    return leaves.each(change, "groups", _step, needs_number=False)


def _step(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    kind, subject = words(leaf.get("type")), words(leaf.get("subject"))
    group = f"The group “{subject}”" if subject else "A group"
    if leaf.get("errors") and kind != "group_settings_update":  # of settings some may have changed
        step = f"was not changed ({plain(kind)})"
    else:
        step = STEPS.get(kind) or f"changed ({plain(kind) or 'WhatsApp does not say how'})"
    found = change.about(leaf, path)
    yield events.NumberChanged(
        **(found | {"at": found["at"] or change.at}),
        webhook_field=change.field,
        summary=sentence(", ".join([f"{group} {step}", *_details(leaf)])),
    )


def _details(leaf: Leaf) -> Iterator[str]:
    for key in PEOPLE:
        count = len(objects(leaf.get(key)))
        if count:
            yield f"{plain(key)}: {count}"
    for key in SETTINGS:
        part = mapping(leaf.get(key))
        if part:
            yield f"{plain(key)} {'changed' if part.get('update_successful') is not False else 'not changed'}"
    for fault in leaves.faults(leaf.get("errors")):
        yield f"WhatsApp reports: {fault.details or fault.title or fault.code}"
