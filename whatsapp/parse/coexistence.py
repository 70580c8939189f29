"""What comes from the phone app and from calls: history, its contact list, preferences, calls."""

from __future__ import annotations

from collections.abc import Iterator

from whatsapp import events
from whatsapp.events import Direction, Party
from whatsapp.parse import leaves, messages
from whatsapp.parse.leaves import Change, Leaf, LeafError, mapping, objects, words

CALL_STEPS = frozenset({"connect", "terminate", "ringing", "accepted", "rejected"})


def history(change: Change) -> Iterator[events.AnyEvent]:
    """The phone app's past: thousands of messages in one notification, or the reason why there are none."""
    change.historic = True
    for index, chunk in enumerate(objects(change.value.get("history"))):
        path = f"{change.path}.history[{index}]"
        faults = leaves.faults(chunk.get("errors"))
        if faults:
            about = change.about({"errors": chunk["errors"]}, f"{path}.errors") | {"at": change.at}
            yield events.FaultReported(**about, faults=faults)
        for place, thread in enumerate(objects(chunk.get("threads"))):
            yield from _thread(thread, change, f"{path}.threads[{place}]")
    # Files of older messages come in notifications of their own, as plain messages.
    yield from leaves.each(change, "messages", _stray)


def _stray(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A historic message outside a thread: the person is whoever of the two is not us."""
    ours = change.ours(leaves.digits(leaves.phone(leaf.get("from"))))
    key = "to" if ours or leaf.get("to_user_id") else "from"
    party = change.contacts.party(
        wa_id=leaves.phone(leaf.get(key)),
        user_id=leaves.user_id(leaf.get(f"{key}_user_id")),
        parent_user_id=leaves.user_id(leaf.get(f"{key}_parent_user_id")),
    )
    yield from messages.historic(leaf, change, path, party)


def _thread(thread: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    context = mapping(thread.get("context"))
    party = Party(
        wa_id=leaves.phone(thread.get("id") or context.get("wa_id")),
        user_id=leaves.user_id(context.get("user_id")),
        parent_user_id=leaves.user_id(context.get("parent_user_id")),
        username=leaves.username(context.get("username")),
    )

    def read(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
        if party.wa_id or party.user_id or party.parent_user_id:
            yield from messages.historic(leaf, change, path, party)
        else:
            yield from _stray(leaf, change, path)

    whole, change.value, place, change.path = change.value, thread, change.path, path
    try:
        yield from leaves.each(change, "messages", read)
    finally:
        change.value, change.path = whole, place


def state_sync(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A person that the phone app's contact list got or lost."""
    contact = mapping(leaf.get("contact"))
    party = Party(
        wa_id=leaves.phone(contact.get("phone_number")),
        user_id=leaves.user_id(contact.get("user_id")),
        parent_user_id=leaves.user_id(contact.get("parent_user_id")),
        name=(words(contact.get("full_name")) or words(contact.get("first_name")))[: leaves.MAX_NAME],
        username=leaves.username(contact.get("username")),
    )
    _named(party)
    about = change.about(leaf, path)
    about["at"] = leaves.moment(mapping(leaf.get("metadata")).get("timestamp"))
    yield events.ContactChanged(**about, party=party, saved=words(leaf.get("action")) != "remove")


def preference(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """Somebody who wants no more marketing messages, or wants them again."""
    party = change.contacts.party(
        wa_id=leaves.phone(leaf.get("wa_id")),
        user_id=leaves.user_id(leaf.get("user_id")),
        parent_user_id=leaves.user_id(leaf.get("parent_user_id")),
    )
    _named(party)
    value = words(leaf.get("value"))
    yield events.ContactChanged(
        **change.about(leaf, path), party=party, marketing=value if value in ("stop", "resume") else ""
    )


def call(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """One step of a call."""
    ours = change.ours(leaves.digits(leaves.phone(leaf.get("from"))))
    outbound = words(leaf.get("direction")) == "BUSINESS_INITIATED" or (not leaf.get("direction") and ours)
    key = "to" if outbound else "from"
    yield _call(leaf, change, path, key, words(leaf.get("event")), outbound)


def call_status(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """How a call of ours goes: RINGING, ACCEPTED, REJECTED."""
    yield _call(leaf, change, path, "recipient", words(leaf.get("status")), outbound=True)


def _call(leaf: Leaf, change: Change, path: str, key: str, step: str, outbound: bool) -> events.CallChanged:
    wa_id = leaf.get("recipient_id") if key == "recipient" else leaf.get(key)
    party = change.contacts.party(
        wa_id=leaves.phone(wa_id),
        user_id=leaves.user_id(leaf.get(f"{key}_user_id")),
        parent_user_id=leaves.user_id(leaf.get(f"{key}_parent_user_id")),
    )
    _named(party)
    step = step.lower()
    return events.CallChanged(
        **change.about(leaf, path),
        call_id=leaves.wamid(leaf.get("id"), "call id"),
        step=step if step in CALL_STEPS else "other",
        party=party,
        direction=Direction.OUTBOUND if outbound else Direction.INBOUND,
        duration=leaves.whole(leaf.get("duration")),
        faults=leaves.faults(leaf.get("errors")),
    )


def _named(party: Party) -> None:
    if not (party.wa_id or party.user_id or party.parent_user_id):
        raise LeafError("It does not say who the person is.")
