"""Media that AWS copies to S3: request, locate, verify."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.utils.translation import gettext_noop

from inbox.media import download, inspection
from inbox.media.download import ADMINISTRATOR_SECONDS, TOO_LARGE, DownloadError, Trouble
from inbox.media.inspection import Inspected
from inbox.media.storage import MediaStorage, MissingFileError, StoredObject, media_storage
from inbox.models import Media
from whatsapp.providers.aws import arns
from whatsapp.providers.base import CopiesMedia, ProviderError

log = structlog.get_logger(__name__)

NO_BUCKET = gettext_noop("AWS delivers this number’s files to S3. Ask an administrator to set S3_BUCKET.")
ODD_ID = gettext_noop("WhatsApp sent an invalid media id, so AWS could not be asked for the file.")
GONE = gettext_noop("WhatsApp no longer has this file, or AWS no longer has this number.")
NOT_THERE = gettext_noop("AWS reported that it wrote the file into the bucket, but it is not there.")
VANISHED = gettext_noop("The file vanished from the bucket while it was being read.")


def fetch(provider: CopiesMedia, media: Media, *, on_progress: Callable[[], None]) -> tuple[Inspected, str]:
    """Have AWS copy the file of ``media`` into the storage. Returns what the file is, and its key there.

    The prefix is the row's own, so that it holds nothing else. ``on_progress`` is called with each piece that is read
    and may raise to stop. Raises DownloadError, StorageError. Safe to repeat: it is the same object.
    """
    storage = media_storage()
    prefix = f"media/{media.pk}/"
    _request(provider, media, storage, prefix)
    on_progress()
    found = _locate(storage, prefix, media)
    try:
        return _inspect(found, media, on_progress), found.key
    except DownloadError:
        storage.discard(found.key)
        raise


def _request(provider: CopiesMedia, media: Media, storage: MediaStorage, prefix: str) -> None:
    number = media.message.number
    target = storage.s3_object(prefix)
    if target is None:
        raise DownloadError(Trouble.LATER, NO_BUCKET, wait=ADMINISTRATOR_SECONDS)
    if not arns.MEDIA_ID.fullmatch(media.media_id):
        raise DownloadError(Trouble.PERMANENT, ODD_ID)
    download.check_budget(number)
    try:
        provider.copy_media(media.media_id, target)
    except ProviderError as error:
        if error.http_status:
            download.budget.count(number)
        if error.http_status == 404:
            raise DownloadError(Trouble.GONE, GONE) from error
        if not error.answered and not error.retryable:
            # No request was made: the number, its Region or the bucket is not configured correctly.
            raise DownloadError(Trouble.LATER, str(error), wait=ADMINISTRATOR_SECONDS) from error
        explanation = error.explanation
        if error.answered and explanation.pauses_number:
            raise DownloadError(Trouble.LATER, explanation.text, wait=ADMINISTRATOR_SECONDS) from error
        raise download.trouble_of(error) from error


def _locate(storage: MediaStorage, prefix: str, media: Media) -> StoredObject:
    """The object that AWS wrote. It appends the media id and an extension, so the key must be looked up."""
    found = sorted(storage.objects(prefix), key=lambda item: item.modified)
    if not found:
        raise DownloadError(Trouble.TRANSIENT, NOT_THERE)
    if len(found) > 1:
        # Several attempts wrote different extensions; reconciliation finds the other copies.
        log.warning("media_copied_twice", media=str(media.pk), count=len(found))
    return found[-1]


def _inspect(found: StoredObject, media: Media, on_progress: Callable[[], None]) -> Inspected:
    if found.size > settings.MEDIA_MAX_BYTES:
        raise DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
    try:
        inspected = inspection.inspect_stored(found.key, on_progress=on_progress)
    except MissingFileError:
        raise DownloadError(Trouble.TRANSIENT, VANISHED) from None
    download.check_whole(inspected, {found.size}, media.sha256)
    return inspected
