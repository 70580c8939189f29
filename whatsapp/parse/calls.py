"""Calls: their steps, in ``calls`` and in ``statuses``, and their recordings and transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from whatsapp import events
from whatsapp.events import Direction, Kind, Party
from whatsapp.parse import fields, kinds
from whatsapp.parse.fields import Change, Leaf, LeafError, mapping, words

#: ``event`` of a call, or status of one of ours → our step.
STEPS = {
    "call_created": "created",
    "connect": "connect",
    "ringing": "ringing",
    "accepted": "accepted",
    "rejected": "rejected",
    "terminate": "terminate",
    "recording_available": "recording",
    "call_recording_available": "recording",
    "transcription_available": "transcript",
    "call_transcription_available": "transcript",
    "call_transcript_available": "transcript",
}
#: ``direction`` → whether it is our call.
DIRECTIONS = {"BUSINESS_INITIATED": True, "USER_INITIATED": False}
#: A call status without information: it may still ring or not.
DELIVERED = "delivered"
#: A step with a file → where the file is, and its kind (Meta "Call recording", "Call transcription").
FILES = {"recording": ("call_recording", "audio"), "transcript": ("call_transcript", "document")}
TRANSCRIPT_NAME = "Call transcript.json"


def call(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """One step of a call in either direction."""
    word = words(leaf.get("event")).lower()
    step = STEPS.get(word)
    if step is None:
        what = f"call event {word[: fields.MAX_WORD] or 'without a name'}"
        yield events.Unrecognized(**change.about(leaf, path), what=what)
        return
    outbound = _outbound(leaf, change)
    party = _customer(leaf, change, outbound)
    if step == "terminate" and _failed(leaf):
        step = "failed"
    media = _file(leaf, step)
    told = _step(leaf, change, path, step, party, outbound=outbound)
    yield replace(told, media=media) if step == "recording" else told
    if step == "transcript" and media:
        yield _transcript(told, media)
    if step in FILES and media is None:
        yield change.bad(leaf, path, f"The {step} of the call has no usable file id.")


def status(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A status of a call of ours: RINGING, ACCEPTED, REJECTED."""
    party = change.party(leaf, "recipient", "recipient_id")
    word = words(leaf.get("status")).lower()[: fields.MAX_WORD]
    step = STEPS.get(word, "other")
    yield _step(leaf, change, path, step, party, outbound=True)
    if step == "other" and word != DELIVERED:
        yield events.Unrecognized(**change.about(leaf, path), what=f"call status {word or 'without a name'}")


def _outbound(leaf: Leaf, change: Change) -> bool:
    told = leaf.get("direction")
    return DIRECTIONS[told] if isinstance(told, str) and told in DIRECTIONS else change.ours(leaf.get("from"))


def _customer(leaf: Leaf, change: Change, outbound: bool) -> Party:
    """The customer of a call. In some events ``from`` and ``to`` are swapped; the customer is the one in ``contacts``,
    and never our own number."""
    key, other = ("to", "from") if outbound else ("from", "to")
    if change.ours(leaf.get(key)) and not leaf.get(f"{key}_user_id"):
        key, other = other, key
    party = change.party(leaf, key)
    if change.ours(party.wa_id):
        spare = fields.phone(leaf.get(other))
        party = replace(party, wa_id="" if change.ours(spare) else spare)
    known = change.contacts.only
    if known is None or not fields.named(known):
        return party
    if known.user_id and party.user_id and known.user_id != party.user_id:
        return known
    return replace(
        known,
        wa_id=known.wa_id or party.wa_id,
        user_id=known.user_id or party.user_id,
        parent_user_id=known.parent_user_id or party.parent_user_id,
    )


def _failed(leaf: Leaf) -> bool:
    told = leaf.get("status")
    if isinstance(told, list) and len(told) == 1:
        (told,) = told
    return words(told).upper() == "FAILED"


def _file(leaf: Leaf, step: str) -> events.RemoteMedia | None:
    if step not in FILES:
        return None
    key, kind = FILES[step]
    return kinds.remote_media(mapping(mapping(leaf.get(key)).get(kind)))


def _step(leaf: Leaf, change: Change, path: str, step: str, party: Party, *, outbound: bool) -> events.CallChanged:
    if not fields.named(party):
        raise LeafError("It does not say who the person is.")
    faults = fields.faults(leaf.get("errors"))
    if step == "failed" and not faults:
        faults = fields.faults(change.value.get("errors"))  # where Meta puts the errors of a failed call
    return events.CallChanged(
        **change.about(leaf, path),
        call_id=fields.wamid(leaf.get("id"), "call id"),
        step=step,
        party=party,
        direction=Direction.OUTBOUND if outbound else Direction.INBOUND,
        # Only our own calls have statuses.
        directed=words(leaf.get("direction")) in DIRECTIONS or "recipient_id" in leaf or "recipient_user_id" in leaf,
        duration=_duration(leaf),
        faults=faults,
    )


def _duration(leaf: Leaf) -> int | None:
    """Seconds of talk. Meta sends them, and when talking began, only for answered calls."""
    told = fields.whole(leaf.get("duration"))
    begin, end = fields.moment(leaf.get("start_time")), fields.moment(leaf.get("end_time"))
    if told is None and begin and end and end >= begin:
        return round((end - begin).total_seconds())
    return told


def _transcript(told: events.CallChanged, media: events.RemoteMedia) -> events.MessageReceived:
    """The transcript as its own message after the call; the call's own file is its recording."""
    about: dict[str, Any] = {
        name: getattr(told, name)
        for name in ("phone_number_id", "display_phone_number", "waba_id", "at", "path", "raw", "party", "direction")
    }
    return events.MessageReceived(
        **about,
        wamid=fields.derived_id("transcript", told.call_id),
        kind=Kind.SYSTEM,
        payload={"type": "call_transcript", "call_id": told.call_id},
        media=replace(media, file_name=media.file_name or TRANSCRIPT_NAME),
        opens_window=False,
    )
