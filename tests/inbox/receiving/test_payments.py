"""What WhatsApp says about payments: on the message that asked for one, and never about its delivery."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from inbox.models import Agent, Conversation, Message, PendingStatus
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox import admin_rows
from tests.inbox.receiving.support import receive
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

NOW = int(time.time()) - 600


@pytest.fixture
def order(number: PhoneNumber) -> Message:
    """A message of ours that asked for a payment and was delivered."""
    sent = admin_rows.message(number, "Please pay here", direction="outbound", origin="agent", status="sent")
    receive(payloads.notification(statuses=[payloads.status(sent.wamid, "delivered", at=NOW)]))
    sent.refresh_from_db()
    return sent


def payment(wamid: str, word: str, at: int = NOW, attempt: str = "") -> dict[str, Any]:
    told = {
        "reference_id": "order-7",
        "amount": {"value": 1999, "offset": 100},
        "currency": "BRL",
        "transaction": {"id": "t", "status": attempt},
    }
    return payloads.notification(statuses=[payloads.status(wamid, word, at=at, type="payment", payment=told)])


@pytest.mark.parametrize("word", ["pending", "failed", "captured", "of the future"])
def test_a_payment_leaves_the_delivery_alone(order: Message, word: str) -> None:
    before = Message.objects.values("status", "error", "error_code", "failed_at", "delivered_at").get()
    receive(payment(order.wamid, word))
    assert Message.objects.values("status", "error", "error_code", "failed_at", "delivered_at").get() == before
    assert before["status"] == "delivered"
    assert Message.objects.get().payload["payment"]["status"] == word
    assert Conversation.objects.get().last_message_status != "failed"


def test_the_newest_word_counts_whatever_the_order(order: Message) -> None:
    receive(payment(order.wamid, "captured", NOW + 9))
    receive(payment(order.wamid, "failed", NOW + 4), payment(order.wamid, "pending", NOW))
    assert Message.objects.get().payload["payment"]["status"] == "captured"
    assert not PendingStatus.objects.exists()


def test_within_one_second_captured_is_the_last(order: Message) -> None:
    receive(payment(order.wamid, "captured"), payment(order.wamid, "pending"))
    assert Message.objects.get().payload["payment"]["status"] == "captured"


def test_one_that_comes_before_its_message_waits_for_it(number: PhoneNumber) -> None:
    receive(payment("wamid.LATER", "pending"), payment("wamid.LATER", "captured", NOW + 5))
    admin_rows.message(number, direction="outbound", origin="agent", status="sent", wamid="wamid.LATER")
    assert pipeline.settle_waiting_statuses() == 1
    message = Message.objects.get()
    assert message.payload["payment"]["status"] == "captured"
    assert message.status == "sent"


def test_it_tells_open_pages_that_the_message_changed(order: Message) -> None:
    Message.objects.filter(pk=order.pk).update(wamid_token="x", changed_xid=1)
    Message.objects.filter(pk=order.pk).update(wamid_token=order.wamid, changed_xid=1)
    receive(payment(order.wamid, "pending"))
    assert Message.objects.get().changed_xid > 1


@pytest.mark.parametrize(
    ("word", "attempt", "said"),
    [
        ("captured", "success", "Paid"),
        ("pending", "", "Payment pending"),
        ("pending", "failed", "Payment pending; the last attempt failed"),
        ("failed", "failed", "Payment failed"),
    ],
)
def test_the_bubble_says_how_it_stands(
    client: Client, alice: Agent, order: Message, word: str, attempt: str, said: str
) -> None:
    receive(payment(order.wamid, word, attempt=attempt))
    client.force_login(alice)
    page = client.get(f"/conversations/{order.conversation_id}/").content.decode()
    bubble = page[page.index(f'id="message-{order.pk}"') :].partition("</article>")[0]
    assert f"<span>{said}</span>" in bubble
    assert "19.99 BRL · order-7" in bubble
    assert "Not sent" not in bubble
