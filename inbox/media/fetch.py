"""Fetch the files of messages: download, verify, store, or say when it is tried again."""

from __future__ import annotations

import tempfile
import time
import uuid
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop
from prometheus_client import Counter

from inbox.changes import pages, webhooks
from inbox.media import download, jobs, s3_copy
from inbox.media.download import DownloadError, Trouble
from inbox.media.inspection import Inspected
from inbox.media.lease import FETCH_WAITS, Lease, LeaseLostError, claim
from inbox.media.storage import StorageError, media_storage
from inbox.models import Media
from inbox.models.media import storage_key
from whatsapp.errors import REPORTED
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import CopiesMedia, ProviderError, ServesMedia

log = structlog.get_logger(__name__)
fetches = Counter("inbox_media_fetches_total", "Attempts to fetch a file from WhatsApp, by outcome", ["outcome"])

LEASE = timedelta(minutes=3)
#: Seconds until the next attempt, by attempts made; then the last one over and over.
LADDER = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600)
#: Our own storage comes back soon: no need to wait for hours then.
STORAGE_WAIT_SECONDS = 120
#: WhatsApp keeps a received file for 7 days.
LIFETIME = timedelta(days=7)
#: Attempts after which "no such file" is believed, and a file that is not the announced one is given up.
ENOUGH_ATTEMPTS = 4
STOPPED = gettext_noop("The download stopped unexpectedly; the log says why.")
REQUESTED_AGAIN = gettext_noop("Download requested again.")
NO_WAY = gettext_noop("The number’s provider cannot deliver files.")
DISK_FULL = gettext_noop("The server could not write a temporary file.")
EXPIRED = gettext_noop("WhatsApp keeps a file for 7 days, which are over.")


def fetch(media_id: uuid.UUID) -> None:
    """Download the file of this row, verify it and store it, if it is due; otherwise do nothing.

    Safe to run twice and in parallel: one worker gets the lease, the key is the row's own, and a put repeated after a
    crash replaces the same object. Network calls happen outside any transaction. The row says what came of it.
    """
    lease = claim(media_id, FETCH_WAITS, LEASE, "message__number")
    if lease is None:
        return
    started = time.monotonic()
    try:
        inspected, key = _transfer(lease)
    except LeaseLostError:
        log.info("media_lease_lost", media=str(media_id))
        return
    except DownloadError as error:
        _postpone_or_end(lease, error)
        return
    except Exception:
        _postpone_or_end(lease, DownloadError(Trouble.TRANSIENT, STOPPED))
        raise
    if _store(lease, inspected, key):
        fetches.labels("stored").inc()
        log.info(
            "media_stored",
            media=str(media_id),
            message=lease.media.message_id,
            number=lease.media.message.number_id,
            size=inspected.size,
            content_type=inspected.file_type.content_type,
            seconds=round(time.monotonic() - started, 3),
        )


def fetch_again(media: Media) -> bool:
    """Start over now, because a person asked for it. Safe to repeat.

    Returns False when there is nothing to fetch: the file is stored, waits for its first attempt, or has no media id.
    """
    ended = (Media.State.RETRYING, Media.State.EXPIRED, Media.State.FAILED, Media.State.TOO_LARGE)
    with transaction.atomic():
        rows = Media.objects.filter(pk=media.pk, state__in=ended).exclude(media_id="")
        requested = rows.update(state=Media.State.RETRYING, attempts=0, next_try_at=Now(), error=REQUESTED_AGAIN)
        if requested:
            pages.touch([media.message_id])
            jobs.enqueue_fetch(media.pk)
    return bool(requested)


def fetch_waiting(number: PhoneNumber) -> int:
    """Make all waiting files of a number due now: call it when the number got a token or was accepted.

    The next sweep makes the jobs. Returns how many files wait.
    """
    waiting = Media.objects.filter(message__number=number, state__in=(Media.State.PENDING, Media.State.RETRYING))
    return waiting.update(next_try_at=Now(), attempts=0)


def _transfer(lease: Lease) -> tuple[Inspected, str]:
    """Download, verify and store. Returns what the file is, and its key. Raises DownloadError, LeaseLostError."""
    storage = media_storage()
    provider = download.provider_of(lease.media)
    try:
        if lease.media.attempts > 1:
            storage.ping()  # before a file is downloaded again only to be dropped
        if isinstance(provider, CopiesMedia):
            return s3_copy.fetch(provider, lease.media, on_progress=lease.keep)
        if not isinstance(provider, ServesMedia):
            raise DownloadError(Trouble.PERMANENT, NO_WAY)
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
            inspected = download.download(provider, lease.media, file, on_progress=lease.keep)
            lease.media.extension = inspected.file_type.extension
            key = storage_key(lease.media, "")
            lease.keep()
            storage.put(key, file, content_type=inspected.file_type.content_type or "application/octet-stream")
            return inspected, key
    except StorageError as error:
        raise DownloadError(Trouble.TRANSIENT if error.refused else Trouble.STORAGE, str(error)) from error
    except OSError as error:
        log.warning("temporary_file_failed", media=str(lease.media.pk), reason=error.strerror)
        raise DownloadError(Trouble.STORAGE, DISK_FULL) from error


def _store(lease: Lease, inspected: Inspected, key: str) -> bool:
    """Record the stored object and enqueue its previews, in one transaction. False when it was recorded already."""
    media = lease.media
    with transaction.atomic():
        if lease.settle(~Q(state=Media.State.STORED), **inspected.stored_as(key)):
            pages.touch([media.message_id])
            webhooks.record(stored=[media.message_id])
            jobs.enqueue_previews(media.pk)
            return True
    if not Media.objects.filter(pk=media.pk).exists():
        media_storage().discard(key)  # the message was deleted meanwhile
    return False


def _postpone_or_end(lease: Lease, error: DownloadError) -> None:
    """Write on the row what went wrong and when it is tried again."""
    media = lease.media
    state, wait, sentence = _verdict(media, error)
    with transaction.atomic():
        written = lease.give_back(
            None if wait is None else timedelta(seconds=wait),
            counts=error.trouble is not Trouble.LATER,
            state=state,
            error=sentence,
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
    """The state after this failure, the seconds until the next attempt (None: no more), and the sentence."""
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
            state, wait = media.state, error.wait  # nobody sees the file before the number is accepted
        case Trouble.LATER:
            state, wait = Media.State.RETRYING, error.wait
        case Trouble.STORAGE:
            state, wait = Media.State.RETRYING, min(rung, STORAGE_WAIT_SECONDS)
        case _:
            state, wait = Media.State.RETRYING, max(rung, error.wait)
    if timezone.now() >= max(media.created_at, media.message.sent_at) + LIFETIME:
        return Media.State.EXPIRED, None, f"{error} {EXPIRED}"
    return state, min(wait, LADDER[-1]), str(error)
