"""Files that a provider writes into our bucket by itself: asked for, found there, and made sure of."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings

from inbox.media import download, inspection
from inbox.media.download import TOO_LARGE, DownloadError, Trouble
from inbox.media.inspection import Inspected
from inbox.media.storage.local import MediaStorage, MissingFileError, StoredObject, media_storage
from inbox.models import Media
from whatsapp.providers.aws import arns
from whatsapp.providers.base import CopiesMedia, ProviderError

log = structlog.get_logger(__name__)

#: Seconds until an administrator may have mended what keeps a provider from our bucket.
MENDING_SECONDS = 900


def fetch(provider: CopiesMedia, media: Media, *, on_progress: Callable[[], None]) -> tuple[Inspected, str]:
    """Have the file of ``media`` copied into the storage; returns what it is, and the name it really has there.

    The prefix is the row's own, so that nothing else can be found under it. ``on_progress`` is called with every piece
    that is read and may raise to stop. Raises DownloadError, StorageError. Safe to repeat: it is the same object.
    """
    storage = media_storage()
    prefix = f"media/{media.pk}/"
    _ask(provider, media, storage, prefix)
    on_progress()
    found = _find(storage, prefix, media)
    try:
        return _inspect(found, media, on_progress), found.key
    except DownloadError:
        storage.discard(found.key)
        raise


def _ask(provider: CopiesMedia, media: Media, storage: MediaStorage, prefix: str) -> None:
    number = media.message.number
    target = storage.s3_object(prefix)
    if target is None:
        raise DownloadError(
            Trouble.LATER,
            "Files of this number come through AWS, which writes them into S3, and no bucket is set. An administrator "
            "has to set S3_BUCKET.",
            wait=MENDING_SECONDS,
        )
    if not arns.MEDIA_ID.fullmatch(media.media_id):
        raise DownloadError(Trouble.PERMANENT, "This cannot be WhatsApp's id of a file, so AWS was not asked for it.")
    download.check_budget(number)
    try:
        provider.copy_media(media.media_id, target)
    except ProviderError as error:
        if error.http_status:
            download.budget.count(number)
        if error.http_status == 404:
            raise DownloadError(Trouble.GONE, "WhatsApp no longer has this file, or AWS not this number.") from error
        if not error.answered and not error.retryable:
            # Nothing was asked: the number, its Region or the bucket is not entered as it has to be.
            raise DownloadError(Trouble.LATER, str(error), wait=MENDING_SECONDS) from error
        explanation = error.explanation
        if error.answered and explanation.pauses_number:
            sentence = explanation.text
            raise DownloadError(Trouble.LATER, sentence, wait=MENDING_SECONDS) from error
        raise download.trouble_of(error) from error


def _find(storage: MediaStorage, prefix: str, media: Media) -> StoredObject:
    """The object that the provider wrote: its name is known only by looking."""
    found = sorted(storage.objects(prefix), key=lambda item: item.modified)
    if not found:
        raise DownloadError(Trouble.TRANSIENT, "AWS said that it wrote the file into the bucket, but it is not there.")
    if len(found) > 1:
        # Copies of one file by several attempts whose names ended differently; reconciling finds the others.
        log.warning("media_copied_twice", media=str(media.pk), count=len(found))
    return found[-1]


def _inspect(found: StoredObject, media: Media, on_progress: Callable[[], None]) -> Inspected:
    if found.size > settings.MEDIA_MAX_BYTES:
        raise DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
    try:
        inspected = inspection.inspect_stored(found.key, on_progress=on_progress)
    except MissingFileError:
        raise DownloadError(Trouble.TRANSIENT, "The file vanished from the bucket while it was being read.") from None
    download.check_whole(inspected, {found.size}, media.sha256)
    return inspected
