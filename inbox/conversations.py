"""Create and lock conversations, and keep the columns of the conversation list up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import translation

from core.postgres import bulk
from core.postgres.cursors import bigints
from inbox.formatting import summary
from inbox.models import Message
from whatsapp.limits import WINDOW


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation that the current transaction has locked, and its last message's place in the thread."""

    id: int
    last_at: datetime
    last_id: int


#: By (number, contact).
Threads = dict[tuple[int, int], Thread]


#: The oldest message that matches inbox.models.messages.UNSETTLED, which has its own index. Skips messages that did not
#: fail in conversations without a failure, as most are.
OLDEST_FAILURE = """
UPDATE inbox_conversation c SET oldest_failure_at = found.at
FROM (
    SELECT DISTINCT m.conversation_id AS id
    FROM inbox_message m JOIN inbox_conversation mc ON mc.id = m.conversation_id
    WHERE m.id = ANY(%s::bigint[]) AND (m.status IN ('failed', 'unknown') OR mc.oldest_failure_at IS NOT NULL)
) AS touched
CROSS JOIN LATERAL (
    SELECT min(sent_at) AS at FROM inbox_message
    WHERE conversation_id = touched.id AND status IN ('failed', 'unknown')
      AND resent_at IS NULL AND dismissed_at IS NULL AND NOT historic
) AS found
WHERE c.id = touched.id AND c.oldest_failure_at IS DISTINCT FROM found.at
"""


def open_and_lock(pairs: Iterable[tuple[int, int]], also: Iterable[int]) -> Threads:
    """Create missing conversations for these (number, contact) pairs; lock them and ``also`` for this transaction.

    Every change to a conversation happens under this lock. It is taken in the order of ids, so that two workers never
    deadlock.
    """
    wanted = sorted(set(pairs))
    found = _find(wanted)
    missing = [pair for pair in wanted if pair not in found]
    if missing:
        _open(missing)
        found |= _find(missing)
    return _lock(sorted({*found.values(), *also}))


def lock_those_of(message_ids: Iterable[int]) -> None:
    """Lock the conversations of these messages for this transaction. Call it before changing a message and then its
    conversation: everything else locks in this order, and the reverse order would deadlock."""
    found = bulk.fetch(
        "SELECT DISTINCT conversation_id FROM inbox_message WHERE id = ANY(%s::bigint[])", bigints(message_ids)
    )
    _lock(sorted(conversation for (conversation,) in found))


def _find(pairs: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    found = bulk.run(
        """
        SELECT number_id, contact_id, c.id FROM jsonb_to_recordset(%s) AS k (number_id bigint, contact_id bigint)
        JOIN inbox_conversation c USING (number_id, contact_id)
        """,
        _keys(pairs),
    )
    return {(number, contact): id for number, contact, id in found}


def _open(pairs: list[tuple[int, int]]) -> None:
    bulk.run(
        """
        INSERT INTO inbox_conversation (
            number_id, contact_id, last_message_at, last_message_kind, last_message_direction, last_message_status,
            last_message_preview, unread_count, created_at, changed_xid
        )
        SELECT number_id, contact_id, 'epoch'::timestamptz, '', '', '', '', 0, statement_timestamp(), 0
        FROM jsonb_to_recordset(%s) AS r (number_id bigint, contact_id bigint)
        ON CONFLICT (contact_id, number_id) DO NOTHING
        """,
        _keys(pairs),
    )


def _keys(pairs: list[tuple[int, int]]) -> list[bulk.Row]:
    return [{"number_id": number, "contact_id": contact} for number, contact in pairs]


def _lock(ids: list[int]) -> Threads:
    # By ids alone: PostgreSQL evaluates the condition again for each row that changed while this waited, and a join
    # would be evaluated as a whole each time (measured: half of the time of two workers).
    locked = bulk.fetch(
        """
        SELECT id, number_id, contact_id, last_message_at, coalesce(last_message_id, 0) FROM inbox_conversation
        WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE
        """,
        bigints(ids),
    )
    return {(number, contact): Thread(id, last_at, last_id) for id, number, contact, last_at, last_id in locked}


def advance(messages: list[bulk.Row], threads: Threads) -> None:
    """Update conversations with messages just inserted, given in the order of the thread.

    Each row: conversation_id, id, sent_at, kind, direction, status, preview, unread (bool), opens_window (bool).
    Pass only rows that were really inserted: the unread count depends on it.
    """
    by_id = {thread.id: thread for thread in threads.values()}
    updates: dict[int, bulk.Row] = {}
    for message in messages:
        thread = by_id[message["conversation_id"]]
        row = updates.setdefault(thread.id, {"conversation_id": thread.id, "added": 0, "window_closes_at": None})
        closes_at = message["sent_at"] + WINDOW if message["opens_window"] else None
        row["added"] += bool(message["unread"])
        row["window_closes_at"] = _later(row["window_closes_at"], closes_at)
        if (message["sent_at"], message["id"]) > (thread.last_at, thread.last_id):
            row |= {name: message[name] for name in ("id", "sent_at", "kind", "direction", "status", "preview")}
    bulk.run(
        """
        UPDATE inbox_conversation c
        SET unread_count = c.unread_count + r.added,
            window_closes_at = greatest(c.window_closes_at, r.window_closes_at),
            last_message_id = coalesce(r.id, c.last_message_id),
            last_message_at = coalesce(r.sent_at, c.last_message_at),
            last_message_kind = coalesce(r.kind, c.last_message_kind),
            last_message_direction = coalesce(r.direction, c.last_message_direction),
            last_message_status = coalesce(r.status, c.last_message_status),
            last_message_preview = coalesce(r.preview, c.last_message_preview)
        FROM jsonb_to_recordset(%s) AS r (
            conversation_id bigint, id bigint, sent_at timestamptz, kind text, direction text, status text,
            preview text, added int, window_closes_at timestamptz
        )
        WHERE c.id = r.conversation_id
        """,
        list(updates.values()),
    )


def open_windows(opened: Iterable[tuple[int, datetime]]) -> None:
    """Open the customer service window of each (conversation, start), unless it stays open longer already. For events
    that create no message, such as a call whose recording came first. Safe to repeat."""
    bulk.run(
        """
        UPDATE inbox_conversation c SET window_closes_at = r.closes_at
        FROM (SELECT conversation_id, max(closes_at) AS closes_at
              FROM jsonb_to_recordset(%s) AS o (conversation_id bigint, closes_at timestamptz)
              GROUP BY conversation_id) r
        WHERE c.id = r.conversation_id AND (c.window_closes_at IS NULL OR c.window_closes_at < r.closes_at)
        """,
        [{"conversation_id": conversation, "closes_at": since + WINDOW} for conversation, since in opened],
    )


def refresh(message_ids: Iterable[int], previews: dict[int, str] | None = None) -> None:
    """Update conversations whose messages changed: the last message's status, its preview where given by message id,
    and the oldest failure. The caller holds the conversations' lock. Safe to repeat."""
    previews = previews or {}
    ids = sorted(set(message_ids))
    bulk.run(
        """
        UPDATE inbox_conversation c
        SET last_message_status = m.status, last_message_kind = m.kind,
            last_message_preview = coalesce(r.preview, c.last_message_preview)
        FROM jsonb_to_recordset(%s) AS r (id bigint, preview text)
        JOIN inbox_message m ON m.id = r.id
        WHERE c.id = m.conversation_id AND c.last_message_id = m.id
        """,
        [{"id": id, "preview": previews.get(id)} for id in ids],
    )
    if ids:
        bulk.fetch(OLDEST_FAILURE, bigints(ids))


def refresh_previews(message_ids: Iterable[int]) -> None:
    """Renew the list's line for those of these messages that are the last of their conversation. Safe to repeat."""
    last = Message.objects.filter(pk__in=list(message_ids), conversation__last_message_id=F("pk"))
    last = last.select_related("media")
    with translation.override(summary.STORED_LANGUAGE):
        lines = {message.pk: summary.of_message(message) for message in last}
    refresh(lines, lines)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
