"""Around every page: whose it is."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.models import Agent, Conversation, Draft
from tests.inbox.thread_rows import conversation
from whatsapp.models import PhoneNumber


@pytest.mark.django_db
class SameAgentTests:
    @pytest.fixture
    def amara(self, number: PhoneNumber) -> Conversation:
        return conversation(number)

    def write(self, client: Client, amara: Conversation, whose: Agent) -> int:
        headers = {"X-Agent": str(whose.pk), "HX-Request": "true"}
        return client.post(f"/conversations/{amara.pk}/draft/", {"text": "Hello"}, headers=headers).status_code

    def test_a_page_of_somebody_else_changes_nothing(
        self, client: Client, alice: Agent, bob: Agent, amara: Conversation
    ) -> None:
        client.force_login(bob)
        assert self.write(client, amara, alice) == 403
        assert not Draft.objects.exists()
        assert self.write(client, amara, bob) in (200, 204)
        assert Draft.objects.get().agent == bob

    def test_who_is_signed_out_is_led_to_the_login(self, client: Client, alice: Agent, amara: Conversation) -> None:
        assert self.write(client, amara, alice) == 302
