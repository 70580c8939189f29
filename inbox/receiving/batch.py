"""One batch of notifications into rows: a constant handful of statements, however many messages it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter

from core.postgres import bulk
from inbox import callback_data, conversations, statuses
from inbox.changes import pages, webhooks
from inbox.receiving import arrival_order, duplicates, group_names, identities, messages, numbers, reactions, targets
from inbox.receiving.left_out import Personal, Resolved, left_out
from inbox.receiving.targets import Target, Targets
from whatsapp import event_time, events, parse
from whatsapp.models import PhoneNumber, Provider
from whatsapp.providers.aws.arns import AwsNumber
from whatsapp.webhooks import journal

log = structlog.get_logger(__name__)

EVENTS = Counter("inbox_events", "Facts read from notifications, by kind.", ["kind"])
UNMATCHED = Counter("inbox_statuses_unmatched", "Statuses given up because their message never came.")
PARKED = Counter("inbox_notifications_parked", "Notifications set aside.")

#: What names a message that is already there, or comes later.
Naming = (
    events.StatusChanged,
    events.PaymentChanged,
    events.ReactionChanged,
    events.MessageEdited,
    events.MessageRevoked,
)


@dataclass(slots=True)
class Fact:
    """An event with the notification that told it, and once they are known the number and people it concerns.

    ``mention``: whose conversation it is, the group's or the person's; ``author``: the person.
    """

    event: Any
    notification: int
    received_at: datetime
    place_in_batch: int
    number: PhoneNumber = field(init=False)
    mention: identities.Mention = field(init=False)
    author: identities.Mention = field(init=False)

    @property
    def at(self) -> datetime:
        return event_time.resolve(self.event.at, self.received_at)[0]

    @property
    def target(self) -> tuple[int, str]:
        """The number and the id of the message that a status, reaction or revision speaks of."""
        return self.number.pk, getattr(self.event, "target_wamid", "") or self.event.wamid

    def place(self, number: PhoneNumber) -> None:
        """Set the number and the people."""
        self.number = number
        event, scope = self.event, number.identity_scope
        self.author = identities.person(scope, event.party, getattr(event, "previous", None))
        group_id = getattr(event, "group_id", "")
        self.mention = identities.group(scope, group_id) if group_id else self.author


@dataclass(slots=True)
class Batch:
    """Facts sorted by what they are, and what is known of the rows they concern."""

    facts: dict[type[events.Event], list[Fact]] = field(default_factory=lambda: defaultdict(list))
    problems: dict[int, journal.Problems] = field(default_factory=dict)
    parked: dict[int, str] = field(default_factory=dict)
    processed: list[int] = field(default_factory=list)
    #: Facts read so far: each one's place in the order of the journal.
    count: int = 0
    numbers: dict[str, PhoneNumber] = field(default_factory=dict)
    contacts: dict[identities.Mention, int] = field(default_factory=dict)
    threads: conversations.Threads = field(default_factory=dict)
    targets: Targets = field(default_factory=dict)
    #: What AWS told about our numbers, by Meta's id, and by notification its id of the send that a status is about.
    aws_numbers: dict[str, AwsNumber] = field(default_factory=dict)
    sent_ids: dict[int, str] = field(default_factory=dict)
    #: Messages of ours whose wamid a status told us: id, wamid.
    unnamed: list[bulk.Row] = field(default_factory=list)

    def of(self, *kinds: type[events.Event]) -> list[Fact]:
        return [fact for kind in kinds for fact in self.facts.get(kind, ())]

    def target(self, fact: Fact) -> Target | None:
        """The message that a status, reaction or revision speaks of, None while it is not there."""
        named = fact.target
        return self.targets.get((*named, None)) or self.targets.get((*named, self.contacts.get(fact.mention)))

    def settle_alike(self, copies: dict[int, int]) -> None:
        """What became of a notification becomes of its copies (id → id of the original)."""
        for id, original in copies.items():
            if original in self.parked:
                self.parked[id] = self.parked[original]
                continue
            self.processed.append(id)
            if original in self.problems:
                self.problems[id] = self.problems[original]

    def place(self) -> None:
        """Find the rows of all numbers named, and tell every personal fact which is its own."""
        told = (fact.event for facts in self.facts.values() for fact in facts)
        self.numbers = numbers.resolve(told, self.aws_numbers)
        for kind, facts in self.facts.items():
            if issubclass(kind, Personal):
                for fact in facts:
                    fact.place(self.numbers[fact.event.phone_number_id])


def apply(claimed: list[journal.Claimed], before_writing: Callable[[], None] = lambda: None) -> list[bulk.Row]:
    """Apply these notifications and settle them, inside the caller's transaction. Returns the rows of new messages.
    Safe to repeat: what is there is recognised. Raises what the database says when a fact cannot be written.

    ``before_writing`` is called once everything is read and the first conversation is about to be locked.
    """
    copies = duplicates.in_batch(claimed)
    originals = [notification for notification in claimed if notification.id not in copies]
    known = duplicates.of_processed(originals)
    batch = _read([notification for notification in originals if notification.id not in known])
    batch.processed += known
    batch.settle_alike(copies)
    duplicates.REDELIVERED.inc(len(copies) + len(known))
    batch.place()
    _resolve_people(batch)
    _find_targets(batch)
    threaded = batch.of(events.MessageReceived, events.CallChanged)
    before_writing()
    batch.threads = conversations.open_and_lock(
        ((fact.number.pk, batch.contacts[fact.mention]) for fact in threaded),
        (target.conversation for target in batch.targets.values()),
    )
    new, changed = _write(batch)
    numbers.apply(
        [
            (fact.event, fact.notification, fact.received_at)
            for fact in batch.of(events.NumberChanged, events.FaultReported, events.TemplateChanged)
        ],
        batch.numbers,
    )
    if changed:
        pages.touch(changed)
    pages.announce((row["number_id"], row["conversation_id"]) for row in new)
    journal.settle(batch.processed, batch.problems)
    journal.park(batch.parked)
    PARKED.inc(len(batch.parked))
    for kind, facts in batch.facts.items():
        EVENTS.labels(kind.__name__).inc(len(facts))
    return new


def _read(claimed: list[journal.Claimed]) -> Batch:
    batch = Batch()
    for notification in claimed:
        try:
            found = _parse(notification, batch)
        except events.UnreadableError as error:
            batch.parked[notification.id] = str(error)
            continue
        batch.processed.append(notification.id)
        for event in found:
            reason, usable = left_out(event)
            if reason:
                batch.problems.setdefault(notification.id, []).append({"path": event.path, "reason": reason})
            if usable:
                batch.count += 1
                fact = Fact(event, notification.id, notification.received_at, batch.count)
                batch.facts[type(event)].append(fact)
    return batch


def _parse(notification: journal.Claimed, batch: Batch) -> list[events.AnyEvent]:
    """Raises UnreadableError."""
    if notification.provider != Provider.AWS:
        return parse.parse(notification.body)
    wrapped = parse.unwrap(notification.body)
    batch.aws_numbers |= wrapped.numbers
    found = parse.parse_wrapped(wrapped)
    # One send's id, so it can only be about one message.
    if wrapped.sent_id and len({event.wamid for event in found if isinstance(event, events.StatusChanged)}) == 1:
        batch.sent_ids[notification.id] = wrapped.sent_id
    return found


def _resolve_people(batch: Batch) -> None:
    """Find or make every contact that the batch names, and keep what it says about them."""
    named = [fact for kind, facts in batch.facts.items() if issubclass(kind, Resolved) for fact in facts]
    mentions: dict[identities.Mention, None] = {}
    for fact in named:
        mentions[fact.mention] = None
        if fact.author.keys:
            mentions[fact.author] = None
    batch.contacts = identities.resolve(mentions)
    told = []
    for fact in named:
        party = fact.event.party
        contact = batch.contacts.get(fact.author)
        if contact is not None:
            phone = f"+{party.wa_id}" if party.wa_id.isdigit() else ""
            marketing = getattr(fact.event, "marketing", "")
            told.append((contact, identities.Told(fact.at, phone, party.name, party.username, marketing)))
    identities.describe(told)


def _find_targets(batch: Batch) -> None:
    """Find the messages that statuses, reactions and revisions speak of and that are not found yet."""
    batch.targets |= targets.by_id({fact.target for fact in batch.of(*Naming) if not batch.target(fact)})
    sends = {fact.target: _send(batch, fact) for fact in _lost(batch, events.StatusChanged, events.PaymentChanged)}
    by_send, unnamed = targets.by_send(list(sends.values()))
    batch.targets |= by_send
    batch.unnamed += unnamed
    lost = _lost(batch, *Naming)
    batch.contacts |= identities.find({fact.mention for fact in lost if fact.mention not in batch.contacts})
    keys = {(*fact.target, chat) for fact in lost if (chat := batch.contacts.get(fact.mention)) is not None}
    batch.targets |= targets.by_token(
        [{"number_id": number, "wamid": wamid, "chat_id": chat} for number, wamid, chat in sorted(keys)]
    )


def _lost(batch: Batch, *kinds: type[events.Event]) -> list[Fact]:
    """Those of these facts whose message is not found, the ones that say most about it last."""
    lost = [fact for fact in batch.of(*kinds) if not batch.target(fact)]
    return sorted(lost, key=lambda fact: bool(getattr(fact.event, "callback_data", "")))


def _send(batch: Batch, fact: Fact) -> bulk.Row:
    number, wamid = fact.target
    token = callback_data.message_token(fact.event.callback_data)
    sent_id = batch.sent_ids.get(fact.notification, "")
    return {"number_id": number, "wamid": wamid, "token": token and str(token), "sent_id": sent_id}


def _write(batch: Batch) -> tuple[list[bulk.Row], set[int]]:
    """Write messages and everything that happens to messages. Returns the new ones and the ids of the changed ones."""
    # As the journal has them, so that their ids are in its order.
    threaded = sorted(batch.of(events.MessageReceived, events.CallChanged), key=lambda fact: fact.place_in_batch)
    arrivals = [_arrival(batch, fact) for fact in threaded]
    calls = [arrival for arrival in arrivals if isinstance(arrival.event, events.CallChanged)]
    new, upgraded = messages.insert(arrivals)
    group_names.apply(batch.of(events.MessageReceived), batch.contacts, batch.threads)
    changed: set[int] = set()
    if new:
        arrival_order.arrange(new, batch.threads)
        conversations.advance(new, batch.threads)
        _find_targets(batch)  # of those that came with their message
    conversations.open_windows(messages.windows_of(calls))
    named = statuses.name(batch.unnamed)
    awaited = messages.awaited(new + named) if new or named else []
    messages.attach_quotes([row["id"] for row in new if row["quoted_wamid"]], awaited)
    if awaited:
        reactions.attach(awaited)
    rewritten = upgraded + reactions.revise(_revisions(batch), {*awaited, *_revised(batch)})
    rewritten += messages.apply_calls(calls)
    if rewritten:
        conversations.refresh_previews(rewritten)
        changed.update(rewritten)
    outbound = [row["id"] for row in new if row["direction"] == events.Direction.OUTBOUND]
    waiting = statuses.take_waiting(outbound) if outbound else []
    folded = statuses.apply(waiting + _statuses(batch))
    conversations.refresh(folded)
    changed.update(folded)
    received = [row["id"] for row in new if row["direction"] == events.Direction.INBOUND]
    webhooks.record(received=received, sent=outbound, changed=folded)
    changed.update(reactions.apply(_reactions(batch)))
    changed.update(reactions.fail(_failed_reactions(batch)))
    return new, changed.difference(row["id"] for row in new)


def _arrival(batch: Batch, fact: Fact) -> messages.Arrival:
    number = fact.number
    contact = batch.contacts[fact.mention]
    in_group = bool(getattr(fact.event, "group_id", ""))
    return messages.Arrival(
        event=fact.event,
        number=number,
        conversation=batch.threads[number.pk, contact].id,
        author=batch.contacts.get(fact.author) if in_group else None,
        notification=fact.notification,
        received_at=fact.received_at,
    )


def _statuses(batch: Batch) -> list[bulk.Row]:
    found = []
    for fact in batch.of(events.StatusChanged, events.PaymentChanged):
        read = statuses.row if isinstance(fact.event, events.StatusChanged) else statuses.payment_row
        row = read(fact.event, fact.number.pk, fact.notification, fact.received_at)
        if row is not None:
            target = batch.target(fact)
            found.append(row | {"message_id": target and target.message, "chat_id": batch.contacts.get(fact.mention)})
    return found


def _reactions(batch: Batch) -> list[bulk.Row]:
    found = []
    for fact in batch.of(events.ReactionChanged):
        number, wamid = fact.target
        target = batch.target(fact)
        row = {
            "number_id": number,
            # The message's own id of it, so that one person has one reaction whatever id they named it by.
            "target_wamid": target.wamid if target else wamid,
            "message_id": target and target.message,
            "chat_id": batch.contacts[fact.mention],
            "contact_id": batch.contacts[fact.author] if fact.event.direction == events.Direction.INBOUND else None,
            "emoji": fact.event.emoji[:64],
            "at": fact.at,
            "notification_id": fact.notification,
        }
        found.append(row)
    return found


def _failed_reactions(batch: Batch) -> list[bulk.Row]:
    return [
        {
            "id": reaction,
            "error": (fact.event.faults[0].details or fact.event.faults[0].title) if fact.event.faults else "",
        }
        for fact in batch.of(events.StatusChanged)
        if fact.event.status == events.Status.FAILED
        and (reaction := callback_data.reaction_id(fact.event.callback_data)) is not None
    ]


def _revised(batch: Batch) -> list[int]:
    facts = batch.of(events.MessageEdited, events.MessageRevoked)
    return [target.message for fact in facts if (target := batch.target(fact))]


def _revisions(batch: Batch) -> list[bulk.Row]:
    return [
        {
            "number_id": fact.number.pk,
            "wamid": fact.event.wamid,
            "target_wamid": fact.event.target_wamid,
            "chat_id": batch.contacts[fact.mention],
            "kind": "edit" if isinstance(fact.event, events.MessageEdited) else "revoke",
            "direction": fact.event.direction,
            "text": getattr(fact.event, "text", ""),
            "at": fact.at,
            "notification_id": fact.notification,
        }
        for fact in batch.of(events.MessageEdited, events.MessageRevoked)
    ]
