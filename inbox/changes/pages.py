"""What changed: announcing it to live pages, and finding everything that changed since a cursor.

Rows of conversations and messages carry the id of the transaction that last changed them (a trigger sets it). A cursor
is PostgreSQL's snapshot from just before a page was read: it knows which transactions were visible then. What changed
since is every row whose transaction that snapshot does not show, whatever order the transactions committed in. A change
that commits between taking the cursor and reading may come twice; none is missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value
from django.http import HttpResponse

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


#: xmin:xmax:xip_list, as pg_snapshot is written. The length bounds what a stranger can make the database read.
CURSOR = re.compile(r"([1-9][0-9]{0,17}):([1-9][0-9]{0,17}):((?:[1-9][0-9]{0,17},?){0,500})")


def current_cursor() -> str:
    """The cursor of a page that is about to read: take it before reading the rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        row = cursor.fetchone()
    return str(row[0])


def read_at(cursor: str, response: HttpResponse) -> HttpResponse:
    """A fragment for a page that is open already, with the cursor that it was read at: the page may have followed
    changes since, which the fragment does not show."""
    response.headers["Cursor"] = cursor
    return response


class _Unseen(Func):
    """Whether a transaction was not yet visible in a snapshot."""

    template = "(NOT pg_visible_in_snapshot(%(expressions)s::pg_snapshot))"
    arg_joiner = "::text::xid8, "
    output_field = BooleanField()


def since(cursor: str, now: str) -> Q:
    """The rows of conversations or messages that changed after ``cursor``, as a condition; ``now`` is the cursor that
    will follow it. Raises ValueError for what is no cursor.

    Ids beyond ``now`` come from before a restore into a younger database; they are no changes.
    """
    oldest, _ = _bounds(cursor)
    _, newest = _bounds(now)
    return Q(_Unseen(F("changed_xid"), Value(cursor)), changed_xid__gte=oldest, changed_xid__lt=newest)


def _bounds(cursor: str) -> tuple[int, int]:
    """The first transaction that a cursor does not show, and the first that had not begun. Raises ValueError for what
    PostgreSQL would refuse to read as a snapshot."""
    match = CURSOR.fullmatch(cursor)
    if match is not None and not match[3].endswith(","):
        oldest, newest = int(match[1]), int(match[2])
        running = [int(word) for word in match[3].split(",") if word]
        if oldest <= newest and running == sorted(set(running)) and all(oldest <= one < newest for one in running):
            return oldest, newest
    raise ValueError("This is not a cursor.")


def touch(message_ids: Iterable[int]) -> None:
    """Mark messages as changed when something drawn with them did (media, reactions), and announce it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_message SET changed_xid = 0 WHERE id = ANY(%s) RETURNING number_id, conversation_id",
            [sorted(set(message_ids))],
        )
        announce([(number, conversation) for number, conversation in cursor.fetchall()])
