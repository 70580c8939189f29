"""Every sample through the journal into rows, twice: our own, and those beside the repository when they are there."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from inbox import access
from inbox.models import Contact, ContactIdentity, Conversation, Media, Message, PendingStatus, Reaction, Revision
from inbox.receiving import pipeline
from tests.whatsapp.parse.support import FIXTURES, SHARED
from whatsapp.models import MessageTemplate, Notification, NumberUpdate, PhoneNumber

OWN = sorted(path.stem for path in FIXTURES.glob("*.json"))
META = sorted(path.name for path in (SHARED / "meta").glob("*.json"))
HOSTILE = sorted(path.name for path in (SHARED / "adversarial").glob("[0-9]*"))

#: After every time in the samples, so that none of them lies in the future whatever our clock says.
RECEIVED = datetime(2026, 12, 1, tzinfo=UTC)
#: The hostile samples' time of most messages: 1795340000.
SENT = datetime.fromtimestamp(1795340000, UTC)

PARKED = {
    "08_int_5000_digits.json",
    "09_nan_infinity.json",
    "10_deep_nesting_20000.json",
    "12_utf16_bom_body.bin",
    "13_invalid_utf8.bin",
}
#: Samples with parts that are left out, and how many.
PROBLEMS = {
    "15_wrong_types_everywhere.json": 9,
    "18_unknown_field_change.json": 1,
    "23_batch_one_poison.json": 1,
    "39_sns_forgeries.json": 1,
    "call_event_of_the_future.json": 1,
    "consumer_profile.json": 1,
    "metadocs-syntax__calls_status_ringingacceptedrejected__1.json": 1,
    "metadocs-syntax__request_welcome__1.json": 1,
    "metadocs-syntax__smb_app_state_sync__1.json": 1,
    "metadocs-syntax__smb_app_state_sync__2.json": 1,
    "metadocs-syntax__smb_app_state_sync__3.json": 1,
    "metadocs__calls_status_ringingacceptedrejected__1.json": 1,
    "metadocs__user_actions_link_click__1.json": 1,
    "nothing_known.json": 1,
    "request_welcome.json": 1,
    "status_of_the_future.json": 1,
    "tracking_events.json": 1,
    "unknown_field.json": 1,
    "user_actions.json": 1,
    "user_id_update.json": 1,
}

pytestmark = pytest.mark.django_db


def deliver(body: bytes) -> Notification:
    """One body through the journal, as it is afterwards."""
    notification = Notification.objects.create(provider="meta", body=body, received_at=RECEIVED)
    pipeline.drain()
    notification.refresh_from_db()
    return notification


def rows() -> dict[str, list[dict[str, Any]]]:
    """Everything that receiving writes, but for the journal's own numbers."""
    written = {
        model.__name__: list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for model in (Contact, ContactIdentity, Conversation, Media, Message, PendingStatus, Reaction, Revision)
    }
    written |= {
        model.__name__: list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for model in (MessageTemplate, NumberUpdate, PhoneNumber)
    }
    for row in [row for table in written.values() for row in table]:
        for bookkeeping in ("changed_xid", "updated_at"):
            row.pop(bookkeeping, None)
    return written


def hostile(name: str) -> bytes:
    (path,) = (SHARED / "adversarial").glob(f"{name}*")
    return path.read_bytes()


@pytest.fixture
def number_of_samples(db: None) -> PhoneNumber:
    """The number that the hostile samples are sent to."""
    return PhoneNumber.objects.create(
        phone_number_id="900000000000001", waba_id="800000000000001", display_number="+1 555 010 0001"
    )


def ours(number: PhoneNumber, wamid: str) -> Message:
    """A message of ours to the samples' customer."""
    contact = Contact.objects.create(phone="+15550109999")
    ContactIdentity.objects.create(contact=contact, kind="wa_id", value="15550109999")
    conversation = Conversation.objects.create(number=number, contact=contact)
    return Message.objects.create(
        number=number,
        conversation=conversation,
        direction="outbound",
        kind="text",
        origin="agent",
        wamid=wamid,
        status="sending",
        sent_at=SENT,
    )


class OwnSamplesTests:
    @pytest.mark.parametrize("name", OWN)
    def test_each_is_processed_and_a_second_delivery_changes_no_row(
        self, number: PhoneNumber, other_number: PhoneNumber, name: str
    ) -> None:
        body = (FIXTURES / f"{name}.json").read_bytes()
        first = deliver(body)
        assert (first.state, first.error, len(first.problems)) == ("processed", "", PROBLEMS.get(f"{name}.json", 0))
        before = rows()
        second = deliver(body + b" ")  # not the same bytes, or it would not even be read
        assert (second.state, second.problems) == ("processed", first.problems)
        assert rows() == before

    def test_all_of_them_in_one_batch_are_what_they_are_one_by_one(
        self, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        stored = [
            Notification(provider="meta", body=(FIXTURES / f"{name}.json").read_bytes(), received_at=RECEIVED)
            for name in OWN
        ]
        Notification.objects.bulk_create(stored + copy.deepcopy(stored))
        pipeline.drain()
        assert set(Notification.objects.values_list("state", flat=True)) == {"processed"}
        kinds = set(Message.objects.values_list("kind", flat=True))
        assert kinds >= {"text", "image", "video", "audio", "document", "sticker", "location", "contacts"}
        assert kinds >= {"interactive", "button", "order", "system", "call", "unsupported", "unknown"}
        assert len(set(Message.objects.values_list("number_id", "wamid"))) == Message.objects.count()

    def test_no_value_in_any_place_is_refused_by_the_database(
        self, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        bodies = [body for name in OWN for body in spoiled(json.loads((FIXTURES / f"{name}.json").read_bytes()))]
        # Ids of their own, or each would be a redelivery of the one before.
        stored = (
            Notification(
                provider="meta",
                body=body.replace(b"wamid.", b"wamid.%d." % index).replace(b"wacid.", b"wacid.%d." % index),
                received_at=RECEIVED,
            )
            for index, body in enumerate(bodies)
        )
        Notification.objects.bulk_create(stored)
        pipeline.drain()
        assert list(Notification.objects.exclude(state="processed").values_list("error", flat=True)) == []


def spoiled(document: dict[str, Any]) -> Iterator[bytes]:
    """The document with one part replaced, once for each part: numbers by a huge one, the rest by this and that."""

    def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
        yield path
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in children:
            yield from places(child, (*path, key))

    suspects = ["\0\ud800", "x" * 1000, 1.5, [{}]]
    for index, (*path, last) in enumerate(list(places(document))[1:]):
        changed = copy.deepcopy(document)
        parent: Any = changed
        for key in path:
            parent = parent[key]
        parent[last] = 10**30 if type(parent[last]) is int else suspects[index % len(suspects)]
        yield json.dumps(changed).encode()


@pytest.mark.skipif(not META, reason="The folder of shared samples is not beside the repository.")
class SharedSamplesTests:
    @pytest.mark.parametrize("name", [*(f"meta/{name}" for name in META), *(f"adversarial/{name}" for name in HOSTILE)])
    def test_each_ends_as_it_should_and_a_second_delivery_changes_no_row(
        self, number_of_samples: PhoneNumber, name: str
    ) -> None:
        path = Path(SHARED / name)
        body = path.read_bytes()
        first = deliver(body)
        assert first.state == ("parked" if path.name in PARKED else "processed")
        assert len(first.problems) == PROBLEMS.get(path.name, 0)
        assert bytes(first.body) == body
        before = rows()
        deliver(body + b" ")
        assert rows() == before


@pytest.mark.skipif(not HOSTILE, reason="The folder of shared samples is not beside the repository.")
class HostileSamplesTests:
    """What MANIFEST.json says about rows."""

    @pytest.fixture(autouse=True)
    def entered(self, number_of_samples: PhoneNumber) -> None:
        self.number = number_of_samples

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("01", "pay\ufffdload"),
            ("03", "broken \ufffd emoji \ufffd"),
            ("05", "\u202egpj.exe\u202c \u2066x\u2069"),
        ],
    )
    def test_text_is_stored_as_sent_but_for_what_postgresql_refuses(self, name: str, text: str) -> None:
        notification = deliver(hostile(name))
        message = Message.objects.get()
        assert (message.text, message.sent_at, message.bad_timestamp) == (text, SENT, False)
        assert bytes(notification.body) == hostile(name)

    def test_05_a_name_is_stored_as_sent(self) -> None:
        deliver(hostile("05"))
        name = json.loads(hostile("05"))["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"]
        assert Contact.objects.get().profile_name == Message.objects.get().sender_name == name

    def test_06_an_impossible_time_becomes_the_time_of_receipt(self) -> None:
        deliver(hostile("06"))
        message = Message.objects.get()
        assert (message.bad_timestamp, message.sent_at) == (True, RECEIVED)

    @pytest.mark.parametrize("name", sorted(PARKED))
    def test_08_to_13_what_cannot_be_read_is_parked_with_its_reason_and_writes_nothing(self, name: str) -> None:
        before = rows()
        notification = deliver(hostile(name))
        assert notification.state == "parked"
        assert notification.error.endswith(".")
        assert rows() == before

    def test_15_wrong_types_are_each_recorded_and_write_nothing(self) -> None:
        before = rows()
        notification = deliver(hostile("15"))
        assert [problem["path"] for problem in notification.problems][:3] == ["entry[0]", "entry[1]", "entry[2]"]
        assert all(problem["reason"].endswith(".") for problem in notification.problems)
        assert rows() == before

    def test_17_an_unknown_kind_is_a_visible_message_that_opens_the_window(self) -> None:
        notification = deliver(hostile("17"))
        message = Message.objects.select_related("conversation").get()
        assert (message.kind, message.payload) == ("unknown", {"type": "hologram"})
        assert message.notification_id == notification.pk
        assert message.conversation.unread_count == 1
        assert message.conversation.window_closes_at == SENT + timedelta(hours=24)

    def test_18_an_unknown_field_is_counted_and_has_no_effect(self) -> None:
        def counted() -> float:
            return REGISTRY.get_sample_value("inbox_events_total", {"kind": "Unrecognized"}) or 0

        before, count = rows(), counted()
        assert deliver(hostile("18")).state == "processed"
        assert rows() == before
        assert counted() == count + 1

    def test_19_without_a_phone_the_user_id_keys_the_conversation(self) -> None:
        deliver(hostile("19"))
        contact = Conversation.objects.get().contact
        assert (contact.phone, contact.username) == (None, "ada.t")
        identity = contact.identities.get()
        assert (identity.kind, identity.scope, identity.value) == (
            "user_id",
            "800000000000001",
            "US.1234567890123456",
        )

    def test_20_an_unknown_number_is_in_no_inbox(self, alice: Any, admin: Any) -> None:
        deliver(hostile("20"))
        message = Message.objects.select_related("number").get()
        assert message.number.phone_number_id == "999999999999999"
        assert message.number.state == PhoneNumber.State.UNKNOWN
        assert not access.messages_visible_to(alice).exists()
        assert not access.messages_visible_to(admin).exists()

    def test_21_one_wamid_on_two_numbers_is_two_messages(self) -> None:
        deliver(hostile("21"))
        found = Message.objects.order_by("text").values_list("number__phone_number_id", "wamid", "text")
        assert list(found) == [
            ("900000000000001", "wamid.TEST21", "A"),
            ("900000000000002", "wamid.TEST21", "B"),
        ]

    def test_23_one_bad_leaf_never_loses_its_siblings(self) -> None:
        notification = deliver(hostile("23"))
        assert list(Message.objects.in_order().values_list("text", flat=True)) == ["good 1", "good 2"]
        assert notification.problems == [
            {"path": "entry[0].changes[0].value.messages[1]", "reason": "It has no usable message id."}
        ]
        assert PendingStatus.objects.get().wamid == "wamid.OUT999"

    def test_24_read_before_sent_is_read_with_all_three_times(self) -> None:
        message = ours(self.number, "wamid.OUT24")
        deliver(hostile("24"))
        message.refresh_from_db()
        assert message.status == "read"
        times = [message.accepted_at, message.delivered_at, message.read_at]
        assert times == [SENT + timedelta(seconds=seconds) for seconds in (10, 11, 12)]

    def test_25_a_status_waits_for_the_message_whose_id_comes_later(self) -> None:
        deliver(hostile("25"))
        assert PendingStatus.objects.get().wamid == "wamid.OUT25"
        message = ours(self.number, "wamid.OUT25")
        assert pipeline.settle_waiting_statuses() == 1
        message.refresh_from_db()
        assert (message.status, message.delivered_at) == ("delivered", SENT + timedelta(seconds=10))
        assert not PendingStatus.objects.exists()

    def test_26_a_failure_after_delivery_keeps_the_ticks_and_the_error(self) -> None:
        message = ours(self.number, "wamid.OUT26")
        deliver(hostile("26"))
        message.refresh_from_db()
        assert message.status == "delivered"
        assert (message.error_code, message.error) == (131026, "<img src=x onerror=alert(1)>")
        assert message.failed_at == SENT + timedelta(seconds=12)

    def test_28_a_reaction_waits_for_its_message(self) -> None:
        deliver(hostile("28"))
        reaction = Reaction.objects.get()
        assert (reaction.target_wamid, reaction.message_id, reaction.emoji) == ("wamid.NEVERSEEN", None, "👍")
        deliver(hostile("01").replace(b"wamid.TEST1", b"wamid.NEVERSEEN"))
        reaction.refresh_from_db()
        assert reaction.message_id == Message.objects.get().pk

    @pytest.mark.parametrize("order", [("01", "30"), ("30", "01")])
    def test_30_the_later_word_wins_and_no_reaction_is_left(self, order: tuple[str, str]) -> None:
        for name in order:
            deliver(hostile(name))
        reaction = Reaction.objects.get()
        assert (reaction.emoji, reaction.message_id) == ("", Message.objects.get(wamid="wamid.TEST1").pk)

    def test_32_a_file_name_is_kept_only_as_metadata(self) -> None:
        deliver(hostile("32"))
        messages = json.loads(hostile("32"))["entry"][0]["changes"][0]["value"]["messages"]
        sent = [leaf["document"]["filename"].replace("\0", "\ufffd")[:1024] for leaf in messages]
        media = list(Media.objects.order_by("message__wamid"))
        assert sorted(file.file_name for file in media) == sorted(sent)
        for file in media:
            assert (file.file.name, file.extension, file.content_type) == ("", "", "")

    def test_33_what_looks_like_a_formula_is_stored_as_sent(self) -> None:
        deliver(hostile("33"))
        messages = json.loads(hostile("33"))["entry"][0]["changes"][0]["value"]["messages"]
        assert sorted(Message.objects.values_list("text", flat=True)) == sorted(
            leaf["text"]["body"] for leaf in messages
        )
        assert Contact.objects.get().profile_name == "=cmd|' /C calc'!A0"

    def test_35_a_declared_type_is_only_what_was_declared(self) -> None:
        deliver(hostile("35"))
        declared = Media.objects.order_by("media_id").values_list("mime_type", "content_type", "animated")
        assert list(declared) == [
            ("image/svg+xml", "", False),
            ("image/jpeg", "", False),
            ("image/webp", "", False),
            ("audio/ogg", "", False),
        ]
