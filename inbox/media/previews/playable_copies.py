"""Make MP4 copies of films that not every browser plays: one at a time, because each takes minutes."""

from __future__ import annotations

import uuid
from datetime import timedelta

import structlog
from django.db import transaction

from core.sandbox import parent as sandbox
from core.sandbox.parent import NoSandboxError
from inbox import conversations
from inbox.changes import pages
from inbox.media import conversion, scratch
from inbox.media.conversion import ConversionCrashError
from inbox.media.lease import COPY_WAITS, Lease, claim
from inbox.media.sandboxed import gettext_noop
from inbox.media.storage import MissingFileError, StorageError, media_storage
from inbox.models import Media
from inbox.models.media import COPIES, playable_key
from whatsapp.events import Kind

log = structlog.get_logger(__name__)

UNPLAYABLE = gettext_noop("This video can’t be played here. Download it to watch it.")
#: Longer than any conversion takes.
LEASE = timedelta(minutes=15)
STORAGE_WAIT = timedelta(minutes=2)
MAX_CRASHES = 3


def make(media_id: uuid.UUID) -> None:
    """Make the copy of a stored film that waits for one and record it, or record that there is none.

    Safe to run twice and in parallel. While the storage or the sandbox is away, or the disk is full, attempts do not
    count.
    """
    lease = claim(media_id, COPY_WAITS, LEASE)
    if lease is None:
        return
    media = lease.media
    if media.attempts > MAX_CRASHES:
        return _settle(lease, "")
    try:
        sandbox.check()
        key = _copy(media)
    except MissingFileError:
        key = ""
    except ConversionCrashError as error:
        log.warning("copy_crashed", media=str(media_id), message=media.message_id, reason=str(error))
        lease.give_back(timedelta(0))
        return
    except (NoSandboxError, StorageError, OSError) as error:
        log.warning("copy_postponed", media=str(media_id), message=media.message_id, reason=repr(error))
        lease.give_back(STORAGE_WAIT, counts=False)
        return
    _settle(lease, key)


def _copy(media: Media) -> str:
    """Convert the film and store the copy. Returns its key, empty when it cannot be converted."""
    with scratch.local_copy(media.file.name or "") as (source, directory):
        converted = conversion.convert(source, media.content_type, Kind.VIDEO, directory)
        if converted.refusal:
            log.info("copy_impossible", media=str(media.pk), message=media.message_id, reason=converted.refusal)
            return ""
        key = playable_key(media, COPIES["video/mp4"])
        with (converted.path or source).open("rb") as file:
            media_storage().put(key, file, content_type="video/mp4")
    return key


def _settle(lease: Lease, key: str) -> None:
    media = lease.media
    with transaction.atomic():
        conversations.lock_those_of([media.message_id])
        settled = lease.settle(
            COPY_WAITS,
            preview_state=Media.PreviewState.READY,
            playable=key,
            preview_error="" if key else UNPLAYABLE,
        )
        if settled:
            pages.touch([media.message_id])
    if settled:
        log.info("copy_settled", media=str(media.pk), message=media.message_id, made=bool(key))
