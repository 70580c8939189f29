"""Convert an upload into what WhatsApp takes, or record why that cannot be."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from core.jobs import enqueue_once
from inbox.media import conversion, inspection, scratch
from inbox.media.conversion import ConversionCrashError, Converted
from inbox.media.sandboxed import gettext_noop
from inbox.media.storage import MissingFileError, media_storage
from inbox.media.uploads.cleanup import discard_objects
from inbox.models import Media, Upload
from inbox.models.sending import key_ending
from whatsapp import limits
from whatsapp.events import Kind

log = structlog.get_logger(__name__)

GIF = "image/gif"
LOST = gettext_noop("The file was lost. Attach it again.")
CRASHED = gettext_noop("This file could not be converted.")
MAX_ATTEMPTS = 3
#: How long the job made together with the row may take to start before the sweep makes another.
GRACE = timedelta(minutes=1)
SWEEP_LIMIT = 200


def prepare(upload_id: uuid.UUID, *, on_progress: Callable[[], None] = lambda: None) -> None:
    """Convert an upload into what WhatsApp takes, or record why that cannot be. Safe to repeat and to run in parallel.

    Raises StorageError while the storage is away. ``on_progress`` is called between the steps, and
    while the file is being converted; it may raise to stop.
    """
    while upload := Upload.objects.filter(pk=upload_id, state=Upload.State.PREPARING).first():
        try:
            with scratch.local_copy(upload.original.name or "") as (source, directory):
                on_progress()
                again = _attempt(upload, source, directory, on_progress)
        except MissingFileError:
            _settle(upload, state=Upload.State.REFUSED, error=LOST)
            return
        if not again:
            return


def change_kind(upload: Upload, kind: Kind) -> Upload:
    """Have a file prepared again, to be sent as another kind: a picture as a document keeps every pixel.

    Safe to repeat. A file that was sent meanwhile, from another window, stays as it was.
    """
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(pk=upload.pk)
        if Media.objects.filter(pk=upload.pk).exists():
            return upload
        upload.kind, upload.state, upload.error, upload.changes, upload.attempts = kind, "preparing", "", [], 0
        upload.as_document = False
        upload.voice = upload.voice and kind == Kind.AUDIO
        upload.save()
        enqueue_prepare(upload.pk)
    return upload


def enqueue_prepare(upload_id: uuid.UUID) -> None:
    """Enqueue the job that prepares an upload, unless one waits. Commits with the current transaction."""
    enqueue_once("prepare_upload", one_at_a_time=True, upload_id=str(upload_id))


def sweep() -> None:
    """Put back the jobs of uploads that have none."""
    waiting = Upload.objects.filter(state=Upload.State.PREPARING, created_at__lt=timezone.now() - GRACE)
    for upload_id in waiting.values_list("pk", flat=True)[:SWEEP_LIMIT]:
        enqueue_prepare(upload_id)


def _attempt(upload: Upload, source: Path, directory: Path, on_progress: Callable[[], None]) -> bool:
    """Convert the file once. Returns whether to try again."""
    kind, content_type = Kind(upload.kind), upload.original_type
    try:
        converted = conversion.convert(source, content_type, kind, directory, voice=upload.voice, on_wait=on_progress)
    except ConversionCrashError as error:
        log.warning("conversion_crashed", upload=str(upload.pk), reason=str(error))
        Upload.objects.filter(pk=upload.pk).update(attempts=upload.attempts + 1)
        if upload.attempts + 1 < MAX_ATTEMPTS:
            return True
        _settle(upload, state=Upload.State.REFUSED, error=CRASHED)
        return False
    on_progress()
    if converted.refusal and content_type == GIF and kind == Kind.VIDEO:
        # It does not move, or is too long for a video: its first picture is sent.
        Upload.objects.filter(pk=upload.pk, kind=Kind.VIDEO).update(kind=Kind.IMAGE)
        return True
    if converted.refusal:
        _settle(upload, state=Upload.State.REFUSED, error=converted.refusal, as_document=converted.as_document)
    else:
        _keep(upload, source, converted)
    return False


def _keep(upload: Upload, source: Path, converted: Converted) -> None:
    """Check the result against WhatsApp's limits, store it, and write the row."""
    with (converted.path or source).open("rb") as file:
        inspected = inspection.inspect(file)
        if refusal := _refusal(upload, converted, inspected.size):
            document = limits.refuse_file(
                Kind.DOCUMENT, upload.original_type, upload.original_size, file_name=upload.file_name
            )
            _settle(upload, state=Upload.State.REFUSED, error=refusal, as_document=not document)
            return
        upload.extension = converted.extension or upload.extension
        # The key is this attempt's own: a faster one, for another kind or by the worker that sends the message, may
        # have stored its result already, and it may be on its way to the customer.
        key = f"media/{uuid.uuid4()}{key_ending(upload, converted.content_type)}"
        media_storage().put(key, file, content_type=limits.upload_type(converted.content_type, upload.file_name))
    settled = _settle(
        upload,
        state=Upload.State.READY,
        file=key,
        extension=upload.extension,
        content_type=converted.content_type,
        size=inspected.size,
        sha256=inspected.sha256,
        animated=bool(converted.animated),
        width=converted.width,
        height=converted.height,
        duration=converted.duration,
        changes=list(converted.changes),
        error="",
    )
    discard_objects({upload.file.name} - {upload.original.name} if settled else {key})


def _refusal(upload: Upload, converted: Converted, size: int) -> str:
    """Why WhatsApp would refuse the converted file; empty when it takes it."""
    return limits.refuse_file(
        Kind(upload.kind),
        converted.content_type,
        size,
        width=converted.width,
        height=converted.height,
        voice=upload.voice,
        animated=bool(converted.animated),
        file_name=upload.file_name,
    )


def _settle(upload: Upload, **columns: Any) -> bool:
    """Write the result. False when another attempt was faster, or the file is to be sent as another kind now."""
    settled = Upload.objects.filter(pk=upload.pk, kind=upload.kind, state=Upload.State.PREPARING).update(**columns)
    log.info("upload_prepared", upload=str(upload.pk), kind=upload.kind, state=columns["state"], settled=bool(settled))
    return bool(settled)
