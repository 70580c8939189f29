"""The limit on live update streams per agent, across all web processes."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import connection, transaction

#: Seconds after which the streams of a dead process no longer count.
LIFETIME = 150
#: First half of the advisory lock that serialises the opening of one agent's streams; the second is the agent's id.
LOCK = 7_281_002

OPEN = """
INSERT INTO inbox_openstream (agent_id, until)
SELECT %(agent)s, statement_timestamp() + make_interval(secs => %(seconds)s)
WHERE (SELECT count(*) FROM inbox_openstream WHERE agent_id = %(agent)s AND until > statement_timestamp()) < %(limit)s
RETURNING id
"""


def open_stream(agent: int) -> int | None:
    """Record a new stream of this agent and return its id, None when the agent has as many as allowed."""
    values = {"agent": agent, "seconds": LIFETIME, "limit": settings.LIVE_STREAMS_PER_AGENT}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, agent % 2**31])
        cursor.execute(OPEN, values)
        found = cursor.fetchone()
    return found[0] if found else None


def renew(streams: Collection[int]) -> None:
    """Record that these are still open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_openstream SET until = statement_timestamp() + make_interval(secs => %s) WHERE id = ANY(%s)",
            [LIFETIME, list(streams)],
        )


def close(streams: Collection[int]) -> None:
    """Delete streams that ended, and those of dead processes. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM inbox_openstream WHERE id = ANY(%s) OR until < statement_timestamp()", [list(streams)]
        )
