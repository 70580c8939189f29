"""Attach uploads to messages: the upload becomes the message's media, with the same id and key."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.changes import pages
from inbox.media import jobs
from inbox.media.sentences import shown
from inbox.media.uploads.cleanup import discard_objects
from inbox.media.uploads.preparing import prepare
from inbox.media.uploads.refusals import FileRefusedError
from inbox.models import Media, Message, Upload
from whatsapp import limits
from whatsapp.events import MEDIA_KINDS, Kind


def attach(upload: Upload, message: Message) -> Media:
    """Make an upload the file of a message, in the caller's transaction.

    Raises FileRefusedError when it was sent or removed already, or cannot be sent.
    """
    current = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if current is None or Media.objects.filter(pk=upload.pk).exists():
        raise FileRefusedError(_("This file was sent or removed already."))
    if current.state == Upload.State.REFUSED:
        raise FileRefusedError(shown(current.error))
    file = media_of(current, message)
    file.save(force_insert=True)
    if current.state == Upload.State.READY:
        _hand_over(current)
    else:
        # The worker prepares it before the message leaves; until then the upload stays beside it.
        Upload.objects.filter(pk=current.pk).update(draft=None)
    return file


def attach_again(file: Media, message: Message) -> Media:
    """Give the file of an earlier message of ours to another one. Both rows name the same stored object."""
    file = Media.objects.get(pk=file.pk)
    file.pk, file.message = uuid.uuid4(), message
    file.save(force_insert=True)
    return file


def media_of(upload: Upload, message: Message) -> Media:
    """The media that an upload becomes as the file of this message; not saved."""
    if upload.state == Upload.State.READY:
        return Media(pk=upload.pk, message=message, **_media_columns(upload))
    return Media(
        pk=upload.pk,
        message=message,
        state=Media.State.PREPARING,
        file_name=upload.file_name,
        mime_type=upload.original_type,
        size=upload.original_size,
        voice=upload.voice,
    )


def finish(file: Media, *, on_progress: Callable[[], None]) -> Media:
    """The media of a message that is about to be sent, prepared now if it is not yet.

    Raises FileRefusedError when it cannot be sent, StorageError.
    """
    if file.state != Media.State.PREPARING:
        return file
    prepare(file.pk, on_progress=on_progress)
    with transaction.atomic():
        upload = Upload.objects.select_for_update().filter(pk=file.pk).first()
        if upload is not None and upload.state == Upload.State.REFUSED:
            Media.objects.filter(pk=file.pk).update(state=Media.State.FAILED, error=upload.error)
            pages.touch([file.message_id])
        elif upload is not None:
            Media.objects.filter(pk=file.pk).update(**_media_columns(upload))
            # A GIF may have turned out to be a still picture.
            Message.objects.filter(pk=file.message_id, kind__in=MEDIA_KINDS).update(kind=upload.kind)
            _hand_over(upload)
            pages.touch([file.message_id])
    if upload is not None and upload.state == Upload.State.REFUSED:
        raise FileRefusedError(upload.error)
    return Media.objects.get(pk=file.pk)


def _media_columns(upload: Upload) -> dict[str, Any]:
    """What the media takes over from a prepared upload."""
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
    """The file's name in its message: a converted one gets the ending of its new type ("photo.jpg", not .heic)."""
    if upload.kind == Kind.DOCUMENT or not upload.file_name:
        return upload.file_name
    return limits.upload_name(upload.file_name, upload.content_type)


def _hand_over(upload: Upload) -> None:
    """The media has the file now: enqueue its previews, and delete the upload."""
    jobs.enqueue_previews(upload.pk)
    left = {upload.original.name} - {upload.file.name}
    Upload.objects.filter(pk=upload.pk).delete()
    transaction.on_commit(lambda: discard_objects(left))
