"""Copies of films that not every browser plays: MP4 as WhatsApp takes it too, made one at a time, as they take long."""

from __future__ import annotations

import tempfile
import uuid
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.sandbox import parent as sandbox
from core.sandbox.parent import NoSandboxError
from inbox import conversations
from inbox.changes import pages
from inbox.media import conversion
from inbox.media.conversion import ConversionCrashError
from inbox.media.previews.preview_jobs import DIRECTORY_PREFIX
from inbox.media.storage.local import MissingFileError, StorageError, media_storage
from inbox.models import Media
from inbox.models.media import COPIES, playable_key
from whatsapp.events import Kind

log = structlog.get_logger(__name__)

UNPLAYABLE = "This film cannot be played here. Download it to watch it."
#: Longer than any conversion takes, so that nobody else begins meanwhile.
LEASE = timedelta(minutes=15)
STORAGE_WAIT = timedelta(minutes=2)
MAX_CRASHES = 3


def make(media_id: uuid.UUID) -> None:
    """Make the copy of a stored film that waits for one and record it, or that there is none; once.

    Safe to run twice and in parallel. A storage or a sandbox that is away, or a full disk, costs nothing: the row
    waits for it.
    """
    media = _claim(media_id)
    if media is None:
        return
    if media.attempts > MAX_CRASHES:
        return _settle(media, "")
    try:
        sandbox.check()
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix=DIRECTORY_PREFIX) as directory:
            key = _copy(media, Path(directory))
    except MissingFileError:
        key = ""
    except ConversionCrashError as error:
        log.warning("copy_crashed", media=str(media_id), message=media.message_id, reason=str(error))
        return _postpone(media, timedelta(0), attempts=media.attempts)
    except (NoSandboxError, StorageError, OSError) as error:
        log.warning("copy_postponed", media=str(media_id), message=media.message_id, reason=repr(error))
        return _postpone(media, STORAGE_WAIT, attempts=media.attempts - 1)
    _settle(media, key)


def _claim(media_id: uuid.UUID) -> Media | None:
    with transaction.atomic():
        media = (
            Media.objects.select_for_update(skip_locked=True)
            .annotate(now=Now())
            .filter(
                Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now()),
                pk=media_id,
                state=Media.State.STORED,
                preview_state=Media.PreviewState.COPYING,
            )
            .first()
        )
        if media is not None:
            media.attempts += 1
            media.next_try_at = media.now + LEASE
            media.save(update_fields=["attempts", "next_try_at"])
        return media


def _copy(media: Media, directory: Path) -> str:
    """Convert the film and store the copy; gives its key, empty when it cannot be converted."""
    source = directory / "source"
    with source.open("xb") as file:
        media_storage().copy_to(media.file.name or "", file)
    made = conversion.convert(source, media.content_type, Kind.VIDEO, directory)
    if made.refusal:
        log.info("copy_impossible", media=str(media.pk), message=media.message_id, reason=made.refusal)
        return ""
    key = playable_key(media, COPIES["video/mp4"])
    with (made.path or source).open("rb") as file:
        media_storage().put(key, file, content_type="video/mp4")
    return key


def _settle(media: Media, key: str) -> None:
    with transaction.atomic():
        conversations.lock_those_of([media.message_id])
        settled = Media.objects.filter(
            pk=media.pk,
            preview_state=Media.PreviewState.COPYING,
            # Not of a file that was fetched again meanwhile.
            file=media.file.name,
            stored_at=media.stored_at,
        ).update(
            preview_state=Media.PreviewState.READY,
            playable=key,
            preview_error="" if key else UNPLAYABLE,
            next_try_at=None,
        )
        if settled:
            pages.touch([media.message_id])
    if settled:
        log.info("copy_settled", media=str(media.pk), message=media.message_id, made=bool(key))


def _postpone(media: Media, wait: timedelta, *, attempts: int) -> None:
    Media.objects.filter(pk=media.pk, next_try_at=media.next_try_at).update(next_try_at=Now() + wait, attempts=attempts)
