"""Jobs of stored files: fetching, previews and playable copies. At most one of each waits for a file."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Now
from procrastinate.contrib.django.models import ProcrastinateJob

from core.jobs import enqueue_once, queueing_lock
from core.sandbox import parent as sandbox
from inbox.media.lease import COPY_WAITS, DUE, FETCH_WAITS, PREVIEW_WAITS
from inbox.models import Media

FETCH, PREVIEWS, COPY = "fetch_media", "make_previews", "make_copy"
#: Jobs put back by one sweep.
SWEEP_LIMIT = 500
#: How long the job made together with the row may take to start before the sweep makes another.
GRACE = timedelta(seconds=30)
PREVIEW_GRACE = timedelta(minutes=2)


def enqueue_fetch(media_id: uuid.UUID) -> None:
    """Have a file fetched. Commits with the current transaction, as all of these do."""
    enqueue_once(FETCH, media_id=str(media_id))


def enqueue_previews(media_id: uuid.UUID) -> None:
    enqueue_once(PREVIEWS, media_id=str(media_id))


def enqueue_copy(media_id: uuid.UUID) -> None:
    """Have a playable copy of a film made."""
    enqueue_once(COPY, media_id=str(media_id))


def sweep() -> None:
    """Put back the jobs of files that are due and have none waiting. Safe to run at any time.

    Previews and copies wait while this worker has no sandbox to make them in.
    """
    new = Q(state=Media.State.PENDING, attempts=0, next_try_at__gt=Now() - GRACE)
    _put_back(FETCH, Media.objects.filter(FETCH_WAITS, next_try_at__lte=Now()).exclude(new).order_by("next_try_at"))
    if sandbox.available():
        unfinished = Media.objects.filter(DUE, stored_at__lte=Now() - PREVIEW_GRACE).order_by("stored_at")
        _put_back(PREVIEWS, unfinished.filter(PREVIEW_WAITS))
        _put_back(COPY, unfinished.filter(COPY_WAITS))


def _put_back(task: str, rows: QuerySet[Media]) -> None:
    lock = Concat(Value(queueing_lock(task, "")), Cast(OuterRef("pk"), CharField()))
    waiting = ProcrastinateJob.objects.filter(status="todo", queueing_lock=lock)
    for media_id in rows.exclude(Exists(waiting)).values_list("pk", flat=True)[:SWEEP_LIMIT]:
        enqueue_once(task, media_id=str(media_id))
