"""What a program learns of people whom only other numbers know: nothing, also after it wrote to their phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.models import Contact, ContactIdentity, Conversation
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import MessageTemplate, PhoneNumber

pytestmark = pytest.mark.django_db

PHONE = "+351912345678"
SECRETS = ("Amara", "amara.okafor")


@pytest.fixture
def theirs(other_number: PhoneNumber) -> Contact:
    """Somebody who writes to another number."""
    talk = conversation(
        other_number,
        "Amara Okafor",
        phone=PHONE,
        username="amara.okafor",
        marketing_stopped_at=timezone.now(),
        created_at=timezone.now() - timedelta(days=400),
    )
    ContactIdentity.objects.create(contact=talk.contact, kind="wa_id", value=PHONE[1:])
    message(talk, "Good morning", sender_name="Amara Okafor")
    return talk.contact


@pytest.fixture
def template(number: PhoneNumber) -> dict[str, Any]:
    MessageTemplate.objects.create(
        waba_id=number.waba_id,
        name="hello",
        language="en",
        status="APPROVED",
        components=[{"type": "BODY", "text": "Hello"}],
    )
    return {"phone": PHONE, "template": {"name": "hello", "language": "en"}}


def send(api: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/api/whatsapp/send", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    found: dict[str, Any] = answer.json()
    return found


def everything(api: Client, sent: dict[str, Any]) -> list[str]:
    """All that the API says of the person, by every way that leads there."""
    paths = (
        "contacts",
        f"contacts?phone={PHONE}",
        f"contacts/{sent['contactId']}",
        "conversations",
        f"conversations?contactId={sent['contactId']}",
        f"conversations/{sent['conversationId']}",
        "messages",
        f"messages?phone={PHONE}",
        f"messages/{sent['messageId']}",
    )
    answers = [api.get(f"/api/{path}") for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return [answer.content.decode() for answer in answers]


class StrangerTests:
    def test_before_it_wrote_a_program_sees_nobody(self, api: Client, theirs: Contact) -> None:
        assert api.get("/api/contacts").json()["contacts"] == []
        assert api.get(f"/api/contacts/{theirs.pk}").status_code == 404

    def test_a_program_that_wrote_to_a_phone_learns_nothing_that_others_know(
        self, api: Client, stranger: Client, theirs: Contact, template: dict[str, Any]
    ) -> None:
        sent = send(api, template)
        assert sent["contactId"] == str(theirs.pk)
        for answer in everything(api, sent):
            assert not any(secret in answer for secret in SECRETS)
            assert "Good morning" not in answer
        found = api.get(f"/api/contacts/{theirs.pk}").json()
        assert (found["name"], found["username"], found["marketingStoppedAt"]) == ("", None, None)
        assert found["phone"] == PHONE
        assert found["conversationIds"] == [sent["conversationId"]]
        assert found["createdAt"] > (timezone.now() - timedelta(days=1)).timestamp()
        # The other number's program is not affected.
        known = stranger.get(f"/api/contacts/{theirs.pk}").json()
        assert (known["name"], known["username"]) == ("Amara Okafor", "amara.okafor")

    def test_once_they_answer_they_are_known(
        self, api: Client, number: PhoneNumber, theirs: Contact, template: dict[str, Any]
    ) -> None:
        sent = send(api, template)
        message(Conversation.objects.get(pk=sent["conversationId"]), "Hello yourself")
        assert api.get(f"/api/contacts/{theirs.pk}").json()["name"] == "Amara Okafor"
        assert api.get(f"/api/conversations/{sent['conversationId']}").json()["name"] == "Amara Okafor"

    def test_a_contact_of_its_own_is_known_before_they_answer(self, api: Client, number: PhoneNumber) -> None:
        """From the phone book of the number's own phone app, or from an import."""
        talk = conversation(number, "Bruno Reis", phone="+351911111111")
        message(talk, "Hello", direction="outbound")
        assert api.get("/api/contacts").json()["contacts"][0]["name"] == "Bruno Reis"
        assert api.get("/api/conversations").json()["conversations"][0]["name"] == "Bruno Reis"

    def test_a_program_of_both_numbers_knows_them(
        self,
        api: Client,
        program: Any,
        other_number: PhoneNumber,
        theirs: Contact,
        template: dict[str, Any],
        number: Any,
    ) -> None:
        program.numbers.add(other_number)
        send(api, {**template, "numberId": str(number.pk)})
        assert api.get(f"/api/contacts/{theirs.pk}").json()["name"] == "Amara Okafor"

    @pytest.mark.parametrize("size", [3, 30])
    def test_a_page_costs_the_same_however_long(
        self,
        api: Client,
        number: PhoneNumber,
        other_number: PhoneNumber,
        size: int,
        django_assert_max_num_queries: Any,
    ) -> None:
        for person in range(size):
            talk = conversation(number, f"Person {person}", phone=f"+35191200{person:04}")
            Conversation.objects.create(number=other_number, contact=talk.contact)
        with django_assert_max_num_queries(10):
            assert len(api.get("/api/contacts?limit=100").json()["contacts"]) == size
        with django_assert_max_num_queries(8):
            assert len(api.get("/api/conversations?limit=100").json()["conversations"]) == size
