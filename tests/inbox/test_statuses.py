"""Statuses: any order, any number of times, one result."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from inbox import conversations
from inbox.models import Conversation, Message, PendingStatus
from inbox.receiving import pipeline
from tests import payloads
from tests.databases import somebody_waits
from tests.inbox.receiving.support import receive
from tests.servers import in_own_connection, wait_until
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

NOW = int(time.time()) - 600


def echo(wamid: str) -> dict[str, Any]:
    """One of our messages, written in the phone app."""
    leaf = payloads.message(sender=payloads.DISPLAY_NUMBER, to=payloads.CUSTOMER, id=wamid, at=NOW - 60)
    return payloads.notification(field="smb_message_echoes", message_echoes=[leaf])


def statuses(wamid: str, *words: str, **parts: Any) -> list[dict[str, Any]]:
    return [
        payloads.notification(statuses=[payloads.status(wamid, word, at=NOW + step, **parts)])
        for step, word in enumerate(words)
    ]


class StatusTests:
    def test_it_works(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"), *statuses("wamid.A", "sent", "delivered"))
        message = Message.objects.get()
        assert message.status == "delivered"
        assert message.delivered_at is not None
        assert Conversation.objects.get().last_message_status == "delivered"

    def test_every_order_gives_the_same_row(self, number: PhoneNumber) -> None:
        outcomes = set()
        for index, order in enumerate(itertools.permutations(["sent", "delivered", "read", "played"])):
            wamid = f"wamid.ORDER{index}"
            times = {"sent": NOW, "delivered": NOW + 1, "read": NOW + 2, "played": NOW + 3}
            receive(echo(wamid))
            for word in order:
                receive(payloads.notification(statuses=[payloads.status(wamid, word, at=times[word])]))
            message = Message.objects.get(wamid=wamid)
            outcomes.add((message.status, message.delivered_at, message.read_at, message.played_at))
        assert len(outcomes) == 1

    def test_read_before_delivered_stays_read(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"), *statuses("wamid.A", "read"))
        receive(*statuses("wamid.A", "delivered"))
        message = Message.objects.get()
        assert message.status == "read"
        assert message.delivered_at is not None

    def test_a_failure_says_why(self, number: PhoneNumber) -> None:
        error = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "More than 24 hours"}}
        receive(echo("wamid.A"), *statuses("wamid.A", "failed", errors=[error]))
        message = Message.objects.get()
        assert message.error_code == 131047
        assert message.error == "More than 24 hours"

    def test_a_failure_after_delivery_keeps_the_ticks_and_the_error(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"), *statuses("wamid.A", "delivered"))
        receive(*statuses("wamid.A", "failed", errors=[{"code": 131026, "title": "Undeliverable"}]))
        message = Message.objects.get()
        assert message.status == "delivered"
        assert message.error_code == 131026

    def test_a_failure_counts_until_whatsapp_reports_that_the_message_arrived(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"), echo("wamid.B"), *statuses("wamid.A", "failed"), *statuses("wamid.B", "sent"))
        message = Message.objects.get(wamid="wamid.A")
        assert Conversation.objects.get().oldest_failure_at == message.sent_at
        receive(*statuses("wamid.A", "delivered"))
        assert Conversation.objects.get().oldest_failure_at is None

    def test_the_oldest_failure_is_the_one_that_the_page_calls_unsettled(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"))
        now = timezone.now()
        for status, resent, dismissed, historic in itertools.product(
            ("failed", "unknown", "sent", "queued", "delivered"), (None, now), (None, now), (False, True)
        ):
            facts = {"status": status, "resent_at": resent, "dismissed_at": dismissed, "historic": historic}
            Message.objects.update(**facts)
            message = Message.objects.get()
            conversations.refresh([message.pk])
            expected = status in ("failed", "unknown") and not (resent or dismissed or historic)
            assert message.unsettled == expected, facts
            assert Message.objects.unsettled().exists() == expected, facts
            assert (Conversation.objects.get().oldest_failure_at == message.sent_at) == expected, facts

    def test_a_closed_window_is_closed_for_that_customer_only(self, number: PhoneNumber) -> None:
        other = "351915550777"
        receive(
            payloads.notification(payloads.message(at=NOW - 120)),
            payloads.notification(payloads.message(at=NOW - 120, sender=other)),
            echo("wamid.A"),
            *statuses("wamid.A", "failed", errors=[{"code": 131047, "title": "Re-engagement message"}]),
        )
        opened = {row.contact.phone: row.window_open for row in Conversation.objects.select_related("contact")}
        assert opened == {f"+{payloads.CUSTOMER}": False, f"+{other}": True}

    def test_a_status_before_its_message_waits_for_it(self, number: PhoneNumber) -> None:
        receive(*statuses("wamid.A", "delivered", "read"))
        assert PendingStatus.objects.count() == 2
        receive(echo("wamid.A"))
        assert Message.objects.get().status == "read"
        assert not PendingStatus.objects.exists()

    def test_a_status_that_missed_its_message_by_a_moment_is_settled_by_the_sweep(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"))
        PendingStatus.objects.create(number=number, wamid="wamid.A", status="read", at=Message.objects.get().sent_at)
        assert pipeline.settle_waiting_statuses() == 1
        assert Message.objects.get().status == "read"

    @pytest.mark.django_db(transaction=True)
    def test_the_sweep_waits_for_the_conversation_before_it_holds_the_message(self, number: PhoneNumber) -> None:
        receive(echo("wamid.A"))
        message = Message.objects.get()
        PendingStatus.objects.create(number=number, wamid="wamid.A", status="read", at=message.sent_at)
        sweep = threading.Thread(target=in_own_connection, args=(pipeline.settle_waiting_statuses,))
        with transaction.atomic():
            conversations.open_and_lock([], [message.conversation_id])
            sweep.start()
            wait_until(somebody_waits)
            Message.objects.filter(pk=message.pk).update(text="Hello")
        sweep.join(60)
        assert Message.objects.get().status == "read"

    def test_a_status_whose_message_never_comes_is_given_up_after_a_week(self, number: PhoneNumber) -> None:
        receive(*statuses("wamid.NEVER", "delivered"), *statuses("wamid.SOON", "delivered"))
        old = timezone.now() - timedelta(days=8)
        PendingStatus.objects.filter(wamid="wamid.NEVER").update(created_at=old)
        assert pipeline.forget_waiting_statuses() == 1
        assert PendingStatus.objects.get().wamid == "wamid.SOON"

    def test_the_price_is_kept(self, number: PhoneNumber) -> None:
        pricing = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
        receive(echo("wamid.A"), *statuses("wamid.A", "sent", pricing=pricing))
        assert Message.objects.get().pricing["category"] == "utility"

    def test_a_word_that_we_do_not_know_changes_nothing(self, number: PhoneNumber) -> None:
        (_, notification) = receive(echo("wamid.A"), *statuses("wamid.A", "warning"))
        assert Message.objects.get().status == "sent"
        assert notification.state == "processed"
