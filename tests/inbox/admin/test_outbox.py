"""The outbox in the admin: what waits and why, sending again, and taking back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from inbox.models import Agent, Conversation, Message
from tests.inbox.thread_rows import conversation, message
from tests.simulated import Phone, deliver_all, queue_text
from whatsapp.models import PhoneNumber


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def press(client: Client, message: Message, act: str) -> str:
    return client.post(reverse(f"admin:inbox_message_{act}", args=[message.pk]), follow=True).content.decode()


class OutboxPageTests:
    def test_it_says_what_waits_and_why(self, signed_in: Client, phone: Phone) -> None:
        message = queue_text(phone.writes())
        phone.faults(refuse=131056)
        deliver_all()

        page = signed_in.get("/admin/inbox/outboxentry/").content.decode()

        assert f"Message {message.pk}" in page
        assert "Too many messages to this customer" in page

    def test_files_that_nobody_sent_are_listed(self, signed_in: Client, phone: Phone) -> None:
        assert signed_in.get("/admin/inbox/upload/").status_code == 200


class ActTests:
    def test_a_failed_message_is_sent_again(self, signed_in: Client, phone: Phone) -> None:
        message = queue_text(phone.writes())
        phone.faults(refuse=131026)
        deliver_all()
        phone.settle()
        phone.faults(refuse=0)

        assert "sent again as message" in press(signed_in, message, "resend")
        assert "no longer applies" in press(signed_in, message, "resend")
        deliver_all()

        assert [one["leaf"]["text"]["body"] for one in phone.shows() if one["status"] != "failed"] == ["Good morning!"]

    def test_failures_are_dismissed_one_by_one_and_many_at_once(self, signed_in: Client, number: PhoneNumber) -> None:
        rows = [message(conversation(number), "Hello", direction="outbound", status="failed") for _ in range(3)]
        fine = message(rows[0].conversation, "Hello", direction="outbound")

        assert "Dismissed 1 of 1" in press(signed_in, rows[0], "dismiss")
        selected = {"action": "dismiss_selected", "_selected_action": [row.pk for row in [*rows, fine]]}
        page = signed_in.post(reverse("admin:inbox_message_changelist"), selected, follow=True)

        assert "Dismissed 2 of 4" in page.content.decode()
        assert not Conversation.objects.failed().exists()

    def test_a_queued_message_is_taken_back(self, signed_in: Client, phone: Phone) -> None:
        message = queue_text(phone.writes())

        assert "Cancelled before sending." in press(signed_in, message, "cancel")
        deliver_all()

        assert phone.shows() == []
