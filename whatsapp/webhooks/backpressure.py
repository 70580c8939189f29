"""Back-pressure: the endpoint slows down while processing lags behind intake, and refuses nothing."""

from __future__ import annotations

import time

from core.postgres.async_connection import AsyncDatabase

#: Seconds between two queries of the journal, and after which a result is too old to use.
LOOK_EVERY = 0.5
LOOK_LASTS = 2.0
#: The longest pause before a commit: little for WhatsApp, which waits seconds, and time for a worker on the same
#: machine. Groups grow meanwhile, so the endpoint accepts as much with less work.
LONGEST_PAUSE = 0.02

OLDEST = """
    SELECT extract(epoch FROM statement_timestamp() - received_at)::float FROM whatsapp_notification
    WHERE state = 'pending' ORDER BY id LIMIT 1
"""


class Backlog:
    """The age of the oldest pending notification, and the pause that follows from it.

    No pause up to ``tolerated`` seconds, the longest from twice as many. 0 means never.
    """

    def __init__(self, tolerated: float) -> None:
        self._tolerated = tolerated
        self._age = 0.0
        self._looked_at = -LOOK_LASTS

    async def look(self, database: AsyncDatabase, within: float) -> None:
        """Query the database, unless that was done recently. Raises what ``AsyncDatabase.execute`` raises."""
        now = time.monotonic()
        if not self._tolerated or now - self._looked_at < LOOK_EVERY:
            return
        row = await database.execute(OLDEST, within=within)
        self._age = row[0] if row else 0.0
        self._looked_at = now

    def pause(self) -> float:
        """Seconds to wait before the next commit."""
        if not self._tolerated or time.monotonic() - self._looked_at > LOOK_LASTS:
            return 0.0
        return LONGEST_PAUSE * min(max(self._age / self._tolerated - 1, 0.0), 1.0)
