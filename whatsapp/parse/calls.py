"""Calls: every step of one, as WhatsApp tells it in ``calls`` and in ``statuses``."""

from __future__ import annotations

from collections.abc import Iterator

from whatsapp import events
from whatsapp.events import Direction, Party
from whatsapp.parse import leaves
from whatsapp.parse.leaves import Change, Leaf, LeafError, words

STEPS = frozenset({"connect", "terminate", "ringing", "accepted", "rejected"})


def call(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """One step of a call in either direction."""
    outbound = _outbound(leaf, change)
    key = "to" if outbound else "from"
    if change.ours(leaf.get(key)) and not leaf.get(f"{key}_user_id"):
        # Some of Meta's samples swap the two. The customer is never our own number.
        key = "from" if outbound else "to"
    yield _step(leaf, change, path, words(leaf.get("event")), change.party(leaf, key), outbound)


def status(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """How a call of ours goes: RINGING, ACCEPTED, REJECTED."""
    party = change.party(leaf, "recipient", "recipient_id")
    yield _step(leaf, change, path, words(leaf.get("status")), party, outbound=True)


def _outbound(leaf: Leaf, change: Change) -> bool:
    match leaf.get("direction"):
        case "BUSINESS_INITIATED":
            return True
        case "USER_INITIATED":
            return False
        case _:
            return change.ours(leaf.get("from"))


def _step(leaf: Leaf, change: Change, path: str, step: str, party: Party, outbound: bool) -> events.CallChanged:
    if not leaves.named(party):
        raise LeafError("It does not say who the person is.")
    step = step.lower()
    return events.CallChanged(
        **change.about(leaf, path),
        call_id=leaves.wamid(leaf.get("id"), "call id"),
        step=step if step in STEPS else "other",
        party=party,
        direction=Direction.OUTBOUND if outbound else Direction.INBOUND,
        duration=leaves.whole(leaf.get("duration")),
        faults=leaves.faults(leaf.get("errors")),
    )
