"""Reconciling finds every planted fault and nothing else, on local files and on a real S3 server, and mends them."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.media.storage import media_storage
from inbox.models import Draft, Media, Message, Reconciliation, Upload
from inbox.models.media import thumbnail_key
from tests import samples
from tests.inbox import admin_rows
from tests.inbox.operations.reconciliation.planting import (
    FAULTS,
    FOR_PEOPLE,
    OLD,
    PHOTO,
    SOUND,
    Planter,
    orphan_file,
    put,
)
from tests.object_storage import BUCKET, ObjectStorage, object_storage
from whatsapp.models import PhoneNumber

__all__ = ["object_storage"]


@pytest.fixture(params=["local", "s3"])
def folder(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Makes the default storage one of the two, empty. Gives the folder that its objects are files in."""
    if request.param == "local":
        backend, options = "SignedFileSystemStorage", {"location": str(tmp_path / "files")}
        settings.STORAGES = settings.STORAGES | {
            "default": {"BACKEND": f"inbox.media.storage.local.{backend}", "OPTIONS": options}
        }
        yield tmp_path / "files"
        return
    server: ObjectStorage = request.getfixturevalue("object_storage")
    prefix = uuid.uuid4().hex
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "inbox.media.storage.s3.PrivateS3Storage",
            "OPTIONS": server.options | {"location": prefix},
        }
    }
    yield server.directory / "data" / BUCKET / prefix


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
