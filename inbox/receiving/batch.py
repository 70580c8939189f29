"""One batch of notifications into rows: a constant number of statements, however many messages it holds."""

from __future__ import annotations

from collections import Counter as CountOf
from collections.abc import Callable
from dataclasses import replace

from prometheus_client import Counter

from core.postgres import bulk
from inbox import conversations, statuses
from inbox.changes import pages, webhooks
from inbox.receiving import (
    arrival_order,
    calls,
    contacts,
    duplicates,
    facts,
    group_names,
    messages,
    numbers,
    quotes,
    reactions,
    reading,
    revisions,
    targets,
)
from inbox.receiving.arrivals import Arrival
from inbox.receiving.facts import Batch, Fact
from inbox.receiving.left_out import RESOLVED
from whatsapp import events
from whatsapp.webhooks import journal

EVENTS = Counter("inbox_events", "Facts read from notifications, by kind.", ["kind"])
PARKED = Counter("inbox_notifications_parked", "Notifications set aside.")


def apply(claimed: list[journal.Claimed], before_writing: Callable[[], None] = lambda: None) -> list[bulk.Row]:
    """Apply these notifications and settle them, inside the caller's transaction. Returns the rows of new messages.

    Safe to repeat: what is there is recognised. Raises what the database raises when a row cannot be written.
    ``before_writing`` is called once everything is read, before the first conversation is locked.
    """
    copies = duplicates.in_batch(claimed)
    originals = [notification for notification in claimed if notification.id not in copies]
    known = duplicates.of_processed(originals)
    read = reading.read([notification for notification in originals if notification.id not in known])
    outcomes = read.outcomes.with_copies(copies, known)
    known_numbers = numbers.resolve((parsed.event for parsed in read.events), read.aws_numbers)
    batch = _prepare(read, facts.personal(read.events, known_numbers))
    before_writing()
    batch = _lock(batch)
    new, changed = _write(batch)
    numbers.apply([parsed for parsed in read.events if isinstance(parsed.event, numbers.UPDATES)], known_numbers)
    if changed:
        pages.touch(changed)
    pages.announce((row["number_id"], row["conversation_id"]) for row in new)
    outcomes.write()
    PARKED.inc(len(outcomes.parked))
    duplicates.REDELIVERED.inc(len(copies) + len(known))
    for kind, count in CountOf(type(parsed.event).__name__ for parsed in read.events).items():
        EVENTS.labels(kind).inc(count)
    return new


def _prepare(read: reading.Reading, of_kind: dict[type[events.Event], list[Fact]]) -> Batch:
    """Find the contacts and messages that the facts name; contacts are made where they are missing."""
    named = [fact for kind, some in of_kind.items() if issubclass(kind, RESOLVED) for fact in some]
    batch = Batch(
        facts=of_kind, contacts=contacts.resolve(named), targets={}, threads={}, sent_ids=read.sent_ids, unnamed=[]
    )
    return targets.find(batch)


def _lock(batch: Batch) -> Batch:
    """Open the conversations that new messages need, and lock every one that something changes in."""
    pairs = ((fact.number.pk, batch.contacts[fact.chat]) for fact in _threaded(batch))
    changed = (target.conversation for target in batch.targets.values())
    return replace(batch, threads=conversations.open_and_lock(pairs, changed))


def _threaded(batch: Batch) -> list[Fact]:
    """Messages and calls in the order of the journal, so that their ids are in its order."""
    return sorted(batch.of(events.MessageReceived, events.CallChanged), key=lambda fact: fact.position)


def _write(batch: Batch) -> tuple[list[bulk.Row], set[int]]:
    """Write messages and everything that happens to messages. Returns the new ones and the ids of the changed ones."""
    arrivals = [_arrival(batch, fact) for fact in _threaded(batch)]
    call_steps = [arrival for arrival in arrivals if isinstance(arrival.event, events.CallChanged)]
    new, upgraded = messages.insert(arrivals)
    group_names.apply(batch.of(events.MessageReceived), batch.contacts, batch.threads)
    if new:
        threads = arrival_order.arrange(new, batch.threads)
        conversations.advance(new, threads)
        batch = targets.find(batch)  # what is about a message of this batch
    conversations.open_windows(calls.windows_of(call_steps))
    named = statuses.set_wamids(batch.unnamed)
    awaited = quotes.awaited(new + named) if new or named else []
    quotes.attach([row["id"] for row in new if row["quoted_wamid"]], awaited)
    if awaited:
        reactions.attach(awaited)
    rewritten = upgraded + revisions.revise(revisions.rows(batch), {*awaited, *revisions.targets(batch)})
    rewritten += calls.apply(call_steps)
    if rewritten:
        conversations.refresh_previews(rewritten)
    folded = _fold_statuses(batch, new)
    changed = {*rewritten, *folded, *reactions.apply(reactions.rows(batch))}
    changed.update(reactions.fail(reactions.failures(batch)))
    return new, changed.difference(row["id"] for row in new)


def _arrival(batch: Batch, fact: Fact) -> Arrival:
    in_group = bool(getattr(fact.event, "group_id", ""))
    return Arrival(
        event=fact.event,
        number=fact.number,
        conversation=batch.threads[fact.number.pk, batch.contacts[fact.chat]].id,
        author=batch.contacts.get(fact.author) if in_group else None,
        notification=fact.notification,
        received_at=fact.received_at,
    )


def _fold_statuses(batch: Batch, new: list[bulk.Row]) -> list[int]:
    """Apply the statuses of the batch and those that waited for its messages, and tell programs. Returns the changed
    messages."""
    sent = [row["id"] for row in new if row["direction"] == events.Direction.OUTBOUND]
    waiting = statuses.take_waiting(sent) if sent else []
    folded = statuses.apply(waiting + _status_rows(batch))
    conversations.refresh(folded)
    received = [row["id"] for row in new if row["direction"] == events.Direction.INBOUND]
    webhooks.record(received=received, sent=sent, changed=folded)
    return folded


def _status_rows(batch: Batch) -> list[bulk.Row]:
    rows = []
    for fact in batch.of(events.StatusChanged, events.PaymentChanged):
        read = statuses.row if isinstance(fact.event, events.StatusChanged) else statuses.payment_row
        row = read(fact.event, fact.number.pk, fact.notification, fact.received_at)
        if row is not None:
            target = batch.target(fact)
            rows.append(row | {"message_id": target and target.message, "chat_id": batch.contacts.get(fact.chat)})
    return rows
