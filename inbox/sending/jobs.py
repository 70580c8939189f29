"""Waking the worker: one job waits, however many messages do."""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

#: The queue of jobs that speak to the provider; the worker keeps places of their own for them.
QUEUE = "sending"
SEND_TASK = "send_messages"
REACT_TASK = "send_reactions"


def wake_up() -> None:
    """Ask for a worker that sends what is due, unless one is asked for already. Commits with the caller's
    transaction."""
    _defer(SEND_TASK)


def wake_up_later(seconds: float) -> None:
    """The same in a moment, for what has to wait for its pace. Does not stand in the way of a wake-up now."""
    try:
        with transaction.atomic():
            later = app.tasks[SEND_TASK].configure(
                queueing_lock=f"{SEND_TASK}_later", schedule_in={"milliseconds": int(seconds * 1000)}
            )
            later.defer()
    except AlreadyEnqueued:
        pass  # the one that waits will see it


def wake_up_reactions() -> None:
    _defer(REACT_TASK)


def _defer(name: str) -> None:
    try:
        # A refused insert spoils the transaction it is in; the savepoint keeps the caller's whole.
        with transaction.atomic():
            app.tasks[name].defer()
    except AlreadyEnqueued:
        # The one that waits may begin before this transaction commits, and not see its rows.
        if transaction.get_connection().in_atomic_block:
            transaction.on_commit(lambda: _defer(name))
