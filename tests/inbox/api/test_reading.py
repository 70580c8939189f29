"""What programs read: messages, contacts, conversations, files, templates and numbers, and only their own."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Media, Program
from inbox.sending import outbox
from tests.inbox.thread_rows import NOON, conversation, media, message, thread
from tests.servers import WebServer
from whatsapp.models import MessageTemplate, PhoneNumber
from whatsapp.providers.base import ProviderError

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[str]:
    return [row["messageId"] for row in answer.json()["messages"]]


class MessagesTests:
    def test_it_works(self, api: Client, number: PhoneNumber) -> None:
        number.aws_phone_number_id = "phone-number-id-1"
        number.save()
        row = message(conversation(number), "Hello", sender_phone="+351912345678", sender_name="Amara")
        (found,) = api.get("/api/messages").json()["messages"]
        assert found["messageId"] == str(row.pk)
        assert found["channel"] == "whatsapp"
        assert found["direction"] == "inbound"
        assert found["content"] == "Hello"
        assert found["timestamp"] == int(NOON.timestamp())
        assert found["status"] == "received"
        assert found["senderPhone"] == "+351912345678"
        assert found["senderName"] == "Amara"
        assert found["awsPhoneNumberId"] == "phone-number-id-1"
        assert found["wamid"] == found["whatsappMessageId"] == row.wamid

    def test_it_pages_without_repeating_or_missing_one(self, api: Client, number: PhoneNumber) -> None:
        # All of one moment, so that only the id tells them apart.
        rows = thread(conversation(number), 7, step=timedelta(0))
        for path in ("/api/messages?limit=3", f"/api/messages?limit=3&conversationId={rows[0].conversation_id}"):
            seen, cursor = [], ""
            while cursor is not None:
                answer = api.get(path + (f"&cursor={cursor}" if cursor else ""))
                seen += ids(answer)
                cursor = answer.json()["nextCursor"]
            assert seen == [str(row.pk) for row in reversed(rows)]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("direction=inbound", {"a", "c"}),
            ("direction=outbound", {"b", "d"}),
            ("kind=image", {"c"}),
            ("media=true", {"c"}),
            ("media=false", {"a", "b", "d"}),
            ("status=failed", {"d"}),
            ("status=received", {"a", "c"}),
            ("phone=%2B351911111111", {"a", "b"}),
            ("phone=351911111111", {"a", "b"}),
            ("phone=911111111", {"a", "b"}),
            ("phone=%2B351922222222&direction=inbound", {"c"}),
        ],
    )
    def test_it_filters(self, query: str, expected: set[str], api: Client, number: PhoneNumber) -> None:
        one = conversation(number, phone="+351911111111")
        two = conversation(number, phone="+351922222222")
        message(one, "a")
        message(one, "b", direction="outbound")
        media(two, text="c")
        message(two, "d", direction="outbound", status="failed")
        found = api.get(f"/api/messages?{query}").json()["messages"]
        assert {row["content"] for row in found} == expected

    def test_it_finds_what_came_since(self, api: Client, number: PhoneNumber) -> None:
        thread(conversation(number), 5, step=timedelta(hours=1))
        for moment in (
            "2026-11-20T15:00:00Z",
            "2026-11-20T16:00:00%2B01:00",
            "2026-11-19T16:00:00-23:00",
            "1795186800",
        ):
            found = api.get(f"/api/messages?since={moment}").json()["messages"]
            assert [row["content"] for row in found] == ["Message 5", "Message 4"]
        found = api.get("/api/messages?until=2026-11-20T13:00:00Z").json()["messages"]
        assert [row["content"] for row in found] == ["Message 1"]

    def test_it_finds_what_came_since_though_older_ones_moved_in_later(self, api: Client, number: PhoneNumber) -> None:
        row = conversation(number)
        for hour in (6, 7, 3, 1, 5, 2, 4):
            message(row, f"At {hour}", at=NOON + timedelta(hours=hour))
        for since, until in itertools.product(range(1, 9), repeat=2):
            times = {"since": NOON + timedelta(hours=since), "until": NOON + timedelta(hours=until)}
            answer, cursor = [], ""
            while cursor is not None:
                page = api.get("/api/messages", {**times, "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
                answer += [one["content"] for one in page["messages"]]
                cursor = page["nextCursor"]
            assert answer == [f"At {hour}" for hour in range(7, 0, -1) if since <= hour < until]

    def test_it_costs_the_same_for_three_and_for_thirty(
        self, api: Client, number: PhoneNumber, django_assert_num_queries: Any
    ) -> None:
        thread(conversation(number), 30)
        api.get("/api/messages?limit=3")
        for size in (3, 30):
            with django_assert_num_queries(3):
                assert len(api.get(f"/api/messages?limit={size}").json()["messages"]) == size

    def test_it_tells_why_a_message_failed(self, api: Client, number: PhoneNumber) -> None:
        row = message(conversation(number), "Hi", direction="outbound", status="failed", error_code=131047)
        found = api.get(f"/api/messages/{row.pk}").json()
        assert found["error"]["code"] == 131047
        assert "24 hours" in found["error"]["message"]
        assert found["error"]["next"].startswith("You can only send a template")

    def test_it_answers_in_english_whatever_the_caller_prefers(self, api: Client, number: PhoneNumber) -> None:
        row = message(conversation(number), "Hi", direction="outbound", status="failed", error_code=131047)
        for path in (f"/api/messages/{row.pk}", "/api/messages?limit=0", "/api/contacts?phone=1"):
            plain, german = api.get(path), api.get(path, headers={"Accept-Language": "de"})
            assert german.content == plain.content

    def test_it_says_nothing_of_what_was_deleted(self, api: Client, number: PhoneNumber) -> None:
        row = message(conversation(number), "regretted", revoked_at=NOON)
        found = api.get(f"/api/messages/{row.pk}").json()
        assert found["content"] == ""
        assert found["deletedAt"] == int(NOON.timestamp())

    def test_it_hides_the_messages_of_other_numbers(self, api: Client, stranger: Client, number: PhoneNumber) -> None:
        row = message(conversation(number), "Ours")
        assert ids(stranger.get("/api/messages")) == []
        assert ids(stranger.get(f"/api/messages?conversationId={row.conversation_id}")) == []
        missing = stranger.get("/api/messages/999999999")
        hidden = stranger.get(f"/api/messages/{row.pk}")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json() == missing.json()


class MediaTests:
    def test_its_address_leads_to_the_bytes(self, web_server: WebServer, api: Client, number: PhoneNumber) -> None:
        key = default_storage.save("media/photo.jpg", ContentFile(b"\xff\xd8\xff the photo"))
        row = media(
            conversation(number), state="stored", file=key, content_type="image/jpeg", media_id="530339869524171"
        )
        headers = {"Authorization": api.defaults["HTTP_AUTHORIZATION"]}
        for name in (row.pk, "530339869524171"):
            found = requests.get(f"{web_server.url}/api/media/{name}", headers=headers, timeout=10).json()
            assert found["s3Key"] == key
            assert found["mediaId"] == "530339869524171"
            assert requests.get(found["mediaUrl"], timeout=10).content == b"\xff\xd8\xff the photo"
        (listed,) = requests.get(f"{web_server.url}/api/messages", headers=headers, timeout=10).json()["messages"]
        assert requests.get(listed["mediaUrl"], timeout=10).headers["Content-Type"] == "image/jpeg"

    def test_it_says_why_there_is_no_file(self, api: Client, number: PhoneNumber) -> None:
        row = media(conversation(number), state="expired", error="WhatsApp no longer has this file.")
        found = api.get(f"/api/media/{row.pk}").json()
        assert found["mediaState"] == "expired"
        assert found["mediaError"] == "WhatsApp no longer has this file."
        assert found["mediaUrl"] is None

    def test_it_hides_the_files_of_other_numbers(self, stranger: Client, number: PhoneNumber) -> None:
        row = media(conversation(number), media_id="530339869524171")
        for name in (row.pk, "530339869524171", "nothing", "%00", "0" * 300):
            assert stranger.get(f"/api/media/{name}").status_code in (404, 422)
        assert Media.objects.filter(pk=row.pk).exists()


class PeopleTests:
    def test_it_lists_contacts_with_their_conversations(self, api: Client, number: PhoneNumber) -> None:
        first, second = conversation(number, "Amara"), conversation(number, "Bela", phone="+351900000001")
        found = api.get("/api/contacts?limit=1").json()
        assert [(row["name"], row["conversationIds"]) for row in found["contacts"]] == [("Bela", [str(second.pk)])]
        found = api.get(f"/api/contacts?limit=1&cursor={found['nextCursor']}").json()
        assert [row["name"] for row in found["contacts"]] == ["Amara"]
        assert found["nextCursor"] is None
        assert api.get(f"/api/contacts/{first.contact_id}").json()["phone"] == "+351912345678"
        assert [row["name"] for row in api.get("/api/contacts?phone=351900000001").json()["contacts"]] == ["Bela"]

    def test_it_finds_a_brazilian_phone_with_and_without_its_nine(self, api: Client, number: PhoneNumber) -> None:
        conversation(number, "Caio", phone="+551187654321")
        found = api.get("/api/contacts?phone=%2B5511987654321").json()["contacts"]
        assert [row["name"] for row in found] == ["Caio"]

    def test_it_lists_conversations_with_their_newest_message_first(self, api: Client, number: PhoneNumber) -> None:
        old, new = conversation(number), conversation(number)
        message(new, "newer", at=NOON + timedelta(hours=1))
        message(old, "older")
        old.unread_count = 2
        old.save(update_fields=["unread_count"])
        found = api.get("/api/conversations").json()["conversations"]
        assert [row["lastMessage"] for row in found] == ["newer", "older"]
        unread = api.get("/api/conversations?unread=true").json()["conversations"]
        assert [(row["conversationId"], row["unreadCount"]) for row in unread] == [(str(old.pk), 2)]
        assert api.get(f"/api/conversations/{new.pk}").json()["windowOpen"] is False

    def test_it_lists_failures_until_they_are_dismissed(
        self, api: Client, stranger: Client, number: PhoneNumber
    ) -> None:
        failed, fine = conversation(number), conversation(number)
        row = message(failed, "Hello", direction="outbound", status="failed")
        message(fine, "Hello", direction="outbound")
        (found,) = api.get("/api/conversations?failed=true").json()["conversations"]
        assert found["conversationId"] == str(failed.pk)
        assert found["oldestFailureAt"] == int(row.sent_at.timestamp())
        assert stranger.post(f"/api/messages/{row.pk}/dismiss").status_code == 404
        for _ in range(2):
            answer = api.post(f"/api/messages/{row.pk}/dismiss")
            assert answer.status_code == 200
            assert answer.json()["dismissedAt"]
        assert api.get("/api/conversations?failed=true").json()["conversations"] == []
        assert api.post(f"/api/messages/{fine.last_message_id}/dismiss").status_code == 422

    def test_it_hides_the_people_of_other_numbers(self, stranger: Client, number: PhoneNumber) -> None:
        row = conversation(number)
        assert stranger.get("/api/contacts").json()["contacts"] == []
        assert stranger.get("/api/conversations").json()["conversations"] == []
        assert stranger.get(f"/api/contacts/{row.contact_id}").status_code == 404
        assert stranger.get(f"/api/conversations/{row.pk}").status_code == 404


class NumbersTests:
    def test_it_lists_numbers_and_their_templates(self, api: Client, stranger: Client, number: PhoneNumber) -> None:
        MessageTemplate.objects.create(waba_id=number.waba_id, name="hi", language="en_US", status="APPROVED")
        MessageTemplate.objects.create(waba_id="somewhere else", name="ho", language="en_US", status="APPROVED")
        (found,) = api.get("/api/numbers").json()["numbers"]
        assert found["phoneNumberId"] == number.phone_number_id
        assert "TEST-TOKEN" not in api.get("/api/numbers").content.decode()
        (template,) = api.get("/api/templates").json()["templates"]
        assert template["name"] == "hi"
        assert template["numberIds"] == [str(number.pk)]
        assert api.get("/api/templates?status=pending").json()["templates"] == []

    def test_templates_of_an_account_that_is_new_here_are_asked_for(self, api: Client, number: PhoneNumber) -> None:
        waiting = ProcrastinateJob.objects.filter(task_name="sync_templates_of")
        for _ in range(2):
            assert api.get("/api/templates").json() == {"templates": []}
        assert waiting.get().args == {"waba_id": number.waba_id}
        waiting.delete()
        MessageTemplate.objects.create(waba_id=number.waba_id, name="hi", language="en_US", status="APPROVED")
        api.get("/api/templates")
        assert not waiting.exists()

    def test_a_number_that_whatsapp_refuses_is_paused_with_the_reason(self, api: Client, number: PhoneNumber) -> None:
        def told() -> dict[str, Any]:
            (found,) = api.get("/api/numbers").json()["numbers"]
            return {name: found[name] for name in ("state", "pausedReason")}

        assert told() == {"state": "connected", "pausedReason": None}
        outbox.pause(number, ProviderError("refused", code=190), "The access token has expired.")
        assert told() == {"state": "paused", "pausedReason": "The access token has expired."}
        outbox.resume(number)
        assert told() == {"state": "connected", "pausedReason": None}
        PhoneNumber.objects.update(state="paused")
        assert told() == {"state": "paused", "pausedReason": "An administrator paused it."}

    def test_a_program_of_all_numbers_sees_later_ones_too(
        self, api: Client, program: Program, other_number: PhoneNumber
    ) -> None:
        assert len(api.get("/api/numbers").json()["numbers"]) == 1
        program.all_numbers = True
        program.save()
        PhoneNumber.objects.create(phone_number_id="2000000003", state=PhoneNumber.State.UNKNOWN)
        assert len(api.get("/api/numbers").json()["numbers"]) == 2
