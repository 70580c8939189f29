"""Group commit: notifications that arrive during a commit are written together by the next one."""

from __future__ import annotations

import asyncio
import struct
import time
from collections import deque

import psycopg
import structlog
from prometheus_client import Counter, Histogram
from psycopg.adapt import Dumper
from psycopg.pq import Format

from core.jobs import queueing_lock
from core.postgres.async_connection import AsyncDatabase
from core.postgres.errors import DatabaseAwayError, RowError, describe
from whatsapp.webhooks import journal
from whatsapp.webhooks.backpressure import Backlog

log = structlog.get_logger(__name__)

#: Seconds until the sender is answered when the database doesn't respond.
PATIENCE = 1.5
#: Seconds without attempts after a refused connection, so that a flood of requests doesn't become a flood of
#: connections.
PAUSE = 0.1
#: Limits of one statement. (Measured: more than about 100 rows gain nothing. The bytes are held in memory twice.)
GROUP_ROWS = 500
GROUP_BYTES = 16 * 1024 * 1024
#: The least time between two wake-ups: the first is sent at once, those that follow in a burst are one.
WAKE_UP_INTERVAL = 0.02

# One byte per row tells which secret signed it.
INSERT = """
    WITH accepted AS (
        INSERT INTO whatsapp_notification (provider, body, signed_with)
        SELECT %b, body, get_byte(%b, place::int - 1) FROM unnest(%b) WITH ORDINALITY AS row (body, place)
        RETURNING id
    )
    SELECT array_agg(id) FROM accepted
"""
# core.jobs.enqueue_once(journal.TASK), written out: the event loop has a connection of its own, neither Django's nor
# Procrastinate's, and a wake-up costs one statement without a transaction around it. The partial unique index on
# queueing_lock keeps one waiting job; the table's trigger notifies the worker.
WAKE_UP = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock) VALUES (%s, %s, %s)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""

ACCEPTED = Counter("inbox_webhooks_accepted", "Notifications committed to the journal.", ["provider"])
GROUP_SIZE = Histogram(
    "inbox_webhook_group_size", "Notifications written by one commit.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
COMMIT_SECONDS = Histogram(
    "inbox_webhook_commit_seconds",
    "Seconds that a group's commit took.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2),
)


def _deadline() -> str:
    """The server's time limit, a little later than ours."""
    return f"-c statement_timeout={PATIENCE + 0.5}s"


class QueueFullError(Exception):
    """The queue is full; the sender has to repeat the notification later."""


class Bodies(list[bytes]):
    """The bodies of a group, sent as one bytea[]."""


class BodiesDumper(Dumper):
    """Dumps a list of bytes. psycopg's generic list dumper takes three times as long, while the database waits
    (measured)."""

    format = Format.BINARY
    oid = psycopg.postgres.types["bytea"].array_oid

    def dump(self, bodies: Bodies) -> bytes:
        # The format of array_send(): dimensions, null flag, type; size and first index; then length and bytes of each
        # item.
        parts = [_ARRAY.pack(1, 0, _BYTEA, len(bodies), 1)]
        for body in bodies:
            parts += (_LENGTH.pack(len(body)), body)
        return b"".join(parts)


_BYTEA = psycopg.postgres.types["bytea"].oid
_ARRAY = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
psycopg.adapters.register_dumper(Bodies, BodiesDumper)


class _Waiting:
    __slots__ = ("arrived_at", "body", "committed", "signed_with")

    def __init__(self, body: bytes, signed_with: int, committed: asyncio.Future[bool]) -> None:
        self.body = body
        self.signed_with = signed_with
        self.committed = committed
        self.arrived_at = time.monotonic()

    def answer(self, committed: bool) -> None:
        # Already done when the server cancelled the request during shutdown.
        if not self.committed.done():
            self.committed.set_result(committed)


class GroupCommit:
    """Writes one provider's notifications into the journal: a bounded queue, one writer, one commit at a time."""

    def __init__(self, provider: str, *, limit: int, backlog_seconds: float = 0) -> None:
        self._provider = provider
        self._accepted = ACCEPTED.labels(provider)
        self._limit = limit
        self._waiting: deque[_Waiting] = deque()
        self._in_flight = 0
        self._writer: asyncio.Task[None] | None = None
        self._retry_at = 0.0
        # The server needs a time limit too, or hanging statements would pile up there.
        self._database = AsyncDatabase(application_name="inbox door", session=_deadline())
        self._backlog = Backlog(backlog_seconds)
        self._wake_up = WakeUp(self._backlog)

    def add(self, body: bytes, *, signed_with: int) -> asyncio.Future[bool]:
        """Queue one authenticated notification. The future tells within ``PATIENCE`` seconds whether it is committed.

        False means that it may or may not be written: answer so that the sender repeats it. Raises QueueFullError. A
        single notification is written at once. While processing lags far behind, commits pause for milliseconds.
        """
        if len(self._waiting) + self._in_flight >= self._limit:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        waiting = _Waiting(body, signed_with, loop.create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        return waiting.committed

    async def close(self) -> None:
        """Write what is queued, then close the connections. Safe to repeat."""
        if self._writer is not None:
            await asyncio.wait({self._writer}, timeout=2 * PATIENCE)
        await self._wake_up.close()
        await self._database.close()

    async def _write(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                if pause := self._backlog.pause():
                    await asyncio.sleep(pause)
                group = self._take()
                if time.monotonic() < self._retry_at:
                    self._fail(group)
                    continue
                await self._commit(group)
        finally:
            # Normally all are answered by now. After an unexpected exception, nobody may wait forever.
            self._fail([*group, *self._waiting])
            self._waiting.clear()
            self._in_flight = 0
            self._writer = None

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < GROUP_ROWS and (not group or size < GROUP_BYTES):
            waiting = self._waiting.popleft()
            group.append(waiting)
            size += len(waiting.body)
        self._in_flight = len(group)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        started_at = time.monotonic()
        try:
            ids = await self._insert(group)
        except RowError as error:
            log.error("webhook_rows_refused", count=len(group), reason=describe(error))
            await self._commit_singly(group)
            return
        except DatabaseAwayError as error:
            self._give_up(group, error)
            return
        for waiting in group:
            waiting.answer(True)
        # Log after the next group has been sent, so that the database doesn't wait for the log.
        asyncio.get_running_loop().call_soon(self._committed, ids, time.monotonic() - started_at)

    async def _commit_singly(self, group: list[_Waiting]) -> None:
        """Write the rows of a refused group one by one, so that one bad row doesn't reject the others."""
        for place, waiting in enumerate(group):
            started_at = time.monotonic()
            try:
                ids = await self._insert([waiting])
            except RowError:
                waiting.answer(False)
            except DatabaseAwayError as error:
                self._give_up(group[place:], error)
                return
            else:
                waiting.answer(True)
                self._committed(ids, time.monotonic() - started_at)

    async def _insert(self, group: list[_Waiting]) -> list[int]:
        """Insert a group and return the ids of the new notifications."""
        parameters = (
            self._provider,
            bytes([waiting.signed_with for waiting in group]),
            Bodies([waiting.body for waiting in group]),
        )
        left = group[0].arrived_at + PATIENCE - time.monotonic()
        row = await self._database.execute(INSERT, parameters, within=max(left, 0.0))
        return list(row[0]) if row else []

    def _committed(self, ids: list[int], seconds: float) -> None:
        self._wake_up.request()
        self._accepted.inc(len(ids))
        GROUP_SIZE.observe(len(ids))
        COMMIT_SECONDS.observe(seconds)
        log.info("webhooks_committed", notifications=ids, ms=round(seconds * 1000, 1))

    def _give_up(self, group: list[_Waiting], error: DatabaseAwayError) -> None:
        """Answer this group and everything queued behind it with a failure: they have waited for this attempt, and the
        next may hang as long."""
        if error.unreachable:
            self._retry_at = time.monotonic() + PAUSE
        log.error("webhooks_not_committed", count=len(group) + len(self._waiting), reason=str(error))
        self._fail(group)
        self._fail(list(self._waiting))
        self._waiting.clear()

    def _fail(self, group: list[_Waiting]) -> None:
        for waiting in group:
            waiting.answer(False)


class WakeUp:
    """Wakes the worker when the journal has grown: in the background, at most one request in flight."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        # A wake-up lost in a crash does no harm: the periodic sweep finds the rows.
        self._database = AsyncDatabase(
            application_name="inbox wake-up", session=f"-c synchronous_commit=off {_deadline()}"
        )
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def request(self) -> None:
        """Enqueue the job that processes the journal, unless one waits. Call after the rows are committed."""
        self._wanted = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE)
        await self._database.close()

    async def _run(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._defer()
                await asyncio.sleep(WAKE_UP_INTERVAL)
        finally:
            self._task = None

    async def _defer(self) -> None:
        try:
            await self._database.execute(
                WAKE_UP, (journal.QUEUE, journal.TASK, queueing_lock(journal.TASK)), within=PATIENCE
            )
            await self._backlog.look(self._database, within=PATIENCE)
        except (DatabaseAwayError, *RowError) as error:
            # The periodic sweep finds the rows a few seconds later.
            log.warning("wake_up_failed", reason=describe(error))
