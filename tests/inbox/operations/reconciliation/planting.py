"""Rows and objects as reconciling wants them, and one function for each fault that it must find."""

from __future__ import annotations

import io
import itertools
import os
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from inbox.media.storage import media_storage
from inbox.media.storage.s3 import PrivateS3Storage
from inbox.models import Media, Message, Upload
from inbox.models.media import thumbnail_key
from tests import samples
from tests.inbox import admin_rows
from tests.object_storage import BUCKET
from whatsapp.models import PhoneNumber

PHOTO, SOUND = samples.picture(), samples.sound()
OLD = timedelta(hours=2)
_ids = itertools.count(7_700_000_000_000_000)


def put(folder: Path, key: str, content: bytes = PHOTO, age: timedelta = OLD) -> str:
    """An object that was written so long ago."""
    moment = time.time() - age.total_seconds()
    storage = media_storage()
    if isinstance(storage, PrivateS3Storage):
        # rclone takes a file's time from here, as it writes it; changed behind its back it would refuse to read.
        client = storage.connection.meta.client
        name = f"{storage.location}/{key}"
        client.put_object(Bucket=BUCKET, Key=name, Body=content, Metadata={"mtime": str(moment)})
        return key
    storage.put(key, io.BytesIO(content), content_type="application/octet-stream")
    os.utime(folder / key, (moment, moment))
    return key


class Planter:
    """Rows and objects as they are when all is well; tests then spoil one."""

    def __init__(self, folder: Path, number: PhoneNumber) -> None:
        self.folder, self.number = folder, number

    def message(self, kind: str = "image", sent: timedelta = OLD, **columns: Any) -> Message:
        message = admin_rows.message(self.number, "", kind=kind, sent_at=timezone.now() - sent, **columns)
        Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - sent)
        return message

    def stored(self, *, sent: timedelta = OLD, content: bytes = PHOTO, preview: bool = True, **columns: Any) -> Media:
        id = uuid.uuid4()
        defaults: dict[str, Any] = {
            "message": self.message(sent=sent),
            "state": Media.State.STORED,
            "media_id": str(next(_ids)),
            "file": f"media/{id}.jpg",
            "size": len(content),
            "sha256": samples.sha256(content),
            "content_type": "image/jpeg",
            "extension": ".jpg",
            "stored_at": timezone.now() - sent,
            "preview_state": "ready" if preview else "impossible",
        }
        row = Media.objects.create(id=id, **(defaults | columns))
        if preview:
            row.thumbnail.name = put(self.folder, thumbnail_key(row, ""), PHOTO)
            row.save()
        Media.objects.filter(pk=row.pk).update(created_at=timezone.now() - sent)
        if row.file.name:
            put(self.folder, row.file.name, content)
        return row

    def waiting(self, state: str, *, sent: timedelta = OLD, **columns: Any) -> Media:
        row = Media.objects.create(
            message=self.message(sent=sent), **({"state": state, "media_id": str(next(_ids))} | columns)
        )
        Media.objects.filter(pk=row.pk).update(created_at=timezone.now() - sent)
        return row

    def upload(self) -> Upload:
        id = uuid.uuid4()
        put(self.folder, f"uploads/{id}")
        put(self.folder, f"media/{id}.jpg")
        return Upload.objects.create(
            id=id,
            number=self.number,
            kind="image",
            original=f"uploads/{id}",
            original_type="image/jpeg",
            original_size=len(PHOTO),
            file=f"media/{id}.jpg",
            state="ready",
        )


def delete(planter: Planter, key: str | None) -> None:
    media_storage().discard(str(key))


# --- The faults: each plants one, and returns what must be said: (key, row). -----------------------------------------


def missing_fetchable(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    delete(plant, row.file.name)
    return row.file.name or "", str(row.pk)


def missing_lost(plant: Planter) -> tuple[str, str]:
    row = plant.stored(sent=timedelta(days=9))
    delete(plant, row.file.name)
    return row.file.name or "", str(row.pk)


def missing_quarantined(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    delete(plant, row.file.name)
    put(plant.folder, f"quarantine/{row.file.name}")
    return row.file.name or "", str(row.pk)


def under_another_key(plant: Planter) -> tuple[str, str]:
    row = plant.stored(file="whatsapp-media/in/abc.jpg")
    delete(plant, row.file.name)
    put(plant.folder, "whatsapp-media/in/abc.jpg530339869524172.jpeg")
    return row.file.name or "", str(row.pk)


def stored_without_key(plant: Planter) -> tuple[str, str]:
    return "", str(plant.stored(file="").pk)


def thumbnail_missing(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    delete(plant, row.thumbnail.name)
    return row.thumbnail.name or "", str(row.pk)


def playable_missing(plant: Planter) -> tuple[str, str]:
    row = plant.stored(preview=False, preview_state="ready", playable=f"previews/{uuid.uuid4()}.m4a")
    return row.playable.name or "", str(row.pk)


def upload_missing(plant: Planter) -> tuple[str, str]:
    upload = plant.upload()
    delete(plant, upload.original.name)
    return upload.original.name or "", str(upload.pk)


def file_empty(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    put(plant.folder, row.file.name or "", b"")
    return row.file.name or "", str(row.pk)


def size_differs(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    put(plant.folder, row.file.name or "", PHOTO[:-7])
    return row.file.name or "", str(row.pk)


def digest_differs(plant: Planter) -> tuple[str, str]:
    row = plant.stored()
    put(plant.folder, row.file.name or "", PHOTO[:-1] + b"x")
    return row.file.name or "", str(row.pk)


def size_unknown(plant: Planter) -> tuple[str, str]:
    row = plant.stored(size=None)
    return row.file.name or "", str(row.pk)


def shared_file(plant: Planter) -> tuple[str, str]:
    owner = plant.stored()
    other = plant.stored(preview=False, file=owner.file.name)
    return owner.file.name or "", max(str(owner.pk), str(other.pk))


def not_recorded(plant: Planter) -> tuple[str, str]:
    row = plant.waiting("failed", sent=timedelta(days=9))
    return put(plant.folder, f"media/{row.pk}.jpg"), str(row.pk)


def orphan_file(plant: Planter) -> tuple[str, str]:
    return put(plant.folder, f"media/{uuid.uuid4()}.jpg"), ""


def orphan_preview(plant: Planter) -> tuple[str, str]:
    return put(plant.folder, f"previews/{uuid.uuid4()}.webp"), ""


def orphan_upload(plant: Planter) -> tuple[str, str]:
    return put(plant.folder, f"uploads/{uuid.uuid4()}"), ""


def leftover_probe(plant: Planter) -> tuple[str, str]:
    return put(plant.folder, f"doctor/{uuid.uuid4()}.txt"), ""


def unknown_object(plant: Planter) -> tuple[str, str]:
    return put(plant.folder, "media/price list.pdf"), ""


def waiting_too_long(plant: Planter) -> tuple[str, str]:
    row = plant.waiting("retrying", sent=timedelta(days=2), next_try_at=timezone.now(), attempts=9)
    return "", str(row.pk)


def waiting_forever(plant: Planter) -> tuple[str, str]:
    return "", str(plant.waiting("pending", next_try_at=None).pk)


def fetchable(plant: Planter) -> tuple[str, str]:
    return "", str(plant.waiting("failed", sent=timedelta(days=3)).pk)


def preparing_too_long(plant: Planter) -> tuple[str, str]:
    return "", str(plant.waiting("preparing", media_id="").pk)


def preview_waiting(plant: Planter) -> tuple[str, str]:
    row = plant.stored(preview=False, preview_state="none")
    return row.file.name or "", str(row.pk)


def never_examined(plant: Planter) -> tuple[str, str]:
    row = plant.stored(preview=False, sha256="", content_type="")
    return row.file.name or "", str(row.pk)


def message_without_file(plant: Planter) -> tuple[str, str]:
    return "", str(plant.message("document").pk)


FAULTS: list[Callable[[Planter], tuple[str, str]]] = [
    missing_fetchable,
    missing_lost,
    missing_quarantined,
    under_another_key,
    stored_without_key,
    thumbnail_missing,
    playable_missing,
    upload_missing,
    file_empty,
    size_differs,
    digest_differs,
    size_unknown,
    shared_file,
    not_recorded,
    orphan_file,
    orphan_preview,
    orphan_upload,
    leftover_probe,
    unknown_object,
    waiting_too_long,
    waiting_forever,
    fetchable,
    preparing_too_long,
    preview_waiting,
    never_examined,
    message_without_file,
]
#: No machine can tell what is right here.
FOR_PEOPLE = {"shared_file", "unknown_object", "preparing_too_long"}
