"""What operators are told while everything runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
import responses
from django.utils import timezone

from inbox.models import Message, Outbox, OutboxEntry, Pace
from inbox.operations import attention
from inbox.sending import delivery, outbox
from tests.inbox import admin_rows
from tests.simulated import Phone, queue_text
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db

GRAPH = "https://graph.facebook.com/v26.0"


def told(area: str) -> list[str]:
    return [concern.sentence for concern in attention.concerns() if concern.area == area]


def waiting(number: PhoneNumber, *, due: float, attempts: int = 0) -> OutboxEntry:
    """A message that was written two minutes ago and is due since ``due`` seconds."""
    message = admin_rows.message(number, "x", direction="outbound", status="queued")
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    return OutboxEntry.objects.create(
        message=message,
        number=number,
        conversation=message.conversation,
        due_at=timezone.now() - timedelta(seconds=due),
        attempts=attempts,
    )


class SendingTests:
    def test_nothing_is_said_while_all_is_well(self, number: PhoneNumber) -> None:
        waiting(number, due=10)
        assert attention.concerns() == []

    def test_messages_that_do_not_leave_within_a_minute_are_told(self, number: PhoneNumber) -> None:
        waiting(number, due=100)
        (concern,) = attention.concerns()
        assert concern.sentence.startswith("Norte Service: Messages are due and not sent, the oldest for ")
        assert "Norte" not in concern.public

    def test_a_number_that_sends_as_fast_as_it_may_is_not_stuck(self, number: PhoneNumber) -> None:
        waiting(number, due=100)
        Pace.objects.create(key=f"number:{number.pk}", full_at=timezone.now())
        assert attention.concerns() == []

    def test_one_that_a_worker_holds_is_not_stuck(self, number: PhoneNumber) -> None:
        entry = waiting(number, due=100)
        OutboxEntry.objects.filter(pk=entry.pk).update(leased_until=timezone.now() + timedelta(seconds=80))
        assert attention.concerns() == []

    def test_messages_that_whatsapp_keeps_refusing_are_told(self, number: PhoneNumber) -> None:
        waiting(number, due=-500, attempts=4)
        (sentence,) = told("sending")
        assert sentence.startswith("Norte Service: 1 message is refused by WhatsApp for a temporary reason")

    def test_a_paused_number_stops_and_is_told_once(self, number: PhoneNumber) -> None:
        waiting(number, due=100, attempts=1)
        Outbox.objects.create(number=number, probe_at=timezone.now(), reason="The token has expired.")
        (concern,) = attention.concerns()
        assert concern.stops
        assert concern.sentence.endswith("The token has expired.")


class ProviderTests:
    def test_a_request_without_an_answer_is_told_while_it_waits(self, number: PhoneNumber) -> None:
        entry = waiting(number, due=30)
        Message.objects.filter(pk=entry.pk).update(status="sending")
        sent = timezone.now() - timedelta(seconds=30)
        OutboxEntry.objects.filter(pk=entry.pk).update(leased_until=sent + outbox.LEASE)
        (sentence,) = told("provider")
        assert sentence.startswith("Norte Service: WhatsApp took ")

    def test_a_slow_answer_is_told_for_some_minutes(self, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
        conversation = phone.writes()
        queue_text(conversation, "one")
        assert delivery.deliver_next()
        assert told("provider") == []
        monkeypatch.setattr(outbox, "SLOW", 0.0)
        monkeypatch.setattr(attention, "SLOW", 0.0)
        queue_text(conversation, "two")
        assert delivery.deliver_next()
        assert len(told("provider")) == 1
        monkeypatch.setattr(attention, "RECENTLY", timedelta(0))
        assert told("provider") == []

    @responses.activate
    def test_a_dead_token_is_found_before_a_message_needs_it(self, number: PhoneNumber) -> None:
        expired = {"error": {"message": "Session has expired", "code": 190}}
        responses.get(f"{GRAPH}/{number.phone_number_id}", status=401, json=expired)
        outbox.check_numbers()
        (concern,) = attention.concerns()
        assert concern.stops
        assert "Norte Service has sent nothing" in concern.sentence

    @responses.activate
    def test_a_number_whose_token_works_stays_as_it_is(self, number: PhoneNumber) -> None:
        responses.get(f"{GRAPH}/{number.phone_number_id}", json={"verified_name": "Norte"})
        outbox.check_numbers()
        assert attention.concerns() == []


class JournalTests:
    def test_parked_notifications_are_counted(self) -> None:
        for _ in range(2):
            Notification.objects.create(provider="meta", body=b"{}", state=Notification.State.PARKED)
        assert told("journal") == ["2 webhooks parked: the admin's journal says why, and replays them."]
