"""Putting notifications into the journal and working them off, as the endpoint and a worker would."""

from __future__ import annotations

from typing import Any

from inbox.models import Message
from inbox.receiving import pipeline
from tests import payloads
from whatsapp.models import Notification


def store(body: bytes | dict[str, Any]) -> Notification:
    """One notification as the endpoint leaves it."""
    raw = body if isinstance(body, bytes) else payloads.encode(body)
    return Notification.objects.create(provider="meta", body=raw)


def receive(*bodies: bytes | dict[str, Any]) -> list[Notification]:
    """Store these notifications, drain the journal, and return them as they are now."""
    stored = [store(body) for body in bodies]
    pipeline.drain()
    for notification in stored:
        notification.refresh_from_db()
    return stored


def only_message() -> Message:
    """The one message there is."""
    return Message.objects.select_related("conversation__contact").get()
