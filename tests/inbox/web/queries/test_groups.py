"""What is known of a group: its members, its description, its state."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inbox.models import Agent, Contact, ContactIdentity, Conversation, Message
from inbox.web.queries import groups
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

VERA = {"wa_id": "351915550123", "user_id": "PT.1", "name": "+351915550123"}
RUI = {"user_id": "PT.2", "name": "@rui"}


@pytest.fixture
def workshop(number: PhoneNumber) -> Conversation:
    return conversation(number, "Workshop", phone=None, is_group=True)


def step(workshop: Conversation, word: str, *people: dict[str, str], **parts: Any) -> Message:
    payload = {"type": "group", "step": word, "people": list(people)} | parts
    return message(workshop, kind="system", payload=payload)


def of(workshop: Conversation) -> groups.Group:
    found = groups.of(workshop)
    assert found is not None
    return found


class GroupTests:
    def test_who_joined_and_did_not_leave_is_a_member(self, workshop: Conversation) -> None:
        step(workshop, "joined", VERA, RUI)
        assert of(workshop).members == ["+351 915 550 123", "@rui"]
        step(workshop, "left", RUI)
        assert of(workshop).members == ["+351 915 550 123"]
        step(workshop, "joined", RUI)
        step(workshop, "removed", VERA)
        assert of(workshop).members == ["@rui"]

    def test_who_writes_is_a_member_under_their_name_and_only_once(self, workshop: Conversation) -> None:
        step(workshop, "joined", VERA)
        vera = Contact.objects.create(profile_name="Vera Card", phone="+351915550123")
        ContactIdentity.objects.create(contact=vera, kind="wa_id", value="351915550123")
        ContactIdentity.objects.create(contact=vera, kind="user_id", scope="1", value="PT.1")
        message(workshop, "Hello", author=vera)
        assert of(workshop).members == ["Vera Card"]
        step(workshop, "left", {"user_id": "PT.1", "name": "PT.1"})
        assert of(workshop).members == []

    def test_who_only_asks_to_join_is_no_member(self, workshop: Conversation) -> None:
        step(workshop, "asked", VERA)
        assert of(workshop).members == []

    def test_its_description_and_state_are_the_newest(self, workshop: Conversation) -> None:
        step(workshop, "created", description="Frames")
        step(workshop, "settings", description="Frames and glasses")
        step(workshop, "suspended")
        assert (of(workshop).description, of(workshop).state) == ("Frames and glasses", "Suspended by WhatsApp")
        step(workshop, "unsuspended")
        assert of(workshop).state == ""

    def test_a_person_is_no_group(self, number: PhoneNumber) -> None:
        assert groups.of(conversation(number)) is None

    def test_the_details_show_it(self, client: Client, alice: Agent, workshop: Conversation) -> None:
        step(workshop, "created", description="Frames <b>")
        step(workshop, "joined", VERA)
        client.force_login(alice)
        html = client.get(f"/conversations/{workshop.pk}/").content.decode()
        assert "Members" in html
        assert "<bdi>+351 915 550 123</bdi>" in html
        assert "Frames &lt;b&gt;" in html
