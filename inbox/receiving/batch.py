"""One batch of notifications into rows: a constant handful of statements, however many messages it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db.models import F
from prometheus_client import Counter

from inbox import callback_data, changes, outgoing_webhooks
from inbox.models import Message
from inbox.receiving import messages, numbers, people, reactions, redeliveries, rows, statuses, threads
from inbox.summaries import summarize
from whatsapp import events, journal, parse
from whatsapp.arns import AwsNumber
from whatsapp.models import PhoneNumber, Provider

log = structlog.get_logger(__name__)

EVENTS = Counter("inbox_events", "Facts read from notifications, by kind.", ["kind"])
UNMATCHED = Counter("inbox_statuses_unmatched", "Statuses given up because their message never came.")
PARKED = Counter("inbox_notifications_parked", "Notifications set aside.")

Personal = (
    events.MessageReceived
    | events.CallChanged
    | events.StatusChanged
    | events.ReactionChanged
    | events.MessageEdited
    | events.MessageRevoked
    | events.ContactChanged
)


@dataclass(slots=True)
class Fact:
    """An event with the notification that told it, and once they are known the number and people it concerns.

    ``mention``: whose conversation it is, the group's or the person's; ``author``: the person.
    """

    event: Any
    notification: int
    received_at: datetime
    number: PhoneNumber = field(init=False)
    mention: people.Mention = field(init=False)
    author: people.Mention = field(init=False)

    @property
    def at(self) -> datetime:
        return messages.time_of(self.event.at, self.received_at)[0]

    def place(self, number: PhoneNumber) -> None:
        """Set the number and the people."""
        self.number = number
        event, scope = self.event, number.identity_scope
        self.author = people.person(scope, event.party, getattr(event, "previous", None))
        group_id = getattr(event, "group_id", "")
        self.mention = people.group(scope, group_id) if group_id else self.author


@dataclass(slots=True)
class Batch:
    """Facts sorted by what they are, and what is known of the rows they concern."""

    facts: dict[type[events.Event], list[Fact]] = field(default_factory=lambda: defaultdict(list))
    problems: dict[int, journal.Problems] = field(default_factory=dict)
    parked: dict[int, str] = field(default_factory=dict)
    processed: list[int] = field(default_factory=list)
    numbers: dict[str, PhoneNumber] = field(default_factory=dict)
    contacts: dict[people.Mention, int] = field(default_factory=dict)
    threads: threads.Threads = field(default_factory=dict)
    #: What AWS told about our numbers, by Meta's id, and by notification its id of the send that a status is about.
    aws_numbers: dict[str, AwsNumber] = field(default_factory=dict)
    sent_ids: dict[int, str] = field(default_factory=dict)
    #: Messages of ours whose wamid a status told us: id, wamid.
    unnamed: list[rows.Row] = field(default_factory=list)

    def of(self, *kinds: type[events.Event]) -> list[Fact]:
        return [fact for kind in kinds for fact in self.facts.get(kind, ())]

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


def apply(claimed: list[journal.Claimed], before_writing: Callable[[], None] = lambda: None) -> None:
    """Apply these notifications and settle them, inside the caller's transaction. Safe to repeat: what is already
    there is recognised. Raises whatever the database says when a fact cannot be written.

    ``before_writing`` is called once everything is read and the first conversation is about to be locked.
    """
    copies = redeliveries.in_batch(claimed)
    originals = [notification for notification in claimed if notification.id not in copies]
    known = redeliveries.of_processed(originals)
    batch = _read([notification for notification in originals if notification.id not in known])
    batch.processed += known
    batch.settle_alike(copies)
    redeliveries.REDELIVERED.inc(len(copies) + len(known))
    batch.place()
    _resolve_people(batch)
    targets = _targets(batch)
    threaded = batch.of(events.MessageReceived, events.CallChanged)
    before_writing()
    batch.threads = threads.open_and_lock(
        ((fact.number.pk, batch.contacts[fact.mention]) for fact in threaded),
        (conversation for _, conversation in targets.values()),
    )
    new, changed = _write(batch, targets)
    numbers.apply(
        [
            (fact.event, fact.notification, fact.received_at)
            for fact in batch.of(events.NumberChanged, events.FaultReported, events.TemplateChanged)
        ],
        batch.numbers,
    )
    if changed:
        changes.touch(changed)
    changes.announce((row["number_id"], row["conversation_id"]) for row in new)
    journal.settle(batch.processed, batch.problems)
    journal.park(batch.parked)
    PARKED.inc(len(batch.parked))
    for kind, facts in batch.facts.items():
        EVENTS.labels(kind.__name__).inc(len(facts))


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
            problem = _problem(event)
            if problem:
                batch.problems.setdefault(notification.id, []).append({"path": event.path, "reason": problem})
            else:
                fact = Fact(event, notification.id, notification.received_at)
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


def _problem(event: events.AnyEvent) -> str:
    """Why an event cannot be applied, as a sentence; empty when it can."""
    if isinstance(event, events.BadLeaf):
        return event.reason
    if isinstance(event, Personal):
        if not event.phone_number_id:
            return "It does not say which of our numbers it is for."
        names = [event.party, getattr(event, "previous", None)]
        named = any(name and (name.user_id or name.parent_user_id or name.wa_id) for name in names)
        if not named and not getattr(event, "group_id", "") and not isinstance(event, events.StatusChanged):
            return "It does not say who the person is."
    return ""


def _resolve_people(batch: Batch) -> None:
    """Find or make every contact that the batch names, and keep what it says about them."""
    named = batch.of(events.MessageReceived, events.CallChanged, events.ReactionChanged, events.ContactChanged)
    mentions: dict[people.Mention, None] = {}
    for fact in named:
        mentions[fact.mention] = None
        if fact.author.keys:
            mentions[fact.author] = None
    batch.contacts = people.resolve(mentions)
    told = []
    for fact in named:
        party = fact.event.party
        contact = batch.contacts.get(fact.author)
        if contact is not None:
            phone = f"+{party.wa_id}" if party.wa_id.isdigit() else ""
            marketing = getattr(fact.event, "marketing", "")
            told.append((contact, people.Told(fact.at, phone, party.name, party.username, marketing)))
    people.describe(told)


def _targets(batch: Batch) -> dict[tuple[int, str], tuple[int, int]]:
    """The messages that statuses, reactions and revisions speak of: (number, wamid) → (message, conversation)."""
    wanted = {
        (fact.number.pk, fact.event.wamid if kind is events.StatusChanged else fact.event.target_wamid)
        for kind in (events.StatusChanged, events.ReactionChanged, events.MessageEdited, events.MessageRevoked)
        for fact in batch.of(kind)
    }
    found = rows.run(
        """
        SELECT m.number_id, m.wamid, m.id, m.conversation_id
        FROM jsonb_to_recordset(%s) AS r (number_id bigint, wamid text)
        JOIN inbox_message m ON m.number_id = r.number_id AND m.wamid = r.wamid
        WHERE NOT m.wamid = ''
        """,
        [{"number_id": number, "wamid": wamid} for number, wamid in sorted(wanted)],
    )
    targets = {(number, wamid): (message, conversation) for number, wamid, message, conversation in found}
    return targets | _unnamed(batch, targets)


def _unnamed(batch: Batch, targets: dict[tuple[int, str], tuple[int, int]]) -> dict[tuple[int, str], tuple[int, int]]:
    """The same for messages of ours that have no wamid yet: by our own id in the status, else by the provider's own id
    of the send beside it. Notes that they get one."""
    unknown: dict[tuple[int, str], rows.Row] = {}
    for fact in batch.of(events.StatusChanged):
        place = (fact.number.pk, fact.event.wamid[:255])
        if (fact.number.pk, fact.event.wamid) in targets:
            continue
        token = callback_data.message_token(fact.event.callback_data)
        sent_id = batch.sent_ids.get(fact.notification, "")
        if token or sent_id:
            row = {"number_id": place[0], "wamid": place[1], "token": token and str(token), "sent_id": sent_id}
            unknown[place] = row
    if not unknown:
        return {}
    found = rows.run(
        """
        SELECT DISTINCT ON (r.number_id, r.wamid) r.number_id, r.wamid, m.id, m.conversation_id
        FROM jsonb_to_recordset(%s) AS r (number_id bigint, wamid text, token uuid, sent_id text)
        CROSS JOIN LATERAL (
            SELECT t.id, t.conversation_id, true AS ours FROM inbox_message t
            WHERE t.client_token = r.token AND t.number_id = r.number_id
              AND t.wamid = '' AND t.direction = 'outbound'
            UNION ALL
            SELECT s.id, s.conversation_id, false FROM inbox_message s
            WHERE s.provider_message_id = r.sent_id AND NOT s.provider_message_id = '' AND s.number_id = r.number_id
              AND s.wamid = '' AND s.direction = 'outbound'
        ) m
        WHERE NOT r.wamid = ''
        ORDER BY r.number_id, r.wamid, m.ours DESC, m.id
        """,
        list(unknown.values()),
    )
    batch.unnamed = [{"id": message, "wamid": wamid} for _, wamid, message, _ in found]
    return {(number, wamid): (message, conversation) for number, wamid, message, conversation in found}


def _write(batch: Batch, targets: dict[tuple[int, str], tuple[int, int]]) -> tuple[list[rows.Row], set[int]]:
    """Write messages and everything that happens to messages. Returns the new ones and the ids of the changed ones."""
    calls = [_arrival(batch, fact) for fact in batch.of(events.CallChanged)]
    new, upgraded = messages.insert([_arrival(batch, fact) for fact in batch.of(events.MessageReceived)] + calls)
    changed: set[int] = set()
    awaited = messages.awaited(new) if new else []
    if new:
        threads.advance(new, batch.threads)
        messages.attach_quotes(new, awaited)
    threads.open_windows(messages.windows_of(calls))
    if awaited:
        reactions.attach(*messages.keys(awaited))
    revisions = _revisions(batch)
    revised = {(row["number_id"], row["wamid"]) for row in awaited}
    revised |= {(row["number_id"], row["target_wamid"]) for row in revisions}
    rewritten = upgraded + reactions.revise(revisions, sorted(revised)) + messages.apply_calls(calls)
    if rewritten:
        refresh_previews(rewritten)
        changed.update(rewritten)
    outbound = [row["id"] for row in new if row["direction"] == events.Direction.OUTBOUND]
    waiting = statuses.take_waiting(outbound) if outbound else []
    statuses.name(batch.unnamed)
    folded = statuses.apply(waiting + _statuses(batch))
    threads.refresh(folded)
    changed.update(folded)
    received = [row["id"] for row in new if row["direction"] == events.Direction.INBOUND]
    outgoing_webhooks.record(received=received, sent=outbound, changed=folded)
    changed.update(reactions.apply(_reactions(batch)))
    changed.update(reactions.fail(_failed_reactions(batch)))
    return new, changed.difference(row["id"] for row in new)


def refresh_previews(message_ids: Iterable[int]) -> None:
    """Write the conversation list's line again for those of these messages that are a conversation's last."""
    last = Message.objects.filter(pk__in=list(message_ids), conversation__last_message_id=F("pk")).select_related(
        "media"
    )
    threads.refresh([message.pk for message in last], {message.pk: preview(message) for message in last})


def preview(message: Message) -> str:
    """The conversation list's line for a message as it is now, its media included."""
    if message.revoked_at:
        return "Deleted message"
    media = getattr(message, "media", None)
    if media is None:
        return summarize(message.kind, message.text, message.payload, error_code=message.error_code)
    return summarize(
        message.kind,
        message.text,
        message.payload,
        voice=media.voice,
        duration=media.duration,
        pages=media.pages,
        file_name=media.file_name,
        content_type=media.content_type or media.mime_type,
        error_code=message.error_code,
    )


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


def _statuses(batch: Batch) -> list[rows.Row]:
    found = (
        statuses.row(fact.event, fact.number.pk, fact.notification, fact.received_at)
        for fact in batch.of(events.StatusChanged)
    )
    return [row for row in found if row is not None]


def _reactions(batch: Batch) -> list[rows.Row]:
    return [
        {
            "number_id": fact.number.pk,
            "target_wamid": fact.event.target_wamid[:255],
            "contact_id": batch.contacts[fact.author] if fact.event.direction == events.Direction.INBOUND else None,
            "emoji": fact.event.emoji[:64],
            "at": fact.at,
            "notification_id": fact.notification,
        }
        for fact in batch.of(events.ReactionChanged)
    ]


def _failed_reactions(batch: Batch) -> list[rows.Row]:
    return [
        {
            "id": reaction,
            "error": (fact.event.faults[0].details or fact.event.faults[0].title) if fact.event.faults else "",
        }
        for fact in batch.of(events.StatusChanged)
        if fact.event.status == events.Status.FAILED
        and (reaction := callback_data.reaction_id(fact.event.callback_data)) is not None
    ]


def _revisions(batch: Batch) -> list[rows.Row]:
    return [
        {
            "number_id": fact.number.pk,
            "wamid": fact.event.wamid[:255],
            "target_wamid": fact.event.target_wamid[:255],
            "kind": "edit" if isinstance(fact.event, events.MessageEdited) else "revoke",
            "direction": fact.event.direction,
            "text": getattr(fact.event, "text", ""),
            "at": fact.at,
            "notification_id": fact.notification,
        }
        for fact in batch.of(events.MessageEdited, events.MessageRevoked)
    ]
