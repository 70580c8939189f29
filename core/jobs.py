"""Putting jobs into the queue so that at most one of its kind waits there."""

from __future__ import annotations

from django.db import connection, transaction
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer
from procrastinate.tasks import Task
from procrastinate.types import JSONValue


def enqueue_once(job: JobDeferrer | Task, **arguments: JSONValue) -> bool:
    """Defer a job that has a queueing lock, unless one with that lock waits. Commits with the caller's transaction.

    False when one waits; it may begin before the caller's transaction commits, and not see its rows.
    """
    try:
        # A refused insert spoils the transaction it is in; the savepoint keeps the caller's whole.
        with transaction.atomic():
            job.defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def wake_up_once(job: JobDeferrer | Task, **arguments: JSONValue) -> None:
    """The same for a job that works on what the caller is writing: where one waits, it is asked for again after the
    caller's transaction has committed, since the waiting one may begin before and not see the rows."""
    if not enqueue_once(job, **arguments) and connection.in_atomic_block:
        transaction.on_commit(lambda: wake_up_once(job, **arguments))
