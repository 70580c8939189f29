"""Receive a file that is to be sent, and store it."""

from __future__ import annotations

import os
from typing import IO

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from inbox import drafts
from inbox.media import conversion, inspection
from inbox.media.inspection import Inspected
from inbox.media.storage import media_storage
from inbox.media.uploads import preparing
from inbox.media.uploads.refusals import FileRefusedError, check_quota
from inbox.models import Agent, Draft, Program, Upload
from inbox.models.sending import original_key, upload_key
from whatsapp import limits
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber

log = structlog.get_logger(__name__)

UNKNOWN_TYPE = "application/octet-stream"


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
    """Store a file that is to be sent, with flat memory, and enqueue its conversion. Returns its row.

    ``kind`` is what it is sent as; without it, what its bytes suggest. ``position`` is its place among the files of
    the draft, which may arrive in any order; without it, the last. Raises FileRefusedError when it is empty or too
    large, TooMuchError beyond the quota, StorageError when the storage is away; nothing is kept then.
    """
    inspected = inspect_sendable(file)
    check_quota(agent or program, inspected.size)
    content_type = inspected.file_type.content_type or UNKNOWN_TYPE
    kind = kind or kind_for(content_type, voice=voice)
    if position is None:
        position = draft.uploads.count() if draft else 0
    upload = Upload(
        number=number,
        agent=agent,
        program=program,
        draft=draft,
        kind=kind,
        voice=voice and kind == Kind.AUDIO,
        file_name=file_name,
        original_type=content_type,
        original_size=inspected.size,
        extension=inspected.file_type.extension,
        position=position,
    )
    _store(upload, inspected, file)
    log.info("upload_received", upload=str(upload.pk), number=number.pk, kind=kind, size=inspected.size)
    return upload


def kind_for(content_type: str, *, voice: bool = False) -> Kind:
    """The kind of message for a file of this type unless its sender chooses: pictures, films and sounds are converted.

    A GIF is sent as a video, as WhatsApp's own apps do, until its conversion shows that it is a still picture.
    """
    if voice:
        return Kind.AUDIO
    if content_type == preparing.GIF:
        return Kind.VIDEO
    family = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO}.get(content_type.partition("/")[0])
    return family if family and content_type in conversion.SOURCES[family] else Kind.DOCUMENT


def inspect_sendable(file: IO[bytes]) -> Inspected:
    """Inspect a file that is to be sent. Raises FileRefusedError when it is empty or larger than any message takes."""
    size = file.seek(0, os.SEEK_END)
    if size > settings.MEDIA_MAX_BYTES:
        raise FileRefusedError(_("This file is larger than 100 MB, the most that WhatsApp takes."))
    if not size:
        raise FileRefusedError(_("This file is empty."))
    return inspection.inspect(file)


def _store(upload: Upload, inspected: Inspected, file: IO[bytes]) -> None:
    """Put the file into the storage and save the row; enqueue the conversion unless it is sent as it is."""
    if upload.kind == Kind.DOCUMENT:
        _keep_as_it_is(upload, inspected)
    else:
        upload.original.name = original_key(upload, "")
    # The type that WhatsApp is told: a provider that reads the file from S3 itself takes it from there.
    declared_type = limits.upload_type(upload.original_type, upload.file_name)
    media_storage().put(upload.original.name or "", file, content_type=declared_type)
    with transaction.atomic():
        if (draft := upload.draft) is not None:
            # A draft that was sent from another window meanwhile is gone: the file begins the next one.
            kept = Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk).first()
            upload.draft = kept or drafts.opened(draft.conversation, draft.agent)
        upload.save()
        if upload.state == Upload.State.PREPARING:
            preparing.enqueue_prepare(upload.pk)


def _keep_as_it_is(upload: Upload, inspected: Inspected) -> None:
    """A document is not converted: it is ready at once, or refused."""
    upload.original.name = upload.file.name = upload_key(upload, "")
    upload.content_type, upload.size, upload.sha256 = upload.original_type, inspected.size, inspected.sha256
    upload.error = limits.refuse_file(Kind.DOCUMENT, upload.content_type, inspected.size, file_name=upload.file_name)
    upload.state = Upload.State.REFUSED if upload.error else Upload.State.READY
