"""Worker processes report every few seconds, so that a dead one is noticed and its work taken over."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import connection
from django.db.models.functions import Now

from core.postgres.async_connection import AsyncDatabase
from core.postgres.errors import DatabaseAwayError, RowError, describe
from inbox.models import WorkerProcess

log = structlog.get_logger(__name__)

#: Seconds between two reports.
REPORT_SECONDS = 5
#: A longer gap between two reports means that something was wrong.
GAP = 2.0 * REPORT_SECONDS
#: Seconds of silence after which a worker is dead.
DEAD_AFTER = 15.0
#: Seconds for which a new worker may replace a dead one, and after which a dead one without replacement is reported.
#: Between the two, the new one has time for a report.
REPLACES_FOR, MISSED_AFTER = 120.0, DEAD_AFTER + REPORT_SECONDS
#: Seconds after which a dead worker is forgotten: it was stopped on purpose.
MISSED_FOR = 24 * 3600.0

REPORT = """
    INSERT INTO inbox_workerprocess AS w (id, host, pid, stopping) VALUES (%s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), stopping = excluded.stopping,
        steady_since = CASE WHEN w.seen_at < now() - make_interval(secs => %s) THEN now() ELSE w.steady_since END
"""
#: A worker that fell silent before this one started, and that no other new one has replaced.
REPLACE = """
    DELETE FROM inbox_workerprocess WHERE id = (
        SELECT old.id FROM inbox_workerprocess old JOIN inbox_workerprocess new ON new.id = %s
        WHERE old.seen_at < now() - make_interval(secs => %s) AND old.seen_at < new.started_at
          AND new.started_at > now() - make_interval(secs => %s)
        ORDER BY old.seen_at DESC LIMIT 1 FOR UPDATE OF old SKIP LOCKED
    ) RETURNING 1
"""
#: Only once the living workers have had time to report after an outage of the database.
END_LEASES = """
    UPDATE inbox_outboxentry e SET leased_until = now() - interval '1 millisecond'
    WHERE e.leased_until > now() AND e.worker IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM inbox_workerprocess w
          WHERE w.id = e.worker AND w.seen_at > now() - make_interval(secs => %(dead)s)
      )
      AND EXISTS (
          SELECT FROM inbox_workerprocess w
          WHERE w.seen_at > now() - make_interval(secs => %(dead)s)
            AND w.steady_since < now() - make_interval(secs => %(dead)s)
      )
"""
STANDING = """
    SELECT host, pid, extract(epoch FROM now() - seen_at)::float, seen_at > now() - make_interval(secs => %s)
    FROM inbox_workerprocess WHERE NOT stopping OR seen_at > now() - make_interval(secs => %s) ORDER BY seen_at
"""


@dataclass(frozen=True, slots=True)
class Dead:
    """A worker that has not reported for ``silent`` seconds, and did not say that it stops."""

    host: str
    pid: int
    silent: float


@dataclass(frozen=True, slots=True)
class Standing:
    alive: int
    dead: list[Dead]


def standing() -> Standing:
    """How many workers run, and which of those that ran are missing. Raises DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [MISSED_AFTER, MISSED_AFTER])
        found = cursor.fetchall()
    dead = [Dead(host, pid, silent) for host, pid, silent, alive in found if not alive]
    return Standing(len(found) - len(dead), dead)


def end_leases_of_dead() -> None:
    """End the leases of dead workers on messages now; the messages are then settled as always. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute(END_LEASES, {"dead": DEAD_AFTER})
        if cursor.rowcount:
            log.warning("dead_worker_leases_ended", messages=cursor.rowcount)


def forget(silent_for: float = MISSED_FOR) -> int:
    """Forget workers that have been silent for so many seconds. Returns how many."""
    count, _ = WorkerProcess.objects.filter(seen_at__lt=Now() - timedelta(seconds=silent_for)).delete()
    if count:
        log.warning("dead_workers_forgotten", count=count)
    return count


def begin() -> None:
    """Make this process a worker: its leases carry its id from now on."""
    WorkerProcess.current = uuid.uuid4()


async def report(stopping: asyncio.Event) -> None:
    """Report until cancelled, then delete this worker's row. A failed report is logged; the next one follows."""
    database = AsyncDatabase(application_name="inbox worker report")
    replaced = False
    try:
        while True:
            try:
                values = (WorkerProcess.current, socket.gethostname()[:255], os.getpid(), stopping.is_set(), GAP)
                await database.execute(REPORT, values, within=REPORT_SECONDS)
                if not replaced:
                    found = (WorkerProcess.current, DEAD_AFTER, REPLACES_FOR)
                    replaced = await database.execute(REPLACE, found, within=REPORT_SECONDS) is not None
            except (DatabaseAwayError, *RowError) as error:
                log.warning("worker_report_failed", reason=describe(error))
            await asyncio.sleep(REPORT_SECONDS)
    finally:
        await _say_goodbye(database)


async def _say_goodbye(database: AsyncDatabase) -> None:
    try:
        await database.execute("DELETE FROM inbox_workerprocess WHERE id = %s", (WorkerProcess.current,), within=2)
    except (DatabaseAwayError, *RowError) as error:
        log.warning("worker_report_failed", reason=describe(error))
    await database.close()
