"""From the journal to rows: batches of notifications, each applied and settled in one transaction.

A batch that fails is applied again in halves, and the half that fails in halves again, so that a bad notification never
holds back its neighbours and ends alone, parked with its reason. A dead worker's batch is simply still pending.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import structlog
from django.db import InterfaceError, OperationalError, transaction

from core.postgres import bulk
from inbox import conversations, statuses
from inbox.changes import pages, webhooks
from inbox.receiving import batch
from whatsapp.webhooks import journal

log = structlog.get_logger(__name__)

BATCH_SIZE = 3000
MESSAGES_PER_LINE = 200
#: How long a status waits for its message. WhatsApp redelivers for at most as long.
STATUS_PATIENCE = timedelta(days=7)
#: How often a batch is tried when PostgreSQL breaks a deadlock by choosing it.
DEADLOCK_ATTEMPTS = 3
#: The longest that a batch waits for another one of its process to be written.
TURN_SECONDS = 5.0
#: A column, table or function that is not there, or may not be read: the database is of another release than this
#: process, before or after ``migrate``. Our statements are constant, so that no notification can be the reason.
ANOTHER_RELEASE = frozenset({"42703", "42P01", "42883", "42501"})


def drain(batch_size: int = BATCH_SIZE) -> int:
    """Work the journal off until nothing is pending. Returns how many notifications were settled or parked.

    Any number of workers may drain at once. Raises OperationalError when the database goes away; nothing is lost then.
    """
    total = 0
    while count := process_batch(batch_size):
        total += count
    return total


def process_batch(limit: int = BATCH_SIZE) -> int:
    """Claim and apply up to ``limit`` pending notifications. Returns how many; 0 when nothing waits."""
    claimed: list[int] = []
    for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
        try:
            return _apply(limit, claimed)
        except Exception as error:
            if _deadlock(error) and attempt < DEADLOCK_ATTEMPTS:
                continue
            if _fault_of_the_database(error):
                raise
            log.exception("batch_failed", notifications=len(claimed))
            break
    return _apply_in_halves(claimed)


def _apply(limit: int, claimed_ids: list[int], only: Sequence[int] | None = None) -> int:
    applied: list[bulk.Row] = []
    with _Turn() as turn, transaction.atomic():
        claimed = journal.claim(limit, only)
        claimed_ids[:] = [notification.id for notification in claimed]
        if claimed:
            applied = batch.apply(claimed, before_writing=turn.wait)
    for start in range(0, len(applied), MESSAGES_PER_LINE):
        # "notification:message": a line for each message would cost as much as understanding it.
        some = applied[start : start + MESSAGES_PER_LINE]
        log.info("messages_applied", messages=[f"{row['notification_id']}:{row['id']}" for row in some])
    return len(claimed)


def _apply_in_halves(failed: list[int]) -> int:
    """Apply what failed together in two parts, and each part that fails again likewise, down to the one to park: a bad
    notification among n costs about 2 log n transactions. Returns how many were settled or parked."""
    middle = len(failed) // 2
    return sum(_apply_part(part) for part in (failed[:middle], failed[middle:]) if part)


def _apply_part(part: list[int]) -> int:
    try:
        return _apply(len(part), [], part)
    except Exception as error:
        if _fault_of_the_database(error):
            raise
        if len(part) > 1:
            return _apply_in_halves(part)
        log.exception("notification_parked", notification=part[0])
        batch.PARKED.inc()
        journal.park({part[0]: f"It could not be applied: {type(error).__name__}. The log has the details."})
        return 1


class _Turn:
    """One batch of a process writes at a time, and another one reads meanwhile. Two that write to the same
    conversations would wait for each other in the database, which costs it more than the writing (measured).

    Only a courtesy: after a while it is not waited for, and the locks in the database are what counts.
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
    """Whether trying again later may help, and none of the notifications is to blame.

    Class 54 is PostgreSQL's own limits, such as too long a value for an index; class 25 is a server that has become
    read-only (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    """
    state = _sqlstate(error)
    if state.startswith("54"):
        return False
    if state in ANOTHER_RELEASE or state.startswith("25"):
        return True
    return isinstance(error, OperationalError | InterfaceError)


def settle_waiting_statuses() -> int:
    """Apply statuses that waited for a message which is there now. Returns how many messages changed.

    Needed when a status and its message were written at the same moment, neither seeing the other.
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
    """Give up statuses that waited a week for their message: it was never ours, or is lost. Returns how many."""
    forgotten = statuses.forget(STATUS_PATIENCE)
    if forgotten:
        batch.UNMATCHED.inc(forgotten)
        log.warning("waiting_statuses_forgotten", count=forgotten)
    return forgotten
