"""Order messages of the same second as WhatsApp delivered them.

WhatsApp's times are whole seconds. Within a batch, ids follow the journal; across batches written in another order, or
after a replay, they do not. Then microseconds are added to ``sent_at``, so that the thread, the list and live updates
can always order by (``sent_at``, ``id``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.postgres import bulk
from inbox.conversations import Thread, Threads

#: In a second that is not in the journal's order, each message gets its position in that order as microseconds.
ARRANGE = """
UPDATE inbox_message m SET sent_at = s.second + (s.place - 1) * interval '1 microsecond'
FROM (
    SELECT *, bool_or(place <> shown) OVER (PARTITION BY conversation_id, second) AS wrong FROM (
        SELECT o.id, o.conversation_id, r.second,
               row_number() OVER (PARTITION BY o.conversation_id, r.second ORDER BY o.notification_id, o.id) AS place,
               row_number() OVER (PARTITION BY o.conversation_id, r.second ORDER BY o.sent_at, o.id) AS shown
        FROM (
            SELECT DISTINCT conversation_id, date_trunc('second', sent_at) AS second
            FROM jsonb_to_recordset(%s) AS r (conversation_id bigint, sent_at timestamptz)
        ) r
        JOIN inbox_message o ON o.conversation_id = r.conversation_id
            AND o.sent_at >= r.second AND o.sent_at < r.second + interval '1 second'
        WHERE o.notification_id IS NOT NULL AND NOT o.bad_timestamp
    ) o
) s
WHERE m.id = s.id AND s.wrong AND NOT m.sent_at = s.second + (s.place - 1) * interval '1 microsecond'
RETURNING m.id, m.sent_at
"""


def arrange(new: list[bulk.Row], threads: Threads) -> Threads:
    """Give messages of one second the order of the journal, among these new rows and those already there.

    Changes ``sent_at`` of rows that move and sorts ``new``. Returns the conversations with their last message as it is
    then, for ``conversations.advance``.
    """
    held = {thread.id: thread for thread in threads.values()}
    # Most messages are of a later second than any before; those are in order.
    late = [row for row in new if _second(row["sent_at"]) <= held[row["conversation_id"]].last_at]
    seconds = [
        {"conversation_id": row["conversation_id"], "sent_at": row["sent_at"]} for row in _maybe_misplaced(late, held)
    ]
    moved = {id: sent_at for id, sent_at in bulk.run(ARRANGE, seconds)}  # noqa: C416 (dict() would not be typed)
    if not moved:
        return threads
    for row in new:
        row["sent_at"] = moved.get(row["id"], row["sent_at"])
    new.sort(key=lambda row: (row["sent_at"], row["id"]))
    bulk.run(
        """
        UPDATE inbox_conversation c SET last_message_at = r.sent_at
        FROM jsonb_to_recordset(%s) AS r (id bigint, sent_at timestamptz) WHERE c.last_message_id = r.id
          AND c.id = ANY(%s::bigint[])
        """,
        [{"id": id, "sent_at": sent_at} for id, sent_at in moved.items()],
        sorted(held),
    )
    return {key: replace(thread, last_at=moved.get(thread.last_id, thread.last_at)) for key, thread in threads.items()}


def _maybe_misplaced(late: list[bulk.Row], held: dict[int, Thread]) -> list[bulk.Row]:
    """Those of these rows that do not simply follow the last message of their conversation, in its second.

    A second is in the journal's order until messages in it get microseconds: then its last message is its newest in the
    journal too.
    """
    if not late:
        return []
    last_ids = sorted({held[row["conversation_id"]].last_id for row in late})
    newest = {
        id: (notification, sent_at)
        for id, notification, sent_at in bulk.fetch(
            """
            SELECT id, notification_id, sent_at FROM inbox_message
            WHERE id = ANY(%s::bigint[]) AND notification_id IS NOT NULL AND NOT bad_timestamp
            """,
            last_ids,
        )
    }
    misplaced = []
    for row in late:
        notification, sent_at = newest.get(held[row["conversation_id"]].last_id, (None, None))
        follows = notification is not None and notification < row["notification_id"] and sent_at == row["sent_at"]
        if not follows or sent_at.microsecond:
            misplaced.append(row)
    return misplaced


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
