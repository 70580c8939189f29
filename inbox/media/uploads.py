"""Files of ours on their way out: received, stored, made into what WhatsApp takes, and given to their message.

The file is in storage before anything else happens to it. What cannot be sent says why in one sentence.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.jobs import enqueue_once
from inbox import drafts
from inbox.changes import pages
from inbox.media import conversion, inspection, jobs
from inbox.media.conversion import ConversionCrashError, Converted
from inbox.media.file_refusals import FileRefusedError, check_quota
from inbox.media.inspection import Inspected
from inbox.media.storage.local import MissingFileError, StorageError, media_storage
from inbox.models import Agent, Draft, Media, Message, Program, Upload
from inbox.models.sending import key_ending, original_key, upload_key
from whatsapp import limits
from whatsapp.events import MEDIA_KINDS, Kind
from whatsapp.models import PhoneNumber

log = structlog.get_logger(__name__)

GIF = "image/gif"
UNKNOWN_TYPE = "application/octet-stream"
LOST = "The file was lost. Attach it again."
MAX_ATTEMPTS = 3
#: An upload that nobody sent: of a program, or of a draft that nobody touched.
FORGET_AFTER = timedelta(days=1)
FORGET_DRAFTS_AFTER = timedelta(days=30)
#: Time that the job made together with the row has before the sweep makes another.
GRACE = timedelta(minutes=1)
SWEEP_LIMIT = 200


def receive(
    file: IO[bytes],
    *,
    number: PhoneNumber,
    file_name: str,
    kind: Kind | None = None,
    voice: bool = False,
    agent: Agent | None = None,
    program: Program | None = None,
    draft: Draft | None = None,
    position: int | None = None,
) -> Upload:
    """Store a file that is to be sent, with flat memory, and have it prepared. Returns its row.

    ``kind`` is what it goes as; without it, what its bytes suggest. ``position`` is its place among the files of the
    draft, which may arrive in any order; without it, the last. Raises FileRefusedError for one that is empty or too
    large for anything, TooMuchError beyond the quota, StorageError when the storage is away; nothing is kept then.
    """
    found = _examine(file)
    check_quota(agent or program, found.size)
    content_type = found.file_type.content_type or UNKNOWN_TYPE
    kind = kind or kind_for(content_type, voice=voice)
    upload = Upload(
        number=number,
        agent=agent,
        program=program,
        draft=draft,
        kind=kind,
        voice=voice and kind == Kind.AUDIO,
        file_name=file_name,
        original_type=content_type,
        original_size=found.size,
        extension=found.file_type.extension,
        position=position if position is not None else draft.uploads.count() if draft else 0,
    )
    if kind == Kind.DOCUMENT:
        _as_it_is(upload, upload_key(upload, ""), found)
    else:
        upload.original.name = original_key(upload, "")
    # The type that WhatsApp is told: a provider that reads the file from S3 by itself takes it from there.
    put_type = limits.upload_type(content_type, file_name)
    media_storage().put(upload.original.name or "", file, content_type=put_type)
    with transaction.atomic():
        if draft is not None:
            # Sent from another window while the file was on its way: it begins the next one.
            kept = Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk).first()
            upload.draft = kept or drafts.opened(draft.conversation, draft.agent)
        upload.save()
        if upload.state == Upload.State.PREPARING:
            enqueue_prepare(upload.pk)
    log.info("upload_received", upload=str(upload.pk), number=number.pk, kind=kind, size=found.size)
    return upload


def prepare(upload_id: uuid.UUID, *, on_progress: Callable[[], None] = lambda: None) -> None:
    """Make an upload into what WhatsApp takes, or say why that cannot be. Safe to repeat and to run in parallel.

    Raises StorageError while the storage is away. ``on_progress`` is called between the steps, and
    while the file is being converted; it may raise to stop.
    """
    upload = Upload.objects.filter(pk=upload_id, state=Upload.State.PREPARING).first()
    if upload is None:
        return
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="inbox-upload-") as directory:
        source = Path(directory) / "source"
        try:
            with source.open("xb") as file:
                media_storage().copy_to(upload.original.name or "", file)
        except MissingFileError:
            _settle(upload, {"state": Upload.State.REFUSED, "error": LOST})
            return
        on_progress()
        try:
            converted = _convert(upload, source, Path(directory), on_progress)
        except ConversionCrashError as error:
            log.warning("conversion_crashed", upload=str(upload.pk), reason=str(error))
            Upload.objects.filter(pk=upload.pk).update(attempts=upload.attempts + 1)
            if upload.attempts + 1 < MAX_ATTEMPTS:
                return prepare(upload_id, on_progress=on_progress)
            _settle(upload, {"state": Upload.State.REFUSED, "error": "This file could not be converted."})
            return
        on_progress()
        if converted.refusal and upload.original_type == GIF and upload.kind == Kind.VIDEO:
            Upload.objects.filter(pk=upload.pk, kind=Kind.VIDEO).update(kind=Kind.IMAGE)
            return prepare(upload_id, on_progress=on_progress)
        _keep(upload, source, converted)


def finish(file: Media, *, on_progress: Callable[[], None]) -> Media:
    """The media of a message that is about to leave, prepared if it was not yet. Raises FileRefusedError,
    StorageError."""
    if file.state != Media.State.PREPARING:
        return file
    prepare(file.pk, on_progress=on_progress)
    with transaction.atomic():
        upload = Upload.objects.select_for_update().filter(pk=file.pk).first()
        if upload is None:
            return Media.objects.get(pk=file.pk)
        if upload.state == Upload.State.REFUSED:
            Media.objects.filter(pk=file.pk).update(state=Media.State.FAILED, error=upload.error)
            pages.touch([file.message_id])
            refusal = upload.error
        else:
            refusal = ""
            Media.objects.filter(pk=file.pk).update(**_columns(upload))
            # A GIF may have turned out to be a still picture.
            Message.objects.filter(pk=file.message_id, kind__in=MEDIA_KINDS).update(kind=upload.kind)
            _hand_over(upload)
            pages.touch([file.message_id])
    if refusal:
        raise FileRefusedError(refusal)
    return Media.objects.get(pk=file.pk)


def attach(upload: Upload, message: Message) -> Media:
    """Make an upload the file of a message, in the caller's transaction. Raises FileRefusedError when it is gone or
    cannot be sent."""
    current = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if current is None or Media.objects.filter(pk=upload.pk).exists():
        raise FileRefusedError("This file was sent or removed already.")
    if current.state == Upload.State.REFUSED:
        raise FileRefusedError(current.error)
    file = media_of(current, message)
    file.save(force_insert=True)
    if current.state == Upload.State.READY:
        _hand_over(current)
    else:
        # The worker prepares it before the message leaves; until then the upload stays beside it.
        Upload.objects.filter(pk=current.pk).update(draft=None)
    return file


def media_of(upload: Upload, message: Message) -> Media:
    """The media that an upload becomes as the file of this message; not saved."""
    if upload.state == Upload.State.READY:
        return Media(pk=upload.pk, message=message, **_columns(upload))
    return Media(
        pk=upload.pk,
        message=message,
        state=Media.State.PREPARING,
        file_name=upload.file_name,
        mime_type=upload.original_type,
        size=upload.original_size,
        voice=upload.voice,
    )


def attach_again(file: Media, message: Message) -> Media:
    """Give the file of an earlier message of ours to another one. Both rows name the same stored object."""
    file = Media.objects.get(pk=file.pk)
    file.pk, file.message = uuid.uuid4(), message
    file.save(force_insert=True)
    return file


def change_kind(upload: Upload, kind: Kind) -> Upload:
    """Prepare a file again, to go as another kind: a picture as a document keeps every pixel. Safe to repeat."""
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(pk=upload.pk)
        if Media.objects.filter(pk=upload.pk).exists():  # sent from another window: it goes as what it was
            return upload
        upload.kind, upload.state, upload.error, upload.changes, upload.attempts = kind, "preparing", "", [], 0
        upload.as_document = False
        upload.voice = upload.voice and kind == Kind.AUDIO
        upload.save()
        enqueue_prepare(upload.pk)
    return upload


def discard(upload: Upload) -> None:
    """Delete an upload that will not be sent, and its objects once that is committed. Safe to repeat.

    One that was sent meanwhile, from another window, stays: its message needs it.
    """
    with transaction.atomic():
        current = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if current is not None and not Media.objects.filter(pk=upload.pk).exists():
            keys = {current.original.name, current.file.name}
            current.delete()
            transaction.on_commit(lambda: _discard_objects(keys))


def sweep() -> None:
    """Put back the jobs of uploads that have none."""
    waiting = Upload.objects.filter(state=Upload.State.PREPARING, created_at__lt=timezone.now() - GRACE)
    for upload_id in waiting.values_list("pk", flat=True)[:SWEEP_LIMIT]:
        enqueue_prepare(upload_id)


def forget() -> int:
    """Delete what was never sent: uploads without a draft after a day, drafts that nobody touched for 30. Returns how
    many files."""
    now = timezone.now()
    unsent = Upload.objects.exclude(pk__in=Media.objects.filter(state=Media.State.PREPARING).values("pk"))
    old = Q(draft__isnull=True, created_at__lt=now - FORGET_AFTER)
    old |= Q(draft__updated_at__lt=now - FORGET_DRAFTS_AFTER)
    count = 0
    for upload in unsent.filter(old)[:1000]:
        discard(upload)
        count += 1
    Draft.objects.filter(updated_at__lt=now - FORGET_DRAFTS_AFTER).delete()
    return count


def enqueue_prepare(upload_id: uuid.UUID) -> None:
    """Make the job that prepares an upload, unless one is waiting. Commits with the current transaction."""
    enqueue_once("prepare_upload", one_at_a_time=True, upload_id=str(upload_id))


def kind_for(content_type: str, *, voice: bool = False) -> Kind:
    """What a file of this type goes as unless somebody says otherwise: pictures, films and sounds are converted.

    A GIF is taken for moving, as WhatsApp's own apps do, until its conversion shows that it is a still picture.
    """
    if voice:
        return Kind.AUDIO
    if content_type == GIF:
        return Kind.VIDEO
    family = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO}.get(content_type.partition("/")[0])
    return family if family and content_type in conversion.SOURCES[family] else Kind.DOCUMENT


def _examine(file: IO[bytes]) -> Inspected:
    """What the file is. Raises FileRefusedError for one that is empty or too large for anything."""
    size = file.seek(0, os.SEEK_END)
    if size > settings.MEDIA_MAX_BYTES:
        raise FileRefusedError("This file is larger than 100 MB, which is more than WhatsApp takes.")
    if not size:
        raise FileRefusedError("This file is empty.")
    return inspection.inspect(file)


def _convert(upload: Upload, source: Path, directory: Path, on_wait: Callable[[], None]) -> Converted:
    target = directory / "target"
    target.mkdir(exist_ok=True)
    return conversion.convert(
        source, upload.original_type, Kind(upload.kind), target, voice=upload.voice, on_wait=on_wait
    )


def _keep(upload: Upload, source: Path, converted: Converted) -> None:
    """Check the result against WhatsApp's limits, store it, and write the row."""
    if converted.refusal:
        refused = {"state": Upload.State.REFUSED, "error": converted.refusal, "as_document": converted.as_document}
        _settle(upload, refused)
        return
    result = converted.path or source
    content_type = converted.content_type
    with result.open("rb") as file:
        found = _examine(file)
        refusal = limits.refuse_file(
            Kind(upload.kind),
            content_type,
            found.size,
            width=converted.width,
            height=converted.height,
            voice=upload.voice,
            animated=bool(converted.animated),
            file_name=upload.file_name,
        )
        if refusal:
            fits = not limits.refuse_file(
                Kind.DOCUMENT, upload.original_type, upload.original_size, file_name=upload.file_name
            )
            _settle(upload, {"state": Upload.State.REFUSED, "error": refusal, "as_document": fits})
            return
        upload.extension = converted.extension or upload.extension
        # A name of this attempt alone: another one, for another kind or by the worker that sends the message, may have
        # been quicker, and what it stored may be on its way to the customer.
        key = f"media/{uuid.uuid4()}{key_ending(upload, content_type)}"
        media_storage().put(key, file, content_type=limits.upload_type(content_type, upload.file_name))
    settled = _settle(
        upload,
        {
            "state": Upload.State.READY,
            "file": key,
            "extension": upload.extension,
            "content_type": content_type,
            "size": found.size,
            "sha256": found.sha256,
            "animated": bool(converted.animated),
            "width": converted.width,
            "height": converted.height,
            "duration": converted.duration,
            "changes": list(converted.changes),
            "error": "",
        },
    )
    _discard_objects({upload.file.name} - {upload.original.name} if settled else {key})


def _settle(upload: Upload, columns: dict[str, Any]) -> bool:
    """Write what came of preparing it. False when somebody was quicker, or it is to become another kind by now."""
    settled = Upload.objects.filter(pk=upload.pk, kind=upload.kind, state=Upload.State.PREPARING).update(**columns)
    log.info("upload_prepared", upload=str(upload.pk), kind=upload.kind, state=columns["state"], settled=bool(settled))
    return bool(settled)


def _as_it_is(upload: Upload, key: str, found: Inspected) -> None:
    upload.original.name = upload.file.name = key
    upload.content_type, upload.size, upload.sha256 = upload.original_type, found.size, found.sha256
    refusal = limits.refuse_file(Kind(upload.kind), upload.content_type, found.size, file_name=upload.file_name)
    upload.state = Upload.State.REFUSED if refusal else Upload.State.READY
    upload.error = refusal


def _columns(upload: Upload) -> dict[str, Any]:
    """What a prepared upload tells its Media."""
    return {
        "state": Media.State.STORED,
        "file": upload.file.name,
        "extension": upload.extension,
        "file_name": _sent_name(upload),
        "mime_type": upload.original_type,
        "content_type": upload.content_type,
        "size": upload.size,
        "sha256": upload.sha256,
        "voice": upload.voice,
        "animated": upload.animated,
        "width": upload.width,
        "height": upload.height,
        "duration": upload.duration,
        "stored_at": timezone.now(),
        "error": "",
    }


def _sent_name(upload: Upload) -> str:
    """What its message calls the file: a converted one ends as what it has become ("photo.jpg", no longer .heic)."""
    if upload.kind == Kind.DOCUMENT or not upload.file_name:
        return upload.file_name
    return limits.upload_name(upload.file_name, upload.content_type)


def _hand_over(upload: Upload) -> None:
    """The Media has the file now: ask for its previews, and let go of the upload."""
    jobs.enqueue_previews(upload.pk)
    left = {upload.original.name} - {upload.file.name}
    Upload.objects.filter(pk=upload.pk).delete()
    transaction.on_commit(lambda: _discard_objects(left))


def _discard_objects(keys: set[str | None]) -> None:
    for key in filter(None, keys):
        try:
            media_storage().discard(key)
        except StorageError as error:
            log.warning("object_left_behind", key=key, reason=str(error))  # reconcile finds it
