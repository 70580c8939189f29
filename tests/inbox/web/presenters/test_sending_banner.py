"""What stands above the list about numbers that do not send, or send slowly."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.models import Agent, Conversation, Outbox, OutboxEntry
from tests.inbox.thread_rows import thread
from tests.inbox.web.views.test_conversations import text
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def waiting(conversation: Conversation, count: int) -> None:
    OutboxEntry.objects.bulk_create(
        OutboxEntry(message=message, number_id=conversation.number_id, conversation=conversation)
        for message in thread(conversation, count)
    )


def banner(client: Client, agent: Agent, address: str = "/") -> str:
    client.force_login(agent)
    return text(client.get(address)).split("data-banners")[1].split("</div></div>")[0].split("<div data-rows")[0]


class BannerTests:
    def test_nothing_is_said_while_all_is_well(self, client: Client, alice: Agent, amara: Conversation) -> None:
        waiting(amara, 3)
        assert "Sending from" not in banner(client, alice)

    def test_a_paused_number_says_why_and_how_much_waits(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        waiting(amara, 2)
        Outbox.objects.create(number=amara.number, probe_at=amara.last_message_at, reason="The token is <dead>.")
        said = banner(client, alice)
        assert "is paused." in said
        assert "The token is &lt;dead&gt;. 2 messages are waiting and will be sent." in said

    def test_a_queue_of_seconds_is_told(self, client: Client, alice: Agent, amara: Conversation) -> None:
        PhoneNumber.objects.update(send_rate=5)
        waiting(amara, 30)
        said = banner(client, alice, "/changes/?since=1:1:")
        assert "is slower than usual." in said
        assert "WhatsApp accepts 5 messages a second from it." in said
        assert "30 messages are waiting; sending them takes about 6 s." in said

    def test_other_peoples_numbers_are_not_told_of(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        PhoneNumber.objects.update(send_rate=5)
        waiting(amara, 30)
        assert "Sending from" not in banner(client, charlie)
