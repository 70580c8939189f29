"""Whatever an item says: reading never breaks, nothing is dropped, and the order of items makes no difference."""

from __future__ import annotations

import io
import json
import random
import string
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.media.storage import media_storage
from inbox.models import Contact, Conversation, ImportedItem, Media, Message
from inbox.operations import dynamodb_import
from inbox.operations.dynamodb_import import kinds, reading, sources
from inbox.operations.dynamodb_import.problems import HOLDING, SENTENCES
from inbox.operations.dynamodb_import.records import UnreadableItemError, dumped, plain
from whatsapp.models import PhoneNumber

NOW = datetime(2026, 11, 22, tzinfo=UTC)
#: Any text, with what PostgreSQL refuses and what terminals obey.
HOSTILE = st.text(st.characters(), max_size=40) | st.sampled_from(["\0", "\ud800", "\u202e", "[Image]", "x" * 3000])
NUMBERS = st.integers(-(10**20), 10**20).map(str) | st.sampled_from(["NaN", "Infinity", "1e400", "-0", "1768924000.5"])
SCALARS = st.one_of(
    HOSTILE.map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": number}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.binary(max_size=9).map(lambda blob: {"B": blob}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: {"L": items})
        | st.dictionaries(HOSTILE, inner, max_size=2).map(lambda items: {"M": items})
    ),
    max_leaves=3,
)
#: What no DynamoDB writes.
NONSENSE = st.none() | st.integers() | HOSTILE | st.lists(VALUES, max_size=2) | st.just({"S": 5}) | st.just({"X": "y"})
NAMES = (
    *("id", "messageId", "contactId", "channel", "direction", "timestamp", "createdAt", "expiresAt", "content"),
    *("messageType", "status", "statusUpdatedAt", "errorDetails", "whatsappMessageId", "mediaId", "s3Key", "mediaUrl"),
    *("senderPhone", "senderName", "receivingPhone", "awsPhoneNumberId"),
)


def text(*choices: str) -> st.SearchStrategy[dict[str, str]]:
    return st.sampled_from(choices).map(lambda choice: {"S": choice})


#: Items that look like the real ones, in few enough variants that they meet each other.
LIKELY = st.fixed_dictionaries(
    {"messageId": st.sampled_from(string.ascii_lowercase[:12]).map(lambda letter: {"S": f"m-{letter}"})},
    optional={
        "contactId": text("c-1", "c-2", "c-3"),
        "direction": text("inbound", "OUTBOUND", "sideways"),
        "channel": text("whatsapp", "WHATSAPP", "sms"),
        "timestamp": st.sampled_from([{"N": "1768924000"}, {"N": "1768924060000"}, {"S": "2026-01-20T16:00:00Z"}]),
        "createdAt": st.just({"N": "1768924001"}),
        "content": text("hello", "[Image]", "a.pdf", "\ud800\0") | HOSTILE.map(lambda words: {"S": words}),
        "messageType": text("text", "image", "document", "sticker", "location"),
        "status": text("received", "sent", "DELIVERED", "read", "failed", "PENDING", "?"),
        "whatsappMessageId": text("wamid.A", "wamid.B", "wamid.C", "2abadc50-b548-4045-82d1-f5bdd677ea8d"),
        "mediaId": text("f-1", "1952146902351927"),
        "s3Key": text("in/a.jpg", "in/b.jpg", "in/" + "k" * 1100, "media/a.pdf"),
        "senderPhone": text("14255550150", "+1 425 555 0160", "5"),
        "receivingPhone": text("12065550100", "12065550101"),
        "awsPhoneNumberId": text("phone-number-id-976c72a700aac43eaf573ae050e1a2b3", "phone-number-id-ff"),
    },
)


class ReadingTests:
    @given(st.dictionaries(st.sampled_from(NAMES), VALUES | NONSENSE) | NONSENSE)
    def test_any_item_is_understood_or_refused_with_a_code(self, image: Any) -> None:
        dumped(image).decode("ascii")
        try:
            values = plain(image)
        except UnreadableItemError:
            return
        item = reading.message(values, NOW)
        for code in (*item.problems, *filter(None, (item.refusal, item.left_out))):
            assert code in SENTENCES
        assert item.refusal in HOLDING | {""}
        if not item.refusal:
            assert item.key
            assert item.direction in ("inbound", "outbound")
            assert item.sent_at is not None
            assert reading.EARLIEST <= item.sent_at <= NOW + reading.CLOCK_TOLERANCE
        for words in (item.text, item.name, item.error, item.key, item.object_key):
            words.encode()  # no lone surrogate
            assert "\0" not in words
        file = kinds.old_file(item, None)
        kinds.settle(item, file)
        reading.contact(values, NOW)
        reading.file(values)

    @given(st.integers(1_231_000_000, 1_795_000_000))
    def test_every_form_of_a_time_is_the_same_time(self, epoch: int) -> None:
        at, seconds = datetime.fromtimestamp(epoch, UTC), Decimal(epoch)
        forms = [seconds, str(seconds), seconds * 1000, seconds * 1_000_000, at.isoformat()]
        forms += [at.replace(tzinfo=None).isoformat(), at.isoformat().replace("+00:00", ".000Z")]
        assert {reading.moment(form, NOW) for form in forms} == {at}

    @given(VALUES | st.decimals() | st.text() | st.none())
    def test_no_value_breaks_a_time(self, value: Any) -> None:
        found = reading.moment(value, NOW)
        assert found is None or found <= NOW + reading.CLOCK_TOLERANCE

    @given(st.from_regex(r"\+?[0-9]{6,15}", fullmatch=True))
    def test_a_phone_is_the_same_with_and_without_plus(self, phone: str) -> None:
        assert reading.digits(phone) in (phone.lstrip("+"), phone.lstrip("+").removeprefix("00"), "")

    @given(
        st.sampled_from(["x.jpg", "a/b.mp4", "v.3gp", "n.ogg", "dir/"]), st.from_regex(r"[0-9]{6,32}", fullmatch=True)
    )
    def test_the_media_id_comes_out_of_a_suffixed_key(self, asked: str, media_id: str) -> None:
        found = reading.SUFFIXED.fullmatch(f"{asked}{media_id}.jpeg")
        assert found is not None
        assert (found["asked"], found["media_id"]) == (asked, media_id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("own_storage", "first", "second")
class ImportTests:
    @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(LIKELY, min_size=1, max_size=12), st.randoms(use_true_random=False))
    def test_order_and_repetition_make_no_difference(
        self, tmp_path: Path, items: list[dict[str, Any]], chance: random.Random
    ) -> None:
        items = list({item["messageId"]["S"]: item for item in items}.values())
        contacts = [{"contactId": {"S": "c-1"}, "phone": {"S": "+14255550150"}, "name": {"S": "Diego"}}]
        _empty()
        first = _import(tmp_path, items, contacts)
        assert ImportedItem.objects.filter(table="message").count() == len(items)
        assert not ImportedItem.objects.filter(state="staged").exists()
        for row in ImportedItem.objects.filter(table="message"):
            # Every item is a message, or says why not.
            assert (row.message_id is not None) == (row.state == "imported")
            assert row.state == "imported" or row.problems
        before = _rows()
        assert _import(tmp_path, items, contacts).items == first.items
        assert _rows() == before
        chance.shuffle(items)
        _empty()
        shuffled = _import(tmp_path, items, contacts)
        assert shuffled.items == first.items
        assert sorted(map(str, shuffled.problems)) == sorted(map(str, first.problems))
        assert _rows() == before

    @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES | NONSENSE) | NONSENSE, max_size=6))
    def test_any_nonsense_is_kept(self, tmp_path: Path, items: list[Any]) -> None:
        _empty()
        lines = b"".join(dumped({"Item": item}) + b"\n" for item in items)
        report = _import(tmp_path, lines, [])
        assert sum(report.items.get("message", {}).values()) <= len(items)
        kept = {bytes(row.raw) for row in ImportedItem.objects.all()}
        keyless = [item for item in items if not isinstance(item, dict) or not item.keys() & {"messageId", "id"}]
        for item in keyless:
            assert dumped(item) in kept


def _import(folder: Path, items: Iterable[Any] | bytes, contacts: list[Any]) -> Any:
    path = folder / "items.jsonl"
    path.write_bytes(items if isinstance(items, bytes) else b"".join(dumped({"Item": i}) + b"\n" for i in items))
    people = folder / "contacts.jsonl"
    people.write_bytes(b"".join(dumped({"Item": contact}) + b"\n" for contact in contacts))
    for key in ("in/a.jpg123456789.jpeg", "media/a.pdf"):
        media_storage().put(key, io.BytesIO(b"x"), content_type="")
    opened = {
        "message": sources.open_source(str(path)),
        "contact": sources.open_source(str(people)),
        "file": [],
    }
    return dynamodb_import.run(opened, media_storage(), lambda *_: None, adopt=True)


def _empty() -> None:
    for model in (Media, Message, Conversation, Contact, ImportedItem):
        model.objects.all().delete()
    PhoneNumber.objects.filter(state="unknown").delete()


def _rows() -> list[Any]:
    """What people see, whatever ids it has."""
    names = ("number__phone_number_id", "conversation__contact__phone", "direction", "kind", "text", "wamid", "sent_at")
    return [
        sorted(map(json.dumps, Message.objects.values_list(*names[:-1], "status", "provider_message_id"))),
        sorted(map(str, Contact.objects.values_list("phone", "profile_name"))),
        sorted(map(str, Conversation.objects.values_list("contact__phone", "unread_count", "last_message__text"))),
        sorted(map(str, Media.objects.values_list("file", "state", "message__wamid", "message__text"))),
    ]
