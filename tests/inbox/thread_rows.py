"""Rows for tests of the pages: conversations and messages as receiving leaves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from inbox.formatting.summary import summarize
from inbox.models import Contact, Conversation, Media, Message
from whatsapp.models import PhoneNumber

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_serial = count(1)


def conversation(number: PhoneNumber, name: str = "Amara Okafor", **contact: Any) -> Conversation:
    contact.setdefault("phone", "+351912345678")
    person = Contact.objects.create(profile_name=name, **contact)
    return Conversation.objects.create(number=number, contact=person)


def message(conversation: Conversation, text: str = "", *, at: datetime = NOON, **fields: Any) -> Message:
    """A message of the customer's (or ours, with direction="outbound"), and the conversation brought up to date."""
    outbound = fields.get("direction") == "outbound"
    defaults = {
        "number": conversation.number,
        "direction": "inbound",
        "kind": "text",
        "origin": "agent" if outbound else "customer",
        "status": "sent" if outbound else "",
        "wamid": f"wamid.PAGE{next(_serial)}",
        "created_at": at,
    }
    row = Message.objects.create(conversation=conversation, text=text, sent_at=at, **defaults | fields)
    newest = conversation.messages.order_by("-sent_at", "-id")[0]
    conversation.last_message = newest
    conversation.last_message_at = newest.sent_at
    conversation.last_message_kind = newest.kind
    conversation.last_message_direction = newest.direction
    conversation.last_message_status = newest.status
    conversation.last_message_preview = summarize(newest.kind, newest.text, newest.payload)
    failures = conversation.messages.unsettled().order_by("sent_at")
    conversation.oldest_failure_at = failures.values_list("sent_at", flat=True).first()
    conversation.save()
    return row


def media(
    conversation: Conversation, kind: str = "image", *, text: str = "", at: datetime = NOON, **fields: Any
) -> Media:
    row = message(conversation, text, at=at, kind=kind)
    return Media.objects.create(message=row, **fields)


def thread(conversation: Conversation, size: int, *, step: timedelta = timedelta(minutes=1)) -> list[Message]:
    """Messages "Message 1" to "Message <size>", ``step`` apart: zero makes them all of one moment."""
    return [message(conversation, f"Message {i + 1}", at=NOON + i * step) for i in range(size)]
