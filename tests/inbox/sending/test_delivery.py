"""Sending over real HTTP to the simulator: each message once, in order, with an honest state whatever breaks."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import time_machine
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import callback_data, conversations
from inbox.models import Conversation, Message, Outbox, OutboxEntry, PendingStatus
from inbox.receiving import pipeline
from inbox.sending import delivery, outbox, rate_limit
from tests.databases import somebody_waits
from tests.servers import in_own_connection, wait_until
from tests.simulated import Phone, deliver_all, due_now, queue_text
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import Accepted


class DeliveryTests:
    def test_a_text_reaches_the_phone_and_its_ticks_come_back(self, phone: Phone) -> None:
        conversation = phone.writes()
        message = queue_text(conversation)
        assert message.status == "queued"

        deliver_all()
        message.refresh_from_db()
        assert message.status == "sent"
        assert message.wamid
        assert message.accepted_at is not None
        phone.receipt(message.wamid, "delivered")
        phone.receipt(message.wamid, "read")
        phone.settle()

        message.refresh_from_db()
        assert message.status == "read"
        assert [one["leaf"]["text"]["body"] for one in phone.shows()] == ["Good morning!"]
        assert not OutboxEntry.objects.exists()
        conversation.refresh_from_db()
        assert conversation.last_message_status == "read"

    def test_a_refused_message_keeps_its_conversation_under_failed(self, phone: Phone) -> None:
        conversation = phone.writes()
        message = queue_text(conversation)
        phone.faults(refuse=131026)
        deliver_all()
        phone.settle()
        phone.faults(refuse=0)
        queue_text(conversation, "Later")
        deliver_all()
        conversation.refresh_from_db()
        assert conversation.last_message_status == "sent"
        assert conversation.oldest_failure_at == message.sent_at

    def test_messages_of_a_conversation_leave_in_their_order(self, phone: Phone) -> None:
        conversation = phone.writes()
        for n in range(6):
            queue_text(conversation, f"No. {n}")

        threads = [threading.Thread(target=_deliver_in_thread) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deliver_all()

        assert [one["leaf"]["text"]["body"] for one in phone.shows()] == [f"No. {n}" for n in range(6)]

    def test_a_clock_that_is_ahead_holds_no_message_back(self, phone: Phone) -> None:
        conversation = phone.writes()
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            message = queue_text(conversation)
        lease = outbox.claim()
        assert lease is not None
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            lease.put_back(0, attempts=1)

        deliver_all()
        message.refresh_from_db()
        assert message.status == "sent"

    def test_a_later_message_waits_while_an_earlier_one_is_tried_again(self, phone: Phone) -> None:
        conversation = phone.writes()
        first, second = queue_text(conversation, "One"), queue_text(conversation, "Two")
        phone.faults(refuse=130429)
        deliver_all()
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, second.status) == ("queued", "queued")
        assert "sending rate" in first.error

        phone.faults(refuse=0)
        due_now()
        deliver_all()

        assert [one["leaf"]["text"]["body"] for one in phone.shows()] == ["One", "Two"]
        first.refresh_from_db()
        assert (first.status, first.error, first.error_code) == ("sent", "", None)

    def test_what_waits_behind_a_message_that_is_tried_later_asks_for_no_worker(self, phone: Phone) -> None:
        conversation = phone.writes()
        queue_text(conversation, "One")
        queue_text(conversation, "Two")
        assert outbox.anything_due()
        phone.faults(refuse=130429)
        deliver_all()

        assert not outbox.anything_due()

    def test_a_number_ahead_of_its_pace_holds_up_no_other(self, phone: Phone) -> None:
        first = phone.writes()
        other = Conversation.objects.create(
            number=PhoneNumber.objects.get(name="Norte Lisboa"),
            contact=first.contact,
            window_closes_at=first.window_closes_at,
        )
        queue_text(first, "waits")
        message = queue_text(other, "leaves")
        rate_limit.hold_number(phone.number, 60)

        deliver_all()

        message.refresh_from_db()
        assert message.status == "sent"
        assert outbox.anything_due()
        assert OutboxEntry.objects.get().attempts == 0


class UncertainSendTests:
    def test_a_lost_answer_leaves_the_message_unknown_until_its_receipt(self, phone: Phone) -> None:
        conversation = phone.writes()
        phone.faults(line="after", receipts="by_hand")
        message = queue_text(conversation)

        deliver_all()
        message.refresh_from_db()
        assert message.status == "unknown"
        assert "when WhatsApp confirms" in message.error
        deliver_all()
        phone.settle()

        message.refresh_from_db()
        assert message.status == "sent"
        assert message.wamid == phone.shows()[0]["wamid"]
        assert message.error == ""
        assert len(phone.shows()) == 1

    def test_a_receipt_that_overtakes_the_answer_is_not_lost(self, phone: Phone) -> None:
        conversation = phone.writes()
        message = queue_text(conversation)
        lease = outbox.claim()
        assert lease is not None
        lease.begin_request()
        status = {
            "wamid": "wamid.EARLY",
            "status": "delivered",
            "callback": callback_data.of_message(message.client_token),
        }
        _receive_status(phone, **status)

        message.refresh_from_db()
        assert (message.status, message.wamid) == ("delivered", "wamid.EARLY")
        delivery._accepted(lease, lease.message(), Accepted(wamid="wamid.EARLY"))
        message.refresh_from_db()
        assert (message.status, message.wamid) == ("delivered", "wamid.EARLY")
        assert message.accepted_at is not None
        assert not OutboxEntry.objects.exists()
        assert not PendingStatus.objects.exists()

    def test_a_line_that_breaks_before_anything_was_accepted_is_not_taken_for_sent(self, phone: Phone) -> None:
        conversation = phone.writes()
        phone.faults(line="before")
        message = queue_text(conversation)

        deliver_all()
        phone.settle()

        message.refresh_from_db()
        assert message.status == "unknown"
        assert phone.shows() == []

    def test_a_whatsapp_that_is_away_is_tried_again(self, phone: Phone, settings: object) -> None:
        conversation = phone.writes()
        message = queue_text(conversation)
        origin = settings.WHATSAPP_GRAPH_URL  # type: ignore[attr-defined]
        settings.WHATSAPP_GRAPH_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]

        deliver_all()
        message.refresh_from_db()
        assert message.status == "queued"
        assert "Couldn’t reach" in message.error
        settings.WHATSAPP_GRAPH_URL = origin  # type: ignore[attr-defined]
        due_now()
        deliver_all()

        message.refresh_from_db()
        assert message.status == "sent"
        assert len(phone.shows()) == 1

    def test_a_worker_that_died_before_the_request_loses_nothing(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        assert outbox.claim() is not None
        assert outbox.claim() is None
        OutboxEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

        outbox.settle_abandoned()
        deliver_all()

        message.refresh_from_db()
        assert message.status == "sent"
        assert len(phone.shows()) == 1

    def test_a_worker_that_answers_late_is_not_in_the_way_of_the_sweep(self, phone: Phone) -> None:
        """Both want the conversation and the entry: in two orders, one of them would be the victim of the deadlock."""
        message = queue_text(phone.writes())
        lease = outbox.claim()
        assert lease is not None
        lease.begin_request()
        OutboxEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        settled: list[int] = []
        sweep = threading.Thread(target=in_own_connection, args=(lambda: settled.append(outbox.settle_abandoned()),))
        with transaction.atomic():
            conversations.open_and_lock([], [message.conversation_id])
            sweep.start()
            wait_until(somebody_waits)
            assert lease.end()
            Message.objects.filter(pk=message.pk).update(status="sent")
        sweep.join(60)
        message.refresh_from_db()
        assert (message.status, settled) == ("sent", [0])
        assert not OutboxEntry.objects.exists()

    def test_a_worker_that_died_during_the_request_leaves_it_unknown(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        lease = outbox.claim()
        assert lease is not None
        lease.begin_request()
        OutboxEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

        assert outbox.settle_abandoned() == 1
        deliver_all()

        message.refresh_from_db()
        assert message.status == "unknown"
        assert phone.shows() == []

    def test_a_receipt_frees_the_conversation_of_a_worker_that_died(self, phone: Phone) -> None:
        conversation = phone.writes()
        first, second = queue_text(conversation, "One"), queue_text(conversation, "Two")
        lease = outbox.claim()
        assert lease is not None
        lease.begin_request()
        _receive_status(phone, wamid="wamid.X", status="sent", callback=callback_data.of_message(first.client_token))
        OutboxEntry.objects.filter(pk=first.pk).update(leased_until=timezone.now() - timedelta(seconds=1))

        outbox.settle_abandoned()
        deliver_all()

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.status, second.status) == ("sent", "sent")


class RefusedSendTests:
    def test_a_closed_window_at_whatsapp_wins_over_our_clock(self, phone: Phone) -> None:
        conversation = phone.writes()
        phone.faults(refuse=131047)
        message = queue_text(conversation)

        deliver_all()
        phone.settle()

        message.refresh_from_db()
        conversation.refresh_from_db()
        assert (message.status, message.error_code) == ("failed", 131047)
        assert not conversation.window_open

    def test_a_dead_token_pauses_the_number_and_burns_no_attempts(self, phone: Phone) -> None:
        conversation = phone.writes()
        first, second = queue_text(conversation, "One"), queue_text(conversation, "Two")
        phone.number.access_token = "EXPIRED"
        phone.number.save()

        deliver_all()
        first.refresh_from_db()
        assert first.status == "queued"
        assert OutboxEntry.objects.get(pk=first.pk).attempts == 0
        paused = Outbox.objects.get()
        assert paused.active
        assert "access token" in paused.reason

        Outbox.objects.update(probe_at=timezone.now())
        outbox.probe()
        assert Outbox.objects.get().active
        phone.number.access_token = "SIMULATOR-ACCESS-TOKEN"
        phone.number.save()
        Outbox.objects.update(probe_at=timezone.now())
        outbox.probe()
        deliver_all()

        second.refresh_from_db()
        assert second.status == "sent"
        assert not Outbox.objects.exists()
        assert [one["leaf"]["text"]["body"] for one in phone.shows()] == ["One", "Two"]

    def test_a_dead_token_is_noticed_before_a_message_needs_it_and_pages_are_told(self, phone: Phone) -> None:
        phone.number.access_token = "EXPIRED"
        phone.number.save()
        with CaptureQueriesContext(connection) as captured:
            outbox.check_numbers()
        assert Outbox.objects.get().number == phone.number
        told = [query["sql"] for query in captured if "pg_notify" in query["sql"]]
        assert len(told) == 1
        assert f":[{phone.number.pk}]" in told[0]

    def test_a_message_that_a_status_calls_sent_is_not_put_back(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        lease = outbox.claim()
        assert lease is not None
        Message.objects.filter(pk=message.pk).update(status="delivered")
        lease.put_back(4, attempts=1, reason="Later.")
        message.refresh_from_db()
        assert (message.status, message.error) == ("delivered", "")
        assert not OutboxEntry.objects.exists()

    def test_a_token_that_no_key_opens_stops_sending_and_not_receiving(self, phone: Phone, settings: Any) -> None:
        keys = settings.FIELD_ENCRYPTION_KEYS
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        message = queue_text(phone.writes("Can you read this?"))

        deliver_all()
        message.refresh_from_db()
        assert message.status == "queued"
        assert Outbox.objects.get().active
        assert Message.objects.filter(text="Can you read this?").exists()

        settings.FIELD_ENCRYPTION_KEYS = keys
        Outbox.objects.update(probe_at=timezone.now())
        outbox.probe()
        due_now()
        deliver_all()
        message.refresh_from_db()
        assert message.status == "sent"

    def test_a_mistake_of_ours_fails_the_message_with_a_sentence_and_holds_up_nobody(self, phone: Phone) -> None:
        conversation = phone.writes()
        broken, good = queue_text(conversation), queue_text(conversation, "Still here")
        # As a release with a fault of its own could have written it.
        Message.objects.filter(pk=broken.pk).update(kind="hologram")
        for _ in range(len(delivery.RETRY_SECONDS) + 1):
            deliver_all()
            broken.refresh_from_db()
            assert "could not be prepared" in broken.error
            due_now()

        deliver_all()
        assert broken.status == "failed"
        good.refresh_from_db()
        assert good.status == "sent"

    def test_a_customer_who_is_not_on_whatsapp_fails_at_once_in_plain_words(self, phone: Phone) -> None:
        phone.faults(refuse=131026)
        message = queue_text(phone.writes())

        deliver_all()
        phone.settle()

        message.refresh_from_db()
        assert (message.status, message.error_code) == ("failed", 131026)
        assert not OutboxEntry.objects.exists()


class IdempotencyTests:
    def test_one_press_of_send_is_one_message_from_many_requests_at_once(self, phone: Phone) -> None:
        conversation = phone.writes()
        token = uuid.uuid4()
        results: list[int] = []

        def press() -> None:
            try:
                results.append(queue_text(conversation, client_token=token).pk)
            finally:
                connection.close()

        threads = [threading.Thread(target=press) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deliver_all()

        assert len(results) == 8
        assert len(set(results)) == 1
        assert len(phone.shows()) == 1
        assert Message.objects.filter(direction="outbound").count() == 1


def _deliver_in_thread() -> None:
    try:
        deliver_all()
    finally:
        connection.close()


def _receive_status(phone: Phone, *, wamid: str, status: str, callback: str) -> None:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351215550100", "phone_number_id": phone.number.phone_number_id},
        "statuses": [
            {
                "id": wamid,
                "status": status,
                "timestamp": str(int(timezone.now().timestamp())),
                "recipient_id": "351915550123",
                "biz_opaque_callback_data": callback,
            }
        ],
    }
    phone.webhook("messages", value)
    phone.settle()
    pipeline.settle_waiting_statuses()
