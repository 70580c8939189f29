"""From the journal to rows: claim a batch of notifications, apply and settle it in one transaction.

A batch that fails is applied again in halves, down to the notification that is to blame, which is parked with its
reason. The batch of a worker that dies is still pending.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import structlog
from django.db import InterfaceError, OperationalError, transaction
from prometheus_client import Counter

from core.postgres import bulk
from inbox import conversations, statuses
from inbox.changes import pages, webhooks
from inbox.receiving import batch
from whatsapp.webhooks import journal

log = structlog.get_logger(__name__)

UNMATCHED = Counter("inbox_statuses_unmatched", "Statuses given up because their message never came.")

BATCH_SIZE = 3000
MESSAGES_PER_LINE = 200
#: How long a status waits for its message. WhatsApp redelivers no longer than that.
STATUS_PATIENCE = timedelta(days=7)
#: How often a batch is tried when PostgreSQL breaks a deadlock by choosing it.
DEADLOCK_ATTEMPTS = 3
#: Seconds that a batch waits at most for another one of its process to be written.
TURN_SECONDS = 5.0
#: A column, table or function is missing or not readable: the database has another release's schema. Our statements
#: are constant, so no notification can be the reason.
ANOTHER_RELEASE = frozenset({"42703", "42P01", "42883", "42501"})


def drain(batch_size: int = BATCH_SIZE) -> int:
    """Process the journal until nothing is pending. Returns how many notifications were settled or parked.

    Any number of workers may do so at once. Raises OperationalError when the connection is lost; nothing is lost then.
    """
    total = 0
    while count := process_batch(batch_size):
        total += count
    return total


def process_batch(limit: int = BATCH_SIZE) -> int:
    """Claim and apply up to ``limit`` pending notifications. Returns how many; 0 when nothing waits."""
    for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
        try:
            return _apply(limit)
        except _FailedBatchError as failed:
            if _deadlock(failed.error) and attempt < DEADLOCK_ATTEMPTS:
                continue
            if _fault_of_the_database(failed.error):
                raise failed.error  # noqa: B904 (its own cause has the database's code)
            log.exception("batch_failed", notifications=len(failed.claimed))
            return _apply_in_halves(failed.claimed)
    raise AssertionError("The last attempt returns or raises.")


class _FailedBatchError(Exception):
    """A batch was rolled back: the ids of its notifications, and why."""

    def __init__(self, claimed: list[int], error: Exception) -> None:
        super().__init__(str(error))
        self.claimed = claimed
        self.error = error


def _apply(limit: int, only: Sequence[int] | None = None) -> int:
    """Raises _FailedBatchError."""
    claimed: list[journal.Claimed] = []
    applied: list[bulk.Row] = []
    try:
        with _Turn() as turn, transaction.atomic():
            claimed = journal.claim(limit, only)
            if claimed:
                applied = batch.apply(claimed, before_writing=turn.wait)
    except Exception as error:
        raise _FailedBatchError([notification.id for notification in claimed], error) from error
    for start in range(0, len(applied), MESSAGES_PER_LINE):
        # "notification:message". A line for each message would cost as much as processing it.
        some = applied[start : start + MESSAGES_PER_LINE]
        log.info("messages_applied", messages=[f"{row['notification_id']}:{row['id']}" for row in some])
    return len(claimed)


def _apply_in_halves(failed: list[int]) -> int:
    """Apply a failed batch in two halves, and each that fails in halves again, until a single notification fails and is
    parked. One bad notification among n costs about 2 log n transactions. Returns how many were settled or parked."""
    middle = len(failed) // 2
    return sum(_apply_half(half) for half in (failed[:middle], failed[middle:]) if half)


def _apply_half(half: list[int]) -> int:
    try:
        return _apply(len(half), half)
    except _FailedBatchError as failed:
        if _fault_of_the_database(failed.error):
            raise failed.error  # noqa: B904 (its own cause has the database's code)
        if len(half) > 1:
            return _apply_in_halves(half)
        log.exception("notification_parked", notification=half[0])
        batch.PARKED.inc()
        reason = f"It could not be applied: {type(failed.error).__name__}. The log has the details."
        journal.park({half[0]: reason})
        return 1


class _Turn:
    """One batch of a process writes at a time, while another reads. Two that write to the same conversations would wait
    for each other in the database, which costs more than the writing (measured).

    An optimisation only: the wait is bounded, and the locks in the database keep rows correct.
    """

    _lock = threading.Lock()

    def __init__(self) -> None:
        self._held = False

    def wait(self) -> None:
        self._held = self._lock.acquire(timeout=TURN_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._held = False
            self._lock.release()


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _deadlock(error: Exception) -> bool:
    return _sqlstate(error) in {"40P01", "40001"}


def _fault_of_the_database(error: Exception) -> bool:
    """Whether a later attempt may work, and none of the notifications is to blame.

    Class 54 means one of PostgreSQL's limits, such as a value too long for an index; class 25 a server that has become
    read-only (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    """
    state = _sqlstate(error)
    if state.startswith("54"):
        return False
    if state in ANOTHER_RELEASE or state.startswith("25"):
        return True
    return isinstance(error, OperationalError | InterfaceError)


def settle_waiting_statuses() -> int:
    """Apply waiting statuses whose message exists now. Returns how many messages changed.

    Needed when a status and its message were written at the same moment, without seeing each other.
    """
    with transaction.atomic():
        awaited = statuses.awaited()
        if not awaited:
            return 0
        conversations.lock_those_of(awaited)
        changed = statuses.fold(statuses.take_waiting(awaited))
        if changed:
            conversations.refresh(changed)
            pages.touch(changed)
            webhooks.record(changed=changed)
    return len(changed)


def forget_waiting_statuses() -> int:
    """Delete statuses that waited a week for their message, which was never ours or is lost. Returns how many."""
    forgotten = statuses.forget(STATUS_PATIENCE)
    if forgotten:
        UNMATCHED.inc(forgotten)
        log.warning("waiting_statuses_forgotten", count=forgotten)
    return forgotten
