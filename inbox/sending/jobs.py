"""Waking the worker: one job waits, however many messages do."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.types import TimeDeltaParams

from core.jobs import enqueue_once, wake_up_once

#: The queue of jobs that speak to the provider; the worker keeps places of their own for them.
QUEUE = "sending"
SEND_TASK = "send_messages"
REACT_TASK = "send_reactions"


def wake_up() -> None:
    """Ask for a worker that sends what is due, unless one is asked for already. Commits with the caller's
    transaction."""
    wake_up_once(app.tasks[SEND_TASK])


def wake_up_later(seconds: float) -> None:
    """The same in a moment, for what has to wait for its pace. Does not stand in the way of a wake-up now."""
    delay: TimeDeltaParams = {"milliseconds": int(seconds * 1000)}
    enqueue_once(app.tasks[SEND_TASK].configure(queueing_lock=f"{SEND_TASK}_later", schedule_in=delay))


def wake_up_reactions() -> None:
    """The same for reactions."""
    wake_up_once(app.tasks[REACT_TASK])
