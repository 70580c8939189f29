"""The list line, the quote and the bubble of what customers answer, beside each other: all true, and of one mind."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inbox.formatting.summary import summarize
from inbox.models import Agent, Conversation, Message
from inbox.receiving import pipeline
from inbox.web.presenters import quote
from tests import payloads
from tests.inbox.receiving.support import store
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def interactive(kind: str, answer: Any, **parts: Any) -> dict[str, Any]:
    return payloads.message("interactive", interactive={"type": kind, kind: answer} | parts)


def form(answers: str | None, **parts: Any) -> dict[str, Any]:
    return interactive("nfm_reply", {"name": "flow", "body": "Sent", "response_json": answers} | parts)


#: What came → the line in the list and in quotes, and what the bubble says.
CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "a form": (
        form('{"flow_token": "t", "arrival_day": "2027-03-04", "guests": 3}'),
        "Form · Arrival day: 2027-03-04 · Guests: 3",
        ["Arrival day", "2027-03-04", "Guests"],
    ),
    "a form without answers": (form(None), "Form", ["Sent the form without filling it in"]),
    "an address": (
        form('{"values": {"name": "Asha"}}', name="address_message", body="Asha Rao\n12 MG Road"),
        "Asha Rao 12 MG Road",
        ["Asha Rao"],
    ),
    "a product": (
        interactive("product", {"catalog_id": "7", "product_retailer_id": "BIKE-9"}),
        "Product BIKE-9",
        ["Product BIKE-9"],
    ),
    "a product with words": (
        interactive("product", {"product_retailer_id": "BIKE-9"}, body={"text": "Is this one there?"}),
        "Product BIKE-9 · Is this one there?",
        ["Product BIKE-9", "Is this one there?"],
    ),
    "nothing at all": (
        payloads.message("interactive", interactive={}),
        "Empty reply",
        ["A reply whose content WhatsApp did not send"],
    ),
    "a button": (interactive("button_reply", {"id": "y", "title": "Yes"}), "Yes", ["Yes"]),
    "a row of a list": (
        interactive("list_reply", {"id": "r", "title": "Friday", "description": "9 to 12"}),
        "Friday",
        ["Friday", "9 to 12"],
    ),
    "leave to call": (
        interactive(
            "call_permission_reply",
            {
                "response": "accept",
                "is_permanent": False,
                "expiration_timestamp": "1804500000",
                "response_source": "user_action",
            },
        ),
        "You may call me",
        ["You may call me", "Valid until", "2027", "The customer"],
    ),
    "how to pay": (
        interactive("payment_method", {"payment_method": "pix", "reference_id": "R-1"}),
        "Payment method: pix",
        ["Payment method: pix", "Reference id", "R-1"],
    ),
    "a kind to come": (interactive("palm_reading", {"lines": 3}), "Palm reading", ["Palm reading", "Lines"]),
    "a template's button without words": (
        payloads.message("button", button={"payload": "CONFIRM"}),
        "CONFIRM",
        ["CONFIRM"],
    ),
    "a card with only a vCard": (
        payloads.message("contacts", contacts=[{"vcard": "BEGIN:VCARD\nFN:Bela Nunes\nEND:VCARD"}]),
        "Contact · Bela Nunes",
        ["Bela Nunes"],
    ),
    "a card with only a phone": (
        payloads.message("contacts", contacts=[{"phones": [{"phone": "+351 915 550 999"}]}]),
        "Contact · +351 915 550 999",
        ["+351 915 550 999"],
    ),
    "a card with nothing": (
        payloads.message("contacts", contacts=[{"origin": "other"}]),
        "Contact",
        ["Unknown contact"],
    ),
    "an order": (
        payloads.message(
            "order",
            order={
                "product_items": [
                    {"product_retailer_id": "A", "quantity": 2, "item_price": 1, "currency": "EUR"},
                    {"product_retailer_id": "B", "quantity": 1, "item_price": 1, "currency": "EUR"},
                ]
            },
        ),
        "Order · 3 items",
        ["3 items"],
    ),
}
#: What must never be read in any of them.
LIES = ["Sent<", "Answer to a form", "1804500000", "expiration_timestamp"]


@pytest.mark.parametrize("case", CASES)
def test_the_list_the_quote_and_the_bubble_say_what_was_answered(
    client: Client, alice: Agent, number: PhoneNumber, case: str
) -> None:
    leaf, line, said = CASES[case]
    store(payloads.notification(leaf))
    pipeline.drain()
    message = Message.objects.get()
    conversation = Conversation.objects.get()
    assert conversation.last_message_preview == line
    assert quote.line(message, "Amara").text == line
    client.force_login(alice)
    page = client.get(f"/conversations/{conversation.pk}/").content.decode()
    bubble = page[page.index(f'id="message-{message.pk}"') :].partition("</article>")[0]
    for words in said:
        assert words in bubble
    for lie in LIES:
        assert lie not in bubble
    assert "Empty message" not in bubble


def test_forms_that_were_kept_with_whatsapps_own_word_read_like_new_ones() -> None:
    answers = [{"name": "guests", "value": "3"}]
    old = {"type": "nfm_reply", "name": "flow", "title": "Sent", "answers": answers}
    assert summarize("interactive", "Sent", old) == "Form · Guests: 3"
