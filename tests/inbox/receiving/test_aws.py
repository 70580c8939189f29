"""Notifications of AWS: unwrapped, mapped to our numbers, and matched to what we sent."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.utils import timezone

from inbox import callback_data
from inbox.models import Contact, Conversation, Message
from inbox.receiving import pipeline
from tests import aws_payloads, payloads
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db


def receive(*bodies: bytes | dict[str, Any] | str) -> list[Notification]:
    """Put these into the journal as AWS's, and work it off."""
    written = []
    for body in bodies:
        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else payloads.encode(body)
        written.append(Notification.objects.create(provider="aws", body=body))
    pipeline.drain()
    return list(Notification.objects.filter(pk__in=[each.pk for each in written]).order_by("pk"))


@pytest.fixture
def aws_number(number: PhoneNumber) -> PhoneNumber:
    number.provider, number.access_token = "aws", ""
    number.aws_phone_number_id, number.aws_region = aws_payloads.AWS_ID, aws_payloads.REGION
    number.save()
    return number


class UnwrapTests:
    @pytest.mark.parametrize("raw", [False, True], ids=["in SNS's envelope", "raw"])
    def test_it_works(self, aws_number: PhoneNumber, raw: bool) -> None:
        event = aws_payloads.event(payloads.message(text={"body": "Olá 🚲 \x00"}))
        (notification,) = receive(event if raw else aws_payloads.published(event))
        assert (notification.state, notification.problems) == ("processed", [])
        message = Message.objects.get()
        assert message.text == "Olá 🚲 �"
        assert message.number == aws_number
        assert message.aws_phone_number_id == aws_payloads.AWS_ID
        assert message.conversation.contact.profile_name == "Amara Okafor"

    def test_an_entry_that_is_an_object_already_is_read_too(self, aws_number: PhoneNumber) -> None:
        event = aws_payloads.event(payloads.message())
        receive(event | {"whatsAppWebhookEntry": json.loads(event["whatsAppWebhookEntry"])})
        assert Message.objects.count() == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"AlarmName": "queue too long", "NewStateValue": "ALARM"},
            aws_payloads.published({"AlarmName": "disk full"}),
            aws_payloads.published("ALARM: disk full on inbox-1"),
            aws_payloads.published('["whatsAppWebhookEntry"]'),
            "plain words, delivered raw",
            "",
        ],
    )
    def test_what_is_not_from_whatsapp_is_kept_and_ignored(
        self, aws_number: PhoneNumber, body: dict[str, Any] | str
    ) -> None:
        (notification,) = receive(body)
        assert (notification.state, notification.problems) == ("processed", [])
        assert not Message.objects.exists()

    @pytest.mark.parametrize("entry", ['{"id": "1", "changes": [', "…"])
    def test_an_entry_that_is_not_json_is_parked(self, aws_number: PhoneNumber, entry: str) -> None:
        (notification,) = receive(aws_payloads.published(aws_payloads.wrap(entry)))
        assert notification.state == "parked"
        assert notification.error.startswith("What AWS wrapped cannot be read. The text is not JSON")

    @pytest.mark.parametrize("entry", ['"text"', "[]", "null"])
    def test_an_entry_of_the_wrong_shape_is_named(self, aws_number: PhoneNumber, entry: str) -> None:
        (notification,) = receive(aws_payloads.published(aws_payloads.wrap(entry)))
        (problem,) = notification.problems
        assert (problem["path"], problem["reason"]) == ("whatsAppWebhookEntry", "This entry is not an object.")

    def test_a_bad_leaf_leaves_its_siblings(self, aws_number: PhoneNumber) -> None:
        event = aws_payloads.event(messages=[payloads.message(), "not a message"])
        (notification,) = receive(aws_payloads.published(event))
        assert notification.problems[0]["path"] == "whatsAppWebhookEntry.changes[0].value.messages[1]"
        assert Message.objects.count() == 1


class NumberTests:
    def test_the_number_is_found_by_its_id_and_not_by_its_place(self, aws_number: PhoneNumber) -> None:
        numbers = {
            "200000000000099": aws_payloads.number_arn(aws_payloads.OTHER_AWS_ID),
            payloads.PHONE_NUMBER_ID: aws_payloads.number_arn(),
        }
        receive(aws_payloads.published(aws_payloads.event(payloads.message(), numbers=numbers)))
        assert Message.objects.get().number == aws_number
        aws_number.refresh_from_db()
        assert aws_number.aws_phone_number_id == aws_payloads.AWS_ID
        assert PhoneNumber.objects.count() == 1

    def test_a_number_entered_without_awss_id_learns_it(self, number: PhoneNumber) -> None:
        number.provider = "aws"
        number.save()
        receive(aws_payloads.body(payloads.message()))
        number.refresh_from_db()
        assert (number.aws_phone_number_id, number.aws_region) == (aws_payloads.AWS_ID, aws_payloads.REGION)
        assert Message.objects.get().aws_phone_number_id == aws_payloads.AWS_ID

    def test_an_id_that_somebody_entered_stays(self, aws_number: PhoneNumber) -> None:
        other = aws_payloads.number_arn(aws_payloads.OTHER_AWS_ID, "us-east-1")
        receive(aws_payloads.body(payloads.message(), numbers={payloads.PHONE_NUMBER_ID: other}))
        aws_number.refresh_from_db()
        assert (aws_number.aws_phone_number_id, aws_number.aws_region) == (aws_payloads.AWS_ID, aws_payloads.REGION)

    def test_a_number_that_nobody_entered_is_awss(self, db: None) -> None:
        receive(aws_payloads.body(payloads.message()))
        found = PhoneNumber.objects.get()
        assert (found.state, found.provider) == ("unknown", "aws")
        assert (found.phone_number_id, found.aws_phone_number_id) == (payloads.PHONE_NUMBER_ID, aws_payloads.AWS_ID)
        assert found.aws_region == aws_payloads.REGION

    def test_one_of_the_replaced_system_gets_metas_id(self, db: None) -> None:
        imported = PhoneNumber.objects.create(
            provider="aws",
            phone_number_id=aws_payloads.AWS_ID,
            aws_phone_number_id=aws_payloads.AWS_ID,
            state="unknown",
        )
        receive(aws_payloads.body(payloads.message()))
        imported.refresh_from_db()
        assert imported.phone_number_id == payloads.PHONE_NUMBER_ID
        assert Message.objects.get().number == imported

    def test_numbers_of_both_providers_live_in_one_batch(
        self, aws_number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        body = payloads.notification(payloads.message(), phone_number_id=other_number.phone_number_id)
        Notification.objects.create(provider="meta", body=payloads.encode(body))
        receive(aws_payloads.body(payloads.message()))
        assert set(Conversation.objects.values_list("number", flat=True)) == {aws_number.pk, other_number.pk}
        other_number.refresh_from_db()
        assert (other_number.provider, other_number.aws_phone_number_id) == ("meta", "")


class StatusTests:
    SENT_ID = "2abadc50-b548-4045-82d1-f5bdd677ea8d"

    def send(self, number: PhoneNumber, **fields: Any) -> Message:
        """A message of ours that AWS took: it has a UUID and no wamid."""
        conversation, _ = Conversation.objects.get_or_create(number=number, contact=Contact.objects.create())
        return Message.objects.create(
            number=number,
            conversation=conversation,
            direction="outbound",
            kind="text",
            origin="agent",
            text="Good morning!",
            sent_at=timezone.now(),
            status="sent",
            provider_message_id=fields.pop("sent_id", self.SENT_ID),
            **fields,
        )

    def test_our_own_id_finds_the_message(self, aws_number: PhoneNumber) -> None:
        token = uuid.uuid4()
        message = self.send(aws_number, client_token=token)
        status = payloads.status("wamid.AWS-1", "delivered", biz_opaque_callback_data=callback_data.of_message(token))
        receive(aws_payloads.body(statuses=[status]))
        message.refresh_from_db()
        assert (message.wamid, message.status) == ("wamid.AWS-1", "delivered")

    def test_awss_id_of_the_send_finds_one_that_has_nothing_else(self, aws_number: PhoneNumber) -> None:
        message = self.send(aws_number)
        receive(aws_payloads.body(statuses=[payloads.status("wamid.AWS-2", "read")], message_id=self.SENT_ID))
        message.refresh_from_db()
        assert (message.wamid, message.status) == ("wamid.AWS-2", "read")

    def test_our_own_id_wins(self, aws_number: PhoneNumber) -> None:
        token = uuid.uuid4()
        right, other = self.send(aws_number, client_token=token, sent_id="another"), self.send(aws_number)
        status = payloads.status("wamid.AWS-3", "sent", biz_opaque_callback_data=callback_data.of_message(token))
        receive(aws_payloads.body(statuses=[status], message_id=self.SENT_ID))
        for message in (right, other):
            message.refresh_from_db()
        assert (right.wamid, other.wamid) == ("wamid.AWS-3", "")

    def test_an_envelope_about_several_messages_names_none(self, aws_number: PhoneNumber) -> None:
        message = self.send(aws_number)
        statuses = [payloads.status("wamid.AWS-4", "sent"), payloads.status("wamid.AWS-5", "sent")]
        receive(aws_payloads.body(statuses=statuses, message_id=self.SENT_ID))
        message.refresh_from_db()
        assert message.wamid == ""

    def test_another_numbers_message_is_not_touched(self, aws_number: PhoneNumber, other_number: PhoneNumber) -> None:
        message = self.send(other_number)
        receive(aws_payloads.body(statuses=[payloads.status("wamid.AWS-6", "read")], message_id=self.SENT_ID))
        message.refresh_from_db()
        assert (message.wamid, message.status) == ("", "sent")
