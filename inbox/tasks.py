"""The jobs: each one calls one act. Every job is safe to run twice; the rows know what is still to be done."""

from __future__ import annotations

import uuid

from procrastinate.contrib.django import app

from inbox import media, previews, receiving
from whatsapp import journal


@app.task(name=journal.WAKE_UP_TASK, queue=journal.WAKE_UP_QUEUE, queueing_lock=journal.WAKE_UP_LOCK)
def process_notifications() -> None:
    receiving.drain()


@app.task(name="fetch_media", queue="media")
def fetch_media(media_id: str) -> None:
    media.fetch(uuid.UUID(media_id))


@app.task(name="make_previews", queue="previews")
def make_previews(media_id: str) -> None:
    previews.make(uuid.UUID(media_id))


@app.periodic(cron="* * * * * */10")
@app.task(name="sweep_journal", queue="journal", queueing_lock="sweep_journal")
def sweep_journal(timestamp: int) -> None:
    """Work off notifications whose wake-up was lost, so that nothing waits for the next customer to write."""
    receiving.drain()
    receiving.settle_waiting_statuses()


@app.periodic(cron="* * * * * */15")
@app.task(name="sweep_media", queue="media", queueing_lock="sweep_media")
def sweep_media(timestamp: int) -> None:
    """Put back the media and preview jobs that are due and have none."""
    media.sweep()
