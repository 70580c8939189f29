"""The sample tables, in every form: the report that their README promises, and the rows that people then see."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from inbox.media.previews import preview_jobs
from inbox.models import Contact, ContactIdentity, Conversation, ImportedItem, Media, Message
from tests.inbox.operations.dynamodb_import.conftest import INCOMING, OUTGOING, SAMPLES
from whatsapp.models import PhoneNumber

CONTACTS, FILES = SAMPLES / "contact_scan.json", SAMPLES / "mediafile_scan.json"
FORMS = ["message_scan.json", "message_export_plain.jsonl", "s3_export"]

#: By the number of the sample in the README: what is said of it.
PROMISED = {
    ("message", "no_sender_name"): [1],
    ("message", "media_id_is_row"): [2, 3, 5],
    ("message", "key_with_suffix"): [2, 4, 5],
    ("message", "found_by_prefix"): [3],
    ("message", "no_media_id"): [4],
    ("message", "stale_address"): [5],
    ("message", "name_from_content"): [5],
    ("message", "aws_message_id"): [6, 7, 8],
    ("message", "kind_from_file"): [7, 8],
    ("message", "guessable_key"): [8],
    ("message", "no_message_id"): [9, 10],
    ("message", "number_guessed"): [9],
    ("message", "file_without_key"): [9],
    ("message", "kind_unknown"): [9],
    ("message", "fate_unknown"): [10],
    ("message", "orphan_contact"): [10],
    ("contact", "unnamed_contact"): 1,
    ("contact", "deleted_contact"): 1,
    ("contact", "duplicate_contact"): 1,
}


def key(sample: int) -> str:
    letter = "a" if sample <= 5 else "b" if sample <= 9 else "c"
    return f"{letter}{sample:07}-0000-4000-8000-{sample:012}"


def run(*sources: Any, **options: Any) -> dict[str, Any]:
    output = io.StringIO()
    options = {"contacts": [str(CONTACTS)], "media_files": [str(FILES)]} | options
    for name in ("contacts", "media_files"):
        options[name] = list(map(str, options[name]))
    call_command("import_dynamodb", *map(str, sources), as_json=True, stdout=output, stderr=io.StringIO(), **options)
    report: dict[str, Any] = json.loads(output.getvalue())
    return report


def said(report: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {
        (problem["table"], problem["code"]): problem["samples"] if problem["table"] == "message" else problem["count"]
        for problem in report["problems"]
    }


def promised() -> dict[tuple[str, str], Any]:
    return {
        place: [key(sample) for sample in samples] if isinstance(samples, list) else samples
        for place, samples in PROMISED.items()
    }


def message(sample: int) -> Message:
    item = ImportedItem.objects.get(table="message", key=key(sample))
    return Message.objects.select_related("conversation__contact", "number").get(pk=item.message_id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket", "first", "second")
class SamplesTests:
    @pytest.mark.parametrize("form", FORMS)
    def test_it_gives_the_report_that_the_readme_promises(self, form: str) -> None:
        report = run(SAMPLES / form)
        assert said(report) == promised()
        assert report["items"]["message"] == {"imported": 9, "held": 1}
        assert report["items"]["contact"] == {"imported": 2, "left_out": 1}
        assert report["files"] == {"named": 6, "found": 6}

    @pytest.mark.parametrize("form", FORMS)
    def test_a_dry_run_says_the_same_and_writes_nothing(self, form: str) -> None:
        report = run(SAMPLES / form, dry_run=True)
        assert said(report) == promised()
        for model in (Message, Contact, Conversation, Media, ImportedItem):
            assert model.objects.count() == 0
        again = run(SAMPLES / form)
        assert (again["problems"], again["items"], again["held"]) == (
            report["problems"],
            report["items"],
            report["held"],
        )

    def test_what_is_held_back_is_listed_with_its_raw_item(self) -> None:
        [held] = run(SAMPLES / "message_scan.json")["held"]
        assert held["key"] == key(10)
        assert held["reasons"] == ["Its contact is in no table, and no other message of the contact has a phone."]
        items = json.loads((SAMPLES / "message_scan.json").read_text())["Items"]
        assert json.loads(held["raw"]) == items[9]

    def test_repeating_it_in_other_forms_changes_nothing(self) -> None:
        first = run(SAMPLES / "message_scan.json")
        before = _everything()
        for form in FORMS:
            report = run(SAMPLES / form)
            assert (report["problems"], report["items"]) == (first["problems"], first["items"])
            assert _everything() == before

    def test_a_page_of_a_scan_is_called_a_part(self) -> None:
        [source, *_] = run(SAMPLES / "message_scan_page1_api_shape.json")["sources"]
        assert source["items"] == 4
        assert "only a part of the table" in source["warning"]

    def test_messages_become_what_they_were(self, first: PhoneNumber, second: PhoneNumber) -> None:
        run(SAMPLES / "message_scan.json")
        told = [(one.kind, one.direction, one.text, one.status, one.number.name) for one in map(message, range(1, 10))]
        assert told == [
            ("text", "inbound", "Hello, is the shop open?", "", "Shop"),
            ("image", "inbound", "", "", "Shop"),
            ("image", "inbound", "broken hinge", "", "Shop"),
            ("audio", "inbound", "", "", "Shop"),
            ("document", "inbound", "", "", "Office"),
            ("text", "outbound", "Yes, until 18:00", "sent", "Shop"),
            ("image", "outbound", "our map", "sent", "Shop"),
            ("document", "outbound", "", "delivered", "Office"),
            ("document", "outbound", "video for you", "failed", "Office"),
        ]
        assert message(1).wamid.startswith("wamid.")
        assert (message(6).wamid, message(6).provider_message_id) == ("", "2abadc50-b548-4045-82d1-f5bdd677ea8d")
        assert message(9).error == "ThrottledRequestException: Rate exceeded"
        assert message(8).delivered_at is not None
        assert int(message(1).sent_at.timestamp()) == 1768924000
        assert int(message(1).created_at.timestamp()) == 1768924001

    def test_files_are_adopted_where_they_lie(self) -> None:
        run(SAMPLES / "message_scan.json")
        rows = {sample: Media.objects.get(message=message(sample)) for sample in (2, 3, 4, 5, 7, 8, 9)}
        assert [(rows[sample].file.name, rows[sample].media_id) for sample in (3, 4, 7, 8)] == [
            (f"{INCOMING}/{key(3)}.jpg530339869524172.jpeg", "530339869524172"),
            (f"{INCOMING}/{key(4)}.ogg530339869524173.ogg", "530339869524173"),
            (f"{OUTGOING}/{key(7)}.jpg", "1952146902351927"),
            ("media/invoice.pdf", "3335476809959640"),
        ]
        assert rows[5].file_name == "Report (Final) – №7.pdf"
        assert rows[4].voice
        assert rows[9].state == "failed"
        for row in rows.values():
            if row.state == "stored":
                preview_jobs.make(row.pk)
                row.refresh_from_db()
                assert (row.preview_state, len(row.sha256)) == ("ready", 64)
        assert [rows[sample].content_type for sample in (2, 4, 5)] == ["image/jpeg", "audio/ogg", "application/pdf"]

    def test_people_become_one_contact_each(self) -> None:
        run(SAMPLES / "message_scan.json")
        assert sorted(Contact.objects.values_list("phone", "profile_name")) == [
            ("+14255550150", "Diego"),
            ("+14255550160", "Ana"),
        ]
        assert ContactIdentity.objects.count() == 2

    def test_history_opens_no_window_and_counts_nothing_unread(self) -> None:
        run(SAMPLES / "message_scan.json")
        for conversation in Conversation.objects.all():
            assert (conversation.unread_count, conversation.window_closes_at) == (0, None)
        shop = message(1).conversation
        assert (shop.last_message_id, shop.last_message_preview) == (message(7).pk, "our map")

    def test_contacts_given_later_bring_back_what_was_held(self, tmp_path: Path) -> None:
        run(SAMPLES / "message_scan.json", contacts=[])
        extra = {
            "Items": [{"contactId": {"S": "00000000-dead-4000-8000-000000000000"}, "phone": {"S": "+1 425 555 0170"}}]
        }
        (tmp_path / "contacts.json").write_text(json.dumps(extra))
        report = run(SAMPLES / "message_scan.json", contacts=[tmp_path / "contacts.json"])
        # The console's message names no number, and nothing else of that contact does.
        assert [item["reasons"] for item in report["held"]] == [
            ["It names none of our numbers, and neither do the contact's other messages."]
        ]


def _everything() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for model in (Message, Contact, ContactIdentity, Conversation, Media, ImportedItem, PhoneNumber)
    ]
