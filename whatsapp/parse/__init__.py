"""Parse Meta's notifications into events. The only reader of Meta's field names.

`parse` takes a webhook body; `unwrap` and then `parse_wrapped` take AWS's envelope around one entry. Only an unreadable
body raises: a part that can't be understood becomes a BadLeaf, an unknown field an Unrecognized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain

from whatsapp import events
from whatsapp.events import AnyEvent
from whatsapp.parse import account, calls, coexistence, fields, groups, handovers, messages, statuses
from whatsapp.parse.aws_envelope import Wrapped, unwrap
from whatsapp.parse.clean_json import read
from whatsapp.parse.contacts import preference, state_sync
from whatsapp.parse.fields import Change, Contacts, each, mapping

__all__ = ["Wrapped", "parse", "parse_entry", "parse_wrapped", "read", "unwrap"]

#: Fields about our numbers and accounts that the admin shows, besides TEMPLATE_FIELDS.
NUMBER_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "automatic_events",
        "business_capability_update",
        "business_username_update",
        "business_username_updates",
        "flows",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
    }
)


def parse(body: bytes) -> list[AnyEvent]:
    """All events of a webhook body, in order. Raises UnreadableError when the body can't be read at all."""
    document = read(body)
    entries = document.get("entry")
    if entries is None and isinstance(document.get("changes"), list):
        entries = [document]  # some of Meta's samples are one entry without its envelope
    if entries is None and isinstance(document.get("value"), dict):
        entries = [{"changes": [document]}]  # the dashboard's samples are one change
    if not isinstance(entries, list):
        return [events.BadLeaf(reason="The notification has no list “entry”.", path="entry", raw=document)]
    found: list[AnyEvent] = []
    for index, entry in enumerate(entries):
        found.extend(parse_entry(entry, path=f"entry[{index}]"))
    return found


def parse_wrapped(wrapped: Wrapped) -> list[AnyEvent]:
    """All events of an unwrapped AWS notification."""
    return wrapped.foreign or list(parse_entry(wrapped.entry, path="whatsAppWebhookEntry"))


def parse_entry(entry: object, *, path: str) -> Iterator[AnyEvent]:
    """All events of one entry. ``entry`` comes from ``read``, which cleans its text; AWS sends an entry as a JSON
    string, which `unwrap` reads. ``path`` is the entry's place in the notification, for administrators."""
    if not isinstance(entry, dict):
        yield events.BadLeaf(reason="This entry is not an object.", path=path, raw={"value": entry})
        return
    changes = entry.get("changes")
    if not isinstance(changes, list):
        yield events.BadLeaf(reason="This entry has no list “changes”.", path=path, raw=entry)
        return
    waba_id = fields.identifier(entry.get("id"))
    at = fields.moment(entry.get("time"))
    for index, change in enumerate(changes):
        place = f"{path}.changes[{index}]"
        if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
            raw = change if isinstance(change, dict) else {"value": change}
            yield events.BadLeaf(reason="This change has no object “value”.", path=place, raw=raw, waba_id=waba_id)
            continue
        value = change["value"]
        # In some of Meta's samples, the field's name is one level too high or too low.
        field = fields.identifier(change.get("field") or entry.get("field") or value.get("field"))
        yield from _parse_change(_change(field, value, f"{place}.value", waba_id, at))


def _change(field: str, value: fields.Leaf, path: str, waba_id: str, at: datetime | None) -> Change:
    # While an AI agent handles the conversation, everything is one level deeper.
    standby = field == "standby"
    inner = mapping(value.get("standby")) if standby else value
    # A handover names our number as its recipient, in the shape of ``metadata`` elsewhere.
    metadata = mapping(value.get("metadata")) or mapping(inner.get("metadata")) or mapping(value.get("recipient"))
    contacts = inner.get("contacts") or value.get("contacts")
    return Change(
        field=field,
        value=inner,
        path=f"{path}.standby" if standby else path,
        waba_id=waba_id,
        phone_number_id=fields.identifier(metadata.get("phone_number_id")),
        display_phone_number=fields.phone(metadata.get("display_phone_number")),
        at=at,
        standby=standby,
        contacts=Contacts(contacts if isinstance(contacts, list) else None, inner),
    )


def _parse_change(change: Change) -> Iterator[AnyEvent]:
    reader = FIELDS.get(change.field)
    if reader is not None:
        yield from _read(change, reader)
        return
    if change.field in account.TEMPLATE_FIELDS:
        yield from account.template(change)
    elif change.field in NUMBER_FIELDS:
        yield from account.number(change)
    else:
        yield _unrecognized(change, f"field {change.field or 'without a name'}")
    yield from _faults(change)


def _read(change: Change, reader: Callable[[Change], Iterator[AnyEvent]]) -> Iterator[AnyEvent]:
    """The events of a known field, or Unrecognized when it contains nothing known, so that it is counted."""
    silent = True
    for event in chain(_misshapen(change), reader(change), _faults(change), _strangers(change)):
        silent = False
        yield event
    if silent:
        yield _unrecognized(change, f"nothing known in field {change.field}")


def _strangers(change: Change) -> Iterator[AnyEvent]:
    """Lists and objects that nothing reads, so that no part of a field is dropped silently."""
    known = COMMON | READ[change.field]
    for key, part in change.value.items():
        if part and isinstance(part, dict | list) and key not in known:
            what = f"“{key[: fields.MAX_WORD]}” in field {change.field}"
            about = change.about({key: part}, f"{change.path}.{key[: fields.MAX_WORD]}")
            yield events.Unrecognized(**about, what=what)


def _misshapen(change: Change) -> Iterator[AnyEvent]:
    """Shared parts of the wrong type. The leaves are parsed without them."""
    for key, kind, what in (("metadata", dict, "an object"), ("contacts", list, "a list"), ("errors", list, "a list")):
        part = change.value.get(key)
        if part is not None and not isinstance(part, kind):
            yield change.bad(part, f"{change.path}.{key}", f"“{key}” is not {what}.")


def _messages(change: Change) -> Iterator[AnyEvent]:
    yield from handovers.context(change)
    yield from each(change, "messages", messages.inbound)
    yield from each(change, "message_echoes", messages.echo)
    yield from each(change, "statuses", statuses.read)
    if change.value.get("user_actions"):
        yield _unrecognized(change, "user_actions")


def _calls(change: Change) -> Iterator[AnyEvent]:
    yield from each(change, "calls", calls.call)
    yield from each(change, "statuses", calls.status)


def _state_sync(change: Change) -> Iterator[AnyEvent]:
    return each(change, "state_sync", state_sync)


def _preferences(change: Change) -> Iterator[AnyEvent]:
    return each(change, "user_preferences", preference)


FIELDS: dict[str, Callable[[Change], Iterator[AnyEvent]]] = {
    "messages": _messages,
    "standby": _messages,
    "smb_message_echoes": _messages,
    "message_echoes": _messages,
    "history": coexistence.history,
    "smb_app_state_sync": _state_sync,
    "user_preferences": _preferences,
    "calls": _calls,
    handovers.FIELD: handovers.handover,
    **dict.fromkeys(groups.FIELDS, groups.read),
}

#: Parts of any field besides its leaves, and the parts that each field's reader reads.
COMMON = frozenset({"metadata", "contacts", "errors"})
MESSAGES = frozenset({"messages", "message_echoes", "statuses", "user_actions", "conversation_context"})
READ: dict[str, frozenset[str]] = {
    **dict.fromkeys(("messages", "standby", "smb_message_echoes", "message_echoes"), MESSAGES),
    "history": frozenset({"history", "messages", "message_echoes"}),
    "smb_app_state_sync": frozenset({"state_sync"}),
    "user_preferences": frozenset({"user_preferences"}),
    "calls": frozenset({"calls", "statuses"}),
    # All of it is stored with the number.
    handovers.FIELD: frozenset({"sender", "recipient", "control_passed", "control_taken", "conversation_context"}),
    **dict.fromkeys(groups.FIELDS, frozenset({"groups"})),
}


def _unrecognized(change: Change, what: str) -> events.Unrecognized:
    return events.Unrecognized(**change.about(change.value, change.path), what=what)


def _faults(change: Change) -> Iterator[AnyEvent]:
    """Errors of the number itself, without a message."""
    faults = fields.faults(change.value.get("errors"))
    if faults:
        path = f"{change.path}.errors"
        about = change.about({"errors": change.value["errors"]}, path) | {"at": change.at}
        yield events.FaultReported(**about, faults=faults)
