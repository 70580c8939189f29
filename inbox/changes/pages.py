"""Changes for live pages: announce them, and find everything that changed since a cursor.

Rows of conversations and messages carry the id of the transaction that last changed them (a trigger sets it). A cursor
is a PostgreSQL snapshot, taken just before a page is read: it records which transactions were visible. What changed
since then are the rows whose transaction is not visible in that snapshot, in whatever order transactions committed. A
change that commits between taking the cursor and reading may be found twice, but none is missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value
from django.http import HttpResponse

CHANNEL = "inbox_changes"
#: PostgreSQL refuses a NOTIFY payload of 8,000 bytes or more.
CONVERSATIONS_PER_NOTIFY = 250


def announce(conversations: Iterable[tuple[int, int]]) -> None:
    """Tell live pages, when the current transaction commits, that these (number, conversation) pairs changed.

    One statement for any count. Safe to repeat.
    """
    pairs = sorted(set(conversations))
    parts = (
        pairs[start : start + CONVERSATIONS_PER_NOTIFY] for start in range(0, len(pairs), CONVERSATIONS_PER_NOTIFY)
    )
    _notify([{"conversations": part, "numbers": []} for part in parts])


def announce_number(number_id: int) -> None:
    """Tell live pages, when the current transaction commits, that something about this number changed, such as its
    banner. Safe to repeat."""
    _notify([{"conversations": [], "numbers": [number_id]}])


def _notify(changes: list[dict[str, list[Any]]]) -> None:
    """Each change: {"conversations": [[number, conversation], …], "numbers": [number, …]}."""
    if not changes:
        return
    payloads = [json.dumps(change, separators=(",", ":")) for change in changes]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) payload", [CHANNEL, payloads])


#: xmin:xmax:xip_list, as PostgreSQL writes a pg_snapshot. Bounded, because cursors come from browsers.
CURSOR = re.compile(r"([1-9][0-9]{0,17}):([1-9][0-9]{0,17}):((?:[1-9][0-9]{0,17},?){0,500})")


def current_cursor() -> str:
    """The cursor of a page that is about to be read. Take it before reading the rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        row = cursor.fetchone()
    return str(row[0])


def read_at(cursor: str, response: HttpResponse) -> HttpResponse:
    """Set the cursor that a fragment was read at. The open page may have applied changes since then, which the fragment
    does not show."""
    response.headers["Cursor"] = cursor
    return response


class _Unseen(Func):
    """Whether a transaction was not yet visible in a snapshot."""

    template = "(NOT pg_visible_in_snapshot(%(expressions)s::pg_snapshot))"
    arg_joiner = "::text::xid8, "
    output_field = BooleanField()


def since(cursor: str, now: str) -> Q:
    """A condition for rows of conversations or messages that changed after ``cursor``. ``now`` is the next cursor.

    Transaction ids beyond ``now`` were written before a restore into a younger database and do not count. Raises
    ValueError for an invalid cursor.
    """
    oldest, _ = _bounds(cursor)
    _, newest = _bounds(now)
    return Q(_Unseen(F("changed_xid"), Value(cursor)), changed_xid__gte=oldest, changed_xid__lt=newest)


def _bounds(cursor: str) -> tuple[int, int]:
    """The oldest transaction not visible to a cursor, and the first that had not started. Raises ValueError for what
    PostgreSQL would not accept as a snapshot."""
    match = CURSOR.fullmatch(cursor)
    if match is not None and not match[3].endswith(","):
        oldest, newest = int(match[1]), int(match[2])
        running = [int(id) for id in match[3].split(",") if id]
        if oldest <= newest and running == sorted(set(running)) and all(oldest <= id < newest for id in running):
            return oldest, newest
    raise ValueError("Not a cursor.")


def touch(message_ids: Iterable[int]) -> None:
    """Mark messages as changed because something shown with them did (media, reactions), and announce it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_message SET changed_xid = 0 WHERE id = ANY(%s) RETURNING number_id, conversation_id",
            [sorted(set(message_ids))],
        )
        announce([(number, conversation) for number, conversation in cursor.fetchall()])
