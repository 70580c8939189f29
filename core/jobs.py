"""Enqueue jobs by the name of their task, in the caller's transaction.

Tasks import the whole product; whoever enqueues one by name need not import the tasks. An unknown name raises
procrastinate's TaskNotFound. Only the webhook endpoint writes its job by SQL of its own: `group_commit.WAKE_UP`.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.types import JSONValue


def queueing_lock(task: str, *arguments: JSONValue) -> str:
    """The lock that only one waiting job may hold: the task's name and its arguments."""
    return ":".join([task, *map(str, arguments)])


def enqueue_once(task: str, *, delay: float = 0, one_at_a_time: bool = False, **arguments: JSONValue) -> bool:
    """Enqueue a job unless one with the same arguments waits. Returns False when one waits.

    The waiting one may start before the caller's transaction commits, and not see its rows: see `wake_up_once`.
    ``delay`` is in seconds; a delayed job does not keep out one that may start now. ``one_at_a_time`` also keeps two
    jobs with the same arguments from running side by side.
    """
    lock = queueing_lock(task, *arguments.values())
    job = app.configure_task(
        task,
        allow_unknown=False,
        queueing_lock=f"{lock}:delayed" if delay else lock,
        lock=lock if one_at_a_time else None,
        schedule_in={"milliseconds": int(delay * 1000)} if delay else None,
    )
    try:
        # A refused insert aborts the transaction it is in; the savepoint keeps the caller's alive.
        with transaction.atomic():
            job.defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def wake_up_once(task: str, *, one_at_a_time: bool = False, **arguments: JSONValue) -> None:
    """Enqueue a job that works on rows of the caller's transaction, unless one waits.

    Where one waits, the job is requested again after the commit: the waiting one may start before it.
    """
    enqueued = enqueue_once(task, delay=0, one_at_a_time=one_at_a_time, **arguments)
    if not enqueued and connection.in_atomic_block:
        transaction.on_commit(lambda: wake_up_once(task, one_at_a_time=one_at_a_time, **arguments))


def enqueue_all(task: str, jobs: Sequence[dict[str, JSONValue]]) -> None:
    """Enqueue a job for each set of arguments, in one statement. For rows just created, which cannot have one yet."""
    if jobs:
        app.configure_task(task, allow_unknown=False).batch_defer(*jobs)
