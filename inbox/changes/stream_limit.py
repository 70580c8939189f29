"""How many pages of one agent are kept up to date at once, by all web processes together."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import connection, transaction

#: A process that has died takes its streams with it after this long.
SECONDS = 150
#: First half of the advisory lock that lets one agent's streams open one after another; the second is the agent.
LOCK = 7_281_002

OPEN = """
INSERT INTO inbox_openstream (agent_id, until)
SELECT %(agent)s, statement_timestamp() + make_interval(secs => %(seconds)s)
WHERE (SELECT count(*) FROM inbox_openstream WHERE agent_id = %(agent)s AND until > statement_timestamp()) < %(limit)s
RETURNING id
"""


def opened(agent: int) -> int | None:
    """The id of a new stream of this agent, None when as many as may be are open."""
    values = {"agent": agent, "seconds": SECONDS, "limit": settings.LIVE_STREAMS_PER_AGENT}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, agent % 2**31])
        cursor.execute(OPEN, values)
        found = cursor.fetchone()
    return found[0] if found else None


def kept(streams: Collection[int]) -> None:
    """Say that these are still open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_openstream SET until = statement_timestamp() + make_interval(secs => %s) WHERE id = ANY(%s)",
            [SECONDS, list(streams)],
        )


def closed(streams: Collection[int]) -> None:
    """Forget streams that ended, and those of processes that died. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM inbox_openstream WHERE id = ANY(%s) OR until < statement_timestamp()", [list(streams)]
        )
