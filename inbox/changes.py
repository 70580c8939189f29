"""What changed: announcing it to live pages, and finding everything that changed since a cursor.

Rows of conversations and messages carry the id of the transaction that last changed them (a trigger sets it). A cursor
is the oldest transaction still running when a page was read: every change the page has not seen has that id or a later
one, whatever order the transactions committed in. So "since the cursor" may repeat, and never misses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection

CHANNEL = "inbox_changes"
#: PostgreSQL refuses a NOTIFY payload of 8,000 bytes or more.
CONVERSATIONS_PER_NOTIFY = 250


def announce(conversations: Iterable[tuple[int, int]]) -> None:
    """Tell live pages that these (number, conversation) pairs changed, when the current transaction commits.

    One statement however many; repeats are harmless. Payload: {"conversations": [[number, conversation], …]}.
    """
    pairs = sorted(set(conversations))
    if not pairs:
        return
    payloads = [
        json.dumps({"conversations": pairs[start : start + CONVERSATIONS_PER_NOTIFY]}, separators=(",", ":"))
        for start in range(0, len(pairs), CONVERSATIONS_PER_NOTIFY)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) payload", [CHANNEL, payloads])


def current_cursor() -> int:
    """The cursor of a page that is about to read: take it before reading the rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        row = cursor.fetchone()
    return int(row[0])


def touch(message_ids: Iterable[int]) -> None:
    """Mark messages as changed when something drawn with them did (media, reactions), and announce it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_message SET changed_xid = 0 WHERE id = ANY(%s) RETURNING number_id, conversation_id",
            [sorted(set(message_ids))],
        )
        announce([(number, conversation) for number, conversation in cursor.fetchall()])
