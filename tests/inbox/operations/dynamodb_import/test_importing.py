"""Imports that are interrupted, repeated, overlap with webhooks, bring news, or copy their files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.media.storage import media_storage
from inbox.media.storage.local import SignedFileSystemStorage
from inbox.models import ImportedItem, Media, Message, OutboxEntry
from inbox.operations import dynamodb_import
from inbox.operations.dynamodb_import import copying, sources
from inbox.operations.dynamodb_import.records import dumped
from inbox.receiving import pipeline
from tests import payloads, samples
from tests.inbox import admin_rows
from tests.inbox.operations.dynamodb_import.conftest import OBJECTS, SAMPLES
from whatsapp.models import PhoneNumber

WAMID = "wamid.HBgLMTQyNTU1NTAxNTAVAgASGBQzQTAwMDAwMDAwMDAwMDAwMDAwMQA="


def item(key: str, **columns: str) -> dict[str, Any]:
    defaults = {
        "messageId": key,
        "direction": "outbound",
        "timestamp": "2026-01-20T16:00:00Z",
        "status": "sent",
        "content": "Good morning",
        "whatsappMessageId": "2abadc50-b548-4045-82d1-f5bdd677ea8d",
        "awsPhoneNumberId": "phone-number-id-976c72a700aac43eaf573ae050e1a2b3",
        "contactId": "c-1",
    }
    return {name: {"S": value} for name, value in (defaults | columns).items() if value}


def run(folder: Path, *items: Any, entries: list[Any] | None = None, **options: Any) -> dict[str, Any]:
    lines = entries if entries is not None else [{"Item": one} for one in items]
    (folder / "messages.jsonl").write_bytes(b"".join(dumped(line) + b"\n" for line in lines))
    contact = {"contactId": {"S": "c-1"}, "phone": {"S": "+14255550150"}}
    (folder / "contacts.jsonl").write_bytes(dumped({"Item": contact}) + b"\n")
    output = io.StringIO()
    options = {"contacts": [str(folder / "contacts.jsonl")], "as_json": True} | options
    call_command("import_dynamodb", str(folder / "messages.jsonl"), stdout=output, stderr=io.StringIO(), **options)
    report: dict[str, Any] = json.loads(output.getvalue())
    return report


def codes(report: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in report["problems"] if problem["table"] == "message"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage", "first", "second")
class InterruptedTests:
    @pytest.mark.parametrize("at", ["Reading", "Listing", "Contacts", "Messages"])
    def test_an_interrupted_import_goes_on_to_the_same_end(self, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
        monkeypatch.setattr("inbox.operations.dynamodb_import.messages.BATCH", 3)
        monkeypatch.setattr("inbox.media.storage.inventory.PROGRESS_EVERY", 1)
        for key, content in OBJECTS.items():
            media_storage().put(key, io.BytesIO(content), content_type="")

        def stop(what: str, done: int, total: int | None) -> None:
            if what.startswith(at):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            dynamodb_import.run(_opened(), media_storage(), stop, adopt=True)
        report = dynamodb_import.run(_opened(), media_storage(), lambda *_: None, adopt=True)
        assert report.items["message"] == {"imported": 9, "held": 1}
        assert Message.objects.count() == 9
        assert Media.objects.filter(state="stored").count() == 6

    def test_nothing_is_queued_for_sending(self, tmp_path: Path) -> None:
        run(tmp_path, item("m-1"), item("m-2", status="PENDING"), item("m-3", status="queued"))
        assert list(Message.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "unknown", "unknown"]
        assert OutboxEntry.objects.count() == 0
        assert ProcrastinateJob.objects.exclude(task_name="make_previews").count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage", "second")
class EndsTests:
    def test_our_messages_are_from_us_and_theirs_from_them(self, tmp_path: Path, first: PhoneNumber) -> None:
        run(tmp_path, item("m-1"), item("m-2", direction="inbound", status=""))
        ours, theirs = "+12065550100", "+14255550150"
        ends = {row.direction: (row.sender_phone, row.receiving_phone) for row in Message.objects.all()}
        assert ends == {"outbound": (ours, theirs), "inbound": (theirs, ours)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage", "first", "second")
class NewsTests:
    def test_a_newer_export_moves_a_status_on_and_an_older_one_never_back(self, tmp_path: Path) -> None:
        for status, expected in (("sent", "sent"), ("read", "read"), ("delivered", "read"), ("sent", "read")):
            run(tmp_path, item("m-1", status=status))
            assert Message.objects.get().status == expected
        assert Message.objects.get().read_at is not None

    def test_the_newest_write_wins_whatever_the_order_of_exports(self, tmp_path: Path) -> None:
        def entry(written: int, content: str) -> dict[str, Any]:
            return {
                "Metadata": {"WriteTimestampMicros": {"N": str(written)}},
                "Keys": {"messageId": {"S": "m-1"}},
                "NewImage": item("m-1", content=content),
            }

        run(tmp_path, entries=[entry(2_000_000, "second"), entry(1_000_000, "first")])
        assert Message.objects.get().text == "second"
        run(tmp_path, entries=[entry(1_500_000, "between")])
        assert json.loads(bytes(ImportedItem.objects.get(table="message").raw))["content"] == {"S": "second"}

    def test_what_is_deleted_there_stays_here(self, tmp_path: Path) -> None:
        run(tmp_path, item("m-1"))
        keys = {"messageId": {"S": "m-1"}}
        gone = {"Metadata": {"WriteTimestampMicros": 9}, "Keys": keys, "OldImage": item("m-1")}
        unseen = {"Metadata": {"WriteTimestampMicros": 9}, "Keys": {"messageId": {"S": "m-2"}}}
        seen_late = {
            "Metadata": {"WriteTimestampMicros": 9},
            "Keys": {"messageId": {"S": "m-3"}},
            "OldImage": item("m-3", content="expired"),
        }
        report = run(tmp_path, entries=[gone, unseen, seen_late])
        assert sorted(Message.objects.values_list("text", flat=True)) == ["Good morning", "expired"]
        assert ImportedItem.objects.get(key="m-1").deleted
        assert [(held["key"], len(held["reasons"])) for held in report["held"]] == [("m-2", 1)]

    def test_a_message_that_came_by_webhook_is_one_message(self, tmp_path: Path, first: PhoneNumber) -> None:
        admin_rows.notification(
            payloads.notification(
                payloads.message(id=WAMID, **{"from": "14255550150"}), phone_number_id=first.phone_number_id
            )
        )
        pipeline.drain()
        before = Message.objects.values().get()
        old = item("m-1", direction="inbound", whatsappMessageId=WAMID, senderPhone="14255550150", status="received")
        assert "already_here" in codes(run(tmp_path, old))
        assert "already_here" in codes(run(tmp_path, old))
        assert Message.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage")
class NumberTests:
    def test_a_number_that_nobody_entered_waits_as_unknown(self, tmp_path: Path) -> None:
        assert "unknown_number" in codes(run(tmp_path, item("m-1")))
        number = PhoneNumber.objects.get()
        assert (number.state, number.aws_phone_number_id) == (
            "unknown",
            "phone-number-id-976c72a700aac43eaf573ae050e1a2b3",
        )
        run(tmp_path, item("m-1"), item("m-2"))
        assert PhoneNumber.objects.count() == 1

    def test_the_digits_win_over_the_id(self, tmp_path: Path, first: PhoneNumber, second: PhoneNumber) -> None:
        PhoneNumber.objects.filter(pk=second.pk).update(aws_phone_number_id="phone-number-id-ff")
        assert "number_conflict" in codes(run(tmp_path, item("m-1", receivingPhone="12065550101")))
        assert Message.objects.get().number == second

    def test_the_arn_names_the_same_number(self, tmp_path: Path, first: PhoneNumber) -> None:
        arn = "arn:aws:social-messaging:us-east-1:1:phone-number-id/phone-number-id-976c72a700aac43eaf573ae050e1a2b3"
        run(tmp_path, item("m-1", awsPhoneNumberId=arn))
        assert Message.objects.get().number == first


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage", "first", "second")
class CopyTests:
    def test_files_are_brought_over_once(self, tmp_path: Path) -> None:
        old = tmp_path / "old"
        for key, content in OBJECTS.items():
            path = old / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for _ in range(2):
            output = io.StringIO()
            call_command(
                "import_dynamodb",
                str(SAMPLES / "message_scan.json"),
                contacts=[str(SAMPLES / "contact_scan.json")],
                media_files=[str(SAMPLES / "mediafile_scan.json")],
                media=str(old),
                copy_media=True,
                stdout=output,
                stderr=io.StringIO(),
            )
            rows = Media.objects.filter(state="stored")
            assert sorted(row.sha256 for row in rows) == sorted(map(samples.sha256, OBJECTS.values()))
            assert {row.file.name for row in rows} == {item.key for item in media_storage().objects()}
            assert all((row.file.name or "").startswith(f"media/{row.pk}") for row in rows)

    def test_one_that_vanished_or_finds_no_room_says_so_and_the_others_come(
        self, tmp_path: Path, settings: Any, first: PhoneNumber
    ) -> None:
        old = tmp_path / "old"
        rows = []
        for name in ("vanished.jpg", "here.jpg"):
            row = samples.waiting_media(first, next_try_at=None)
            ImportedItem.objects.create(table="message", key=name, message_id=row.message_id, found_key=name, raw=b"{}")
            rows.append(row)
        old.mkdir()
        (old / "here.jpg").write_bytes(samples.picture())
        source: Any = SignedFileSystemStorage(location=str(old))

        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "unmounted")
        assert copying.copy(source, lambda _: None) == (0, 2)
        assert ["temporary file" in error for error in Media.objects.values_list("error", flat=True)] == [True, True]
        settings.FILE_UPLOAD_TEMP_DIR = None
        assert copying.copy(source, lambda _: None) == (1, 1)
        for row in rows:
            row.refresh_from_db()
        assert rows[0].error == "The file is gone from the old storage."
        assert rows[1].state == Media.State.STORED

    def test_keys_of_another_storage_cannot_stay(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        with pytest.raises(CommandError, match="add --copy-media"):
            run(tmp_path, item("m-1"), media=str(tmp_path / "old"))


def _opened() -> dict[str, list[sources.Source]]:
    names = {"message": "message_scan.json", "contact": "contact_scan.json", "file": "mediafile_scan.json"}
    return {table: sources.open_source(str(SAMPLES / name)) for table, name in names.items()}
