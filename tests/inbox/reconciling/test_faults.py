"""Reconciling finds every planted fault and nothing else, on local files and on a real S3 server, and mends them."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Draft, Media, Message, Reconciliation, Upload
from inbox.models.media import thumbnail_key
from inbox.s3 import PrivateS3Storage
from inbox.storage import media_storage
from tests import samples
from tests.inbox import admin_rows
from tests.object_storage import BUCKET, ObjectStorage, object_storage
from whatsapp.models import PhoneNumber

__all__ = ["object_storage"]

PHOTO, SOUND = samples.picture(), samples.sound()
OLD = timedelta(hours=2)
_ids = itertools.count(7_700_000_000_000_000)


@pytest.fixture(params=["local", "s3"])
def folder(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Makes the default storage one of the two, empty. Gives the folder that its objects are files in."""
    if request.param == "local":
        backend, options = "SignedFileSystemStorage", {"location": str(tmp_path / "files")}
        settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": f"inbox.storage.{backend}", "OPTIONS": options}}
        yield tmp_path / "files"
        return
    server: ObjectStorage = request.getfixturevalue("object_storage")
    prefix = uuid.uuid4().hex
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "inbox.s3.PrivateS3Storage", "OPTIONS": server.options | {"location": prefix}}
    }
    yield server.directory / "data" / BUCKET / prefix


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


@pytest.fixture
def planter(folder: Path, number: PhoneNumber) -> Planter:
    """A storage and a database where everything is as it should be, every kind of file among it."""
    planter = Planter(folder, number)
    planter.stored()
    planter.stored(sent=timedelta(days=40), file="whatsapp-media/old/ünï/x.jpg123456789.jpeg")
    row = planter.stored(preview=False)
    row.playable.name = put(folder, f"previews/{row.pk}.m4a", SOUND)
    row.save()
    # On their way: nothing is wrong with any of these.
    planter.waiting("pending", next_try_at=timezone.now())
    planter.waiting("retrying", next_try_at=timezone.now() + timedelta(hours=3), attempts=5)
    planter.waiting("expired", sent=timedelta(days=9))
    planter.waiting("too_large", media_id="")
    fresh = planter.stored(sent=timedelta(minutes=5), preview=False, preview_state="none")
    put(folder, thumbnail_key(fresh, ""))
    put(folder, f"media/{uuid.uuid4()}.jpg", age=timedelta(minutes=5))  # its row is about to be committed
    put(folder, f"quarantine/media/{uuid.uuid4()}.jpg")
    planter.upload()
    admin_rows.message(number, "no file at all")
    return planter


def run(**options: Any) -> dict[str, Any]:
    output = io.StringIO()
    with contextlib.suppress(SystemExit):  # with 1 while a fault is left
        call_command("reconcile", as_json=True, stdout=output, stderr=io.StringIO(), **options)
    report: dict[str, Any] = json.loads(output.getvalue())
    return report


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


@pytest.mark.django_db(transaction=True)
class ReconcileTests:
    def test_nothing_is_wrong_where_nothing_is_wrong(self, planter: Planter) -> None:
        report = run(digests=True)
        assert report["faults"] == []
        assert report["counts"] == {}

    def test_pages_of_documents_are_known_by_their_keys(self, planter: Planter) -> None:
        row = planter.stored()
        put(planter.folder, f"previews/{row.pk}/3.webp")
        stray = put(planter.folder, f"previews/{uuid.uuid4()}/3.webp")
        assert [(fault["code"], fault["key"]) for fault in run()["faults"]] == [("orphan_preview", stray)]

    def test_it_finds_every_planted_fault_and_nothing_else(self, planter: Planter) -> None:
        planted = {(plant.__name__, *plant(planter)) for plant in FAULTS}
        assert len(planted) == len(FAULTS) > 20
        report = run(digests=True)
        assert {(fault["code"], fault["key"], fault["row"]) for fault in report["faults"]} == planted
        assert report["counts"] == {plant.__name__: 1 for plant in FAULTS}

    def test_it_changes_nothing_unless_told_to(self, planter: Planter) -> None:
        for plant in FAULTS:
            plant(planter)
        before = _everything(planter)
        run(digests=True)
        run()
        assert _everything(planter) == before

    def test_applying_mends_what_can_be(self, planter: Planter) -> None:
        planted = {plant.__name__: plant(planter) for plant in FAULTS}
        report = run(digests=True, apply=True)
        assert report["mended"] == {name: 1 for name in planted if name not in FOR_PEOPLE}
        objects = {item.key for item in media_storage().objects()}
        rows = {name: Media.objects.filter(pk=row).first() for name, (_, row) in planted.items() if _is_uuid(row)}
        again = {"missing_fetchable", "stored_without_key", "file_empty", "size_differs", "digest_differs", "fetchable"}
        for name in again:
            row = rows[name]
            assert row is not None
            assert row.state == "retrying", name
            assert ProcrastinateJob.objects.filter(task_name="fetch_media", args__media_id=str(row.pk)).count() == 1
        lost = rows["missing_lost"]
        assert lost is not None
        assert (lost.state, "gone" in lost.error) == ("expired", True)
        moved = rows["under_another_key"]
        assert moved is not None
        assert moved.file.name == "whatsapp-media/in/abc.jpg530339869524172.jpeg"
        adopted = rows["not_recorded"]
        assert adopted is not None
        assert (adopted.state, adopted.sha256) == ("stored", samples.sha256(PHOTO))
        for name in ("orphan_file", "orphan_preview", "orphan_upload", "leftover_probe"):
            key = planted[name][0]
            assert key not in objects
            assert f"quarantine/{key}" in objects
        assert planted["missing_quarantined"][0] in objects
        assert planted["unknown_object"][0] in objects
        assert Media.objects.get(message_id=planted["message_without_file"][1]).state == "failed"
        assert Upload.objects.get(pk=planted["upload_missing"][1]).state == "refused"

    def test_no_object_is_ever_lost(self, planter: Planter) -> None:
        for plant in FAULTS:
            plant(planter)
        contents = _contents(planter)
        run(digests=True, apply=True)
        run(digests=True, apply=True)
        assert _contents(planter) == contents

    def test_it_exits_with_1_while_a_fault_is_left(self, planter: Planter) -> None:
        call_command("reconcile", stdout=io.StringIO(), stderr=io.StringIO())
        orphan_file(planter)
        with pytest.raises(SystemExit) as ended:
            call_command("reconcile", stdout=io.StringIO(), stderr=io.StringIO())
        assert ended.value.code == 1
        call_command("reconcile", "--apply", stdout=io.StringIO(), stderr=io.StringIO())

    def test_an_announced_file_is_adopted_only_when_it_is_the_one(self, planter: Planter) -> None:
        row = planter.waiting("failed", sent=timedelta(days=9), sha256="0" * 64)
        put(planter.folder, f"media/{row.pk}.jpg")
        assert run(apply=True)["mended"] == {}
        row.refresh_from_db()
        assert row.state == "failed"

    def test_the_days_say_what_came_and_what_is_whole(self, planter: Planter) -> None:
        report = run()
        today = [day for day in report["days"] if day["day"] == (timezone.now() - OLD).date().isoformat()]
        assert [day["number"] for day in today] == ["Norte Service"]
        assert today[0]["files"] > today[0]["stored"] > 0

    def test_the_report_is_kept(self, planter: Planter) -> None:
        key, _ = orphan_file(planter)
        run()
        kept = Reconciliation.objects.get()
        assert kept.counts == {"orphan_file": 1}
        assert kept.finished_at is not None
        assert [fault.key for fault in kept.faults.all()] == [key]

    def test_a_draft_keeps_its_files(self, planter: Planter, number: PhoneNumber) -> None:
        assert Draft.objects.count() == 0
        upload = planter.upload()
        assert run(apply=True)["faults"] == []
        assert default_storage.exists(upload.file.name or "")


def _is_uuid(text: str) -> bool:
    return len(text) == 36


def _everything(planter: Planter) -> Any:
    return (
        sorted(Media.objects.values_list()),
        sorted(Message.objects.values_list("pk", "changed_xid")),
        sorted(Upload.objects.values_list("pk", "state")),
        ProcrastinateJob.objects.count(),
        _contents(planter, names=True),
    )


def _contents(planter: Planter, *, names: bool = False) -> list[Any]:
    files = [path for path in planter.folder.rglob("*") if path.is_file()]
    return sorted((path.name if names else "", samples.sha256(path.read_bytes())) for path in files)
