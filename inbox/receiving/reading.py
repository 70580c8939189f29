"""Notifications into events, and what becomes of each notification in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inbox.receiving.facts import Parsed
from inbox.receiving.left_out import left_out
from whatsapp import events, parse
from whatsapp.models import Provider
from whatsapp.providers.aws.arns import AwsNumber
from whatsapp.webhooks import journal


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What becomes of notifications: ``parked`` with the reason, ``processed`` maybe with ``problems``."""

    processed: list[int]
    parked: Mapping[int, str]
    problems: Mapping[int, journal.Problems]

    def with_copies(self, copies: Mapping[int, int], known: set[int]) -> Outcomes:
        """Copies share the outcome of the original (id → id of the original); ``known`` were processed before."""
        processed = [id for id, original in copies.items() if original not in self.parked]
        parked = {id: self.parked[original] for id, original in copies.items() if original in self.parked}
        problems = {id: self.problems[original] for id, original in copies.items() if original in self.problems}
        return Outcomes([*self.processed, *known, *processed], {**self.parked, **parked}, {**self.problems, **problems})

    def write(self) -> None:
        journal.settle(self.processed, self.problems)
        journal.park(self.parked)


@dataclass(frozen=True, slots=True)
class Reading:
    """The usable events of some notifications, in the order of the journal."""

    events: list[Parsed]
    outcomes: Outcomes
    #: What AWS told about our numbers, by Meta's id.
    aws_numbers: Mapping[str, AwsNumber]
    #: AWS's id of the send that a notification's statuses are about.
    sent_ids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Body:
    events: list[events.AnyEvent]
    sent_id: str = ""
    aws_numbers: Mapping[str, AwsNumber] = field(default_factory=dict)


def read(claimed: list[journal.Claimed]) -> Reading:
    """Parse notifications. Unreadable ones are parked; events that cannot be used are listed as problems."""
    usable: list[Parsed] = []
    processed: list[int] = []
    parked: dict[int, str] = {}
    problems: dict[int, journal.Problems] = {}
    aws_numbers: dict[str, AwsNumber] = {}
    sent_ids: dict[int, str] = {}
    for notification in claimed:
        try:
            body = _parse(notification)
        except events.UnreadableError as error:
            parked[notification.id] = str(error)
            continue
        processed.append(notification.id)
        aws_numbers |= body.aws_numbers
        if body.sent_id:
            sent_ids[notification.id] = body.sent_id
        for event in body.events:
            reason, can_be_used = left_out(event)
            if reason:
                problems.setdefault(notification.id, []).append({"path": event.path, "reason": reason})
            if can_be_used:
                usable.append(Parsed(event, notification.id, notification.received_at))
    return Reading(usable, Outcomes(processed, parked, problems), aws_numbers, sent_ids)


def _parse(notification: journal.Claimed) -> _Body:
    """Raises UnreadableError."""
    if notification.provider != Provider.AWS:
        return _Body(parse.parse(notification.body))
    wrapped = parse.unwrap(notification.body)
    found = parse.parse_wrapped(wrapped)
    # It is the id of one send, so it can only belong to one message.
    one_message = len({event.wamid for event in found if isinstance(event, events.StatusChanged)}) == 1
    return _Body(found, wrapped.sent_id if one_message else "", wrapped.numbers)
