"""Fetch, verify and store the files of messages."""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Now
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client import Counter

from core.jobs import enqueue_once, queueing_lock
from core.sandbox import parent as sandbox
from inbox.changes import pages, webhooks
from inbox.media import download, s3_copy
from inbox.media.download import DownloadError, Trouble
from inbox.media.inspection import Inspected
from inbox.media.storage.local import StorageError, media_storage
from inbox.models import Media
from inbox.models.media import storage_key
from whatsapp.errors import REPORTED
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import CopiesMedia, ProviderError, ServesMedia

log = structlog.get_logger(__name__)
fetches = Counter(
    "inbox_media_fetches_total", "Attempts to fetch a file from WhatsApp, by what came of them", ["outcome"]
)

WAITING = (Media.State.PENDING, Media.State.RETRYING)
#: A worker that has not renewed for this long is taken for dead, and the file is fetched again.
LEASE = timedelta(minutes=3)
RENEW_SECONDS = 30
#: Seconds until the next attempt, by attempts made; then the last one over and over.
LADDER = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600)
#: The storage is ours and comes back soon: no need to wait for hours then.
STORAGE_WAIT_SECONDS = 120
#: WhatsApp keeps a received file for 7 days.
LIFETIME = timedelta(days=7)
#: Attempts after which "no such file" is believed, and a file that is not the announced one is given up.
ENOUGH_ATTEMPTS = 4
#: Jobs put back by one sweep.
SWEEP_LIMIT = 500
#: Time that the job made together with the row has before the sweep makes another.
GRACE = timedelta(seconds=30)
PREVIEW_GRACE = timedelta(minutes=2)


class LeaseLostError(Exception):
    """Another worker, or a person who pressed "Fetch again", took the row over."""


@dataclass
class Lease:
    """The right to work on one row until ``until``, which stands in its ``next_try_at``: a dead worker's right ends by
    itself, and whoever holds an old one can no longer write."""

    media: Media
    until: datetime
    renewed: float

    def renew(self) -> None:
        """Extend it when it is time to. Raises LeaseLostError when it is no longer ours."""
        elapsed = time.monotonic() - self.renewed
        if elapsed < RENEW_SECONDS:
            return
        until = self.until + timedelta(seconds=elapsed)
        if not self.rows().update(next_try_at=until):
            raise LeaseLostError
        self.until, self.renewed = until, time.monotonic()

    def rows(self) -> QuerySet[Media]:
        """The row, as long as the lease holds."""
        return Media.objects.filter(pk=self.media.pk, state__in=WAITING, next_try_at=self.until)


def fetch(media_id: uuid.UUID) -> None:
    """Bring the file of this row into the storage, if it is due; otherwise do nothing.

    Safe to run twice and in parallel: one caller gets the lease, the key is the row's own, and a put repeated after a
    crash replaces the same object. Network calls happen outside any transaction. Whatever happens, the row tells it.
    """
    lease = _claim(media_id)
    if lease is None:
        return
    started = time.monotonic()
    try:
        downloaded, key = _bring(lease)
    except LeaseLostError:
        log.info("media_lease_lost", media=str(media_id))
        return
    except DownloadError as error:
        _postpone_or_end(lease, error)
        return
    except Exception:
        _postpone_or_end(lease, DownloadError(Trouble.TRANSIENT, "Fetching stopped unexpectedly; the log says why."))
        raise
    if _store(lease.media, downloaded, key):
        fetches.labels("stored").inc()
        log.info(
            "media_stored",
            media=str(media_id),
            message=lease.media.message_id,
            number=lease.media.message.number_id,
            size=downloaded.size,
            content_type=downloaded.file_type.content_type,
            seconds=round(time.monotonic() - started, 3),
        )


def fetch_again(media: Media) -> bool:
    """Try again now, because a person asked: gives the row a fresh set of attempts and its job. False when there is
    nothing to fetch (stored, waiting for its first attempt, or never given an id by WhatsApp). Safe to repeat."""
    ended = (Media.State.RETRYING, Media.State.EXPIRED, Media.State.FAILED, Media.State.TOO_LARGE)
    with transaction.atomic():
        rows = Media.objects.filter(pk=media.pk, state__in=ended).exclude(media_id="")
        asked = rows.update(
            state=Media.State.RETRYING, attempts=0, next_try_at=Now(), error="Somebody asked for the file again."
        )
        if asked:
            pages.touch([media.message_id])
            enqueue_fetch(media.pk)
    return bool(asked)


def fetch_waiting(number: PhoneNumber) -> int:
    """Make all waiting files of a number due now: call it when the number got a token or was accepted. The next sweep
    makes the jobs. Returns how many there are."""
    return Media.objects.filter(message__number=number, state__in=WAITING).update(next_try_at=Now(), attempts=0)


def give_back(media_id: uuid.UUID) -> None:
    """End the lease on a file or its previews, because the worker that held it died. Safe to repeat: one that only
    waits for its next attempt is tried a little earlier."""
    mine = Q(state__in=WAITING) | Q(state=Media.State.STORED, preview_state=Media.PreviewState.NONE)
    Media.objects.filter(mine, pk=media_id, next_try_at__gt=Now()).update(next_try_at=Now())


def sweep() -> None:
    """Put back the jobs of files and previews that are due and have none waiting. Safe to run at any time.

    Previews wait where this worker has no sandbox to draw them in.
    """
    due = Media.objects.filter(state__in=WAITING, next_try_at__lte=Now()).exclude(
        state=Media.State.PENDING, attempts=0, next_try_at__gt=Now() - GRACE
    )
    for media_id in _without_job(due.order_by("next_try_at"), "fetch_media"):
        enqueue_fetch(media_id)
    if not sandbox.available():
        return
    unfinished = Media.objects.filter(
        Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now()),
        state=Media.State.STORED,
        stored_at__lte=Now() - PREVIEW_GRACE,
    ).order_by("stored_at")
    for media_id in _without_job(unfinished.filter(preview_state=Media.PreviewState.NONE), "make_previews"):
        enqueue_previews(media_id)
    for media_id in _without_job(unfinished.filter(preview_state=Media.PreviewState.COPYING), "make_copy"):
        enqueue_copy(media_id)


def enqueue_fetch(media_id: uuid.UUID) -> None:
    """Make the job that fetches a file, unless one is waiting. Commits with the current transaction."""
    enqueue_once("fetch_media", media_id=str(media_id))


def enqueue_previews(media_id: uuid.UUID) -> None:
    """Make the job that draws a file's previews, unless one is waiting. Commits with the current transaction."""
    enqueue_once("make_previews", media_id=str(media_id))


def enqueue_copy(media_id: uuid.UUID) -> None:
    """Make the job that makes a film playable, unless one is waiting. Commits with the current transaction."""
    enqueue_once("make_copy", media_id=str(media_id))


def _without_job(rows: QuerySet[Media], task_name: str) -> list[uuid.UUID]:
    lock = Concat(Value(queueing_lock(task_name, "")), Cast(OuterRef("pk"), CharField()))
    waiting = ProcrastinateJob.objects.filter(status="todo", queueing_lock=lock)
    return list(rows.exclude(Exists(waiting)).values_list("pk", flat=True)[:SWEEP_LIMIT])


def _claim(media_id: uuid.UUID) -> Lease | None:
    with transaction.atomic():
        media = (
            Media.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("message__number")
            .annotate(now=Now())
            .filter(pk=media_id, state__in=WAITING, next_try_at__lte=Now())
            .first()
        )
        if media is None:
            return None
        media.attempts += 1
        media.next_try_at = media.now + LEASE
        media.save(update_fields=["attempts", "next_try_at"])
    return Lease(media, media.next_try_at, time.monotonic())


def _bring(lease: Lease) -> tuple[Inspected, str]:
    """Download, verify and put. Raises DownloadError, LeaseLostError."""
    storage = media_storage()
    provider = download.provider_of(lease.media)
    try:
        if lease.media.attempts > 1:
            storage.ping()  # before a file is downloaded again only to be dropped
        if isinstance(provider, CopiesMedia):
            return s3_copy.fetch(provider, lease.media, on_progress=lease.renew)
        if not isinstance(provider, ServesMedia):
            raise DownloadError(Trouble.PERMANENT, "The number's provider has no way to give us files.")
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
            downloaded = download.download(provider, lease.media, file, on_progress=lease.renew)
            lease.media.extension = downloaded.file_type.extension
            key = storage_key(lease.media, "")
            lease.renew()
            storage.put(key, file, content_type=downloaded.file_type.content_type or "application/octet-stream")
            return downloaded, key
    except StorageError as error:
        raise DownloadError(Trouble.TRANSIENT if error.refused else Trouble.STORAGE, str(error)) from error
    except OSError as error:
        raise DownloadError(
            Trouble.STORAGE, f"The server could not write a temporary file ({error.strerror})."
        ) from error


def _store(media: Media, downloaded: Inspected, key: str) -> bool:
    """Record the stored object and ask for its previews, in one transaction. False when somebody else already did."""
    with transaction.atomic():
        stored = (
            Media.objects.filter(pk=media.pk)
            .exclude(state=Media.State.STORED)
            .update(
                file=key,
                state=Media.State.STORED,
                size=downloaded.size,
                sha256=downloaded.sha256,
                content_type=downloaded.file_type.content_type,
                extension=downloaded.file_type.extension,
                stored_at=Now(),
                error="",
                remote_url="",
                next_try_at=None,
                attempts=0,  # from here on it counts attempts at previews
            )
        )
        if stored:
            pages.touch([media.message_id])
            webhooks.record(stored=[media.message_id])
            enqueue_previews(media.pk)
            return True
    if not Media.objects.filter(pk=media.pk).exists():
        media_storage().discard(key)  # the message was deleted meanwhile
    return False


def _postpone_or_end(lease: Lease, error: DownloadError) -> None:
    """Write on the row what went wrong and what happens next."""
    media = lease.media
    state, wait, sentence = _verdict(media, error)
    with transaction.atomic():
        written = lease.rows().update(
            state=state,
            error=sentence,
            next_try_at=None if wait is None else Now() + timedelta(seconds=wait),
            attempts=media.attempts - 1 if error.trouble is Trouble.LATER else media.attempts,
            remote_url="",
        )
        if written and (state, sentence) != (media.state, media.error):
            pages.touch([media.message_id])
    if written:
        fetches.labels(error.trouble.value).inc()
        if isinstance(error.__cause__, ProviderError):
            REPORTED.labels("media", error.__cause__.code, media.message.number_id).inc()
        log.warning(
            "media_failed",
            media=str(media.pk),
            message=media.message_id,
            number=media.message.number_id,
            state=str(state),
            trouble=error.trouble.value,
            reason=sentence,
            attempts=media.attempts,
            wait=wait,
        )


def _verdict(media: Media, error: DownloadError) -> tuple[str, float | None, str]:
    """The state, the seconds until the next attempt (None: no more) and the sentence after this failure."""
    enough = media.attempts >= ENOUGH_ATTEMPTS
    rung = LADDER[min(media.attempts, len(LADDER)) - 1]
    match error.trouble:
        case Trouble.TOO_LARGE:
            return Media.State.TOO_LARGE, None, str(error)
        case Trouble.PERMANENT:
            return Media.State.FAILED, None, str(error)
        case Trouble.UNUSABLE if enough:
            return Media.State.FAILED, None, str(error)
        case Trouble.GONE if enough:
            return Media.State.EXPIRED, None, str(error)
        case Trouble.LATER if media.message.number.state == PhoneNumber.State.UNKNOWN:
            state, wait = media.state, error.wait  # nobody sees it before the number is accepted
        case Trouble.LATER:
            state, wait = Media.State.RETRYING, error.wait
        case Trouble.STORAGE:
            state, wait = Media.State.RETRYING, min(rung, STORAGE_WAIT_SECONDS)
        case _:
            state, wait = Media.State.RETRYING, max(rung, error.wait)
    if timezone.now() >= max(media.created_at, media.message.sent_at) + LIFETIME:
        return Media.State.EXPIRED, None, f"{error} WhatsApp keeps a file for 7 days, which are over."
    return state, min(wait, LADDER[-1]), str(error)
