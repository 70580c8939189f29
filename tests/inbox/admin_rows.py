"""Rows for the admin's tests: a contact who wrote one message, with or without a file and the webhook it came by."""

from __future__ import annotations

import itertools
import json
from typing import Any

from django.utils import timezone

from inbox.models import Contact, ContactIdentity, Conversation, Media, Message
from tests import payloads
from whatsapp.models import Notification, PhoneNumber

_people = itertools.count(1)

#: What strangers put where a name, a text or a file name is expected.
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7|add:1 }}"


def contact(name: str = "", phone: str | None = None) -> Contact:
    phone = phone or f"+3519155{next(_people):05}"
    person = Contact.objects.create(profile_name=name or "Amara Okafor", phone=phone)
    ContactIdentity.objects.create(contact=person, kind=ContactIdentity.Kind.WA_ID, value=phone.lstrip("+"))
    return person


def conversation(number: PhoneNumber, person: Contact | None = None) -> Conversation:
    return Conversation.objects.create(number=number, contact=person or contact())


def message(number: PhoneNumber, text: str = "Good morning", **columns: Any) -> Message:
    columns.setdefault("conversation", None)
    thread = columns.pop("conversation") or conversation(number)
    defaults = {
        "direction": "inbound",
        "kind": "text",
        "origin": "customer",
        "sent_at": timezone.now(),
        "wamid": payloads.wamid(),
        "text": text,
    }
    return Message.objects.create(number=number, conversation=thread, **(defaults | columns))


def media(number: PhoneNumber, state: str = Media.State.STORED, **columns: Any) -> Media:
    owner = columns.pop("message", None) or message(number, "", kind="image")
    defaults: dict[str, Any] = {"state": state, "mime_type": "image/jpeg", "media_id": "7700112233445500"}
    if state == Media.State.STORED:
        defaults |= {"content_type": "image/jpeg", "extension": ".jpg", "file": "media/x.jpg", "size": 1234}
    return Media.objects.create(message=owner, **(defaults | columns))


def notification(body: dict[str, Any] | bytes | None = None, **columns: Any) -> Notification:
    if body is None:
        body = payloads.notification(payloads.message())
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Notification.objects.create(provider="meta", body=raw, **columns)
