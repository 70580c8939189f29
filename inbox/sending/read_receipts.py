"""Read receipts (blue ticks) and the "typing…" indicator."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.utils import timezone

from core.jobs import enqueue_once
from inbox.models import Conversation, Message, ReadReceipt
from whatsapp.events import Direction, Kind
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import ProviderError, provider_for

log = structlog.get_logger(__name__)

#: WhatsApp accepts read receipts for messages younger than this (Meta, "Mark messages as read").
READABLE = timedelta(days=30)


def mark_read(conversation: Conversation) -> None:
    """Enqueue a read receipt for everything in this conversation, if the number sends them. Safe to repeat. Commits
    with the caller's transaction."""
    if conversation.number.read_receipts and not conversation.contact.is_group:
        enqueue_once("report_read", conversation_id=conversation.pk)


def typing(conversation: Conversation) -> None:
    """Enqueue "typing…", which the customer sees for up to 25 seconds. WhatsApp accepts it only together with a read
    receipt, so the same setting applies."""
    if conversation.number.read_receipts and conversation.window_open and not conversation.contact.is_group:
        enqueue_once("report_typing", conversation_id=conversation.pk)


def report_read(conversation_id: int) -> None:
    """Send the read receipt, once for each newest message. Raises ProviderError when a later attempt may work."""
    found = _newest(conversation_id)
    if found is None or ReadReceipt.objects.filter(pk=conversation_id, message_id__gte=found.pk).exists():
        return
    if _tell(found, typing=False):
        told = {"message_id": found.pk, "reported_at": timezone.now()}
        ReadReceipt.objects.update_or_create(conversation_id=conversation_id, defaults=told)


def report_typing(conversation_id: int) -> None:
    found = _newest(conversation_id)
    if found is not None:
        try:
            _tell(found, typing=True)
        except ProviderError:
            log.info("typing_not_told", conversation=conversation_id)  # too late to retry


def _newest(conversation_id: int) -> Message | None:
    messages = Message.objects.filter(
        conversation_id=conversation_id,
        direction=Direction.INBOUND,
        sent_at__gt=timezone.now() - READABLE,
        historic=False,
    ).exclude(wamid="")
    messages = messages.exclude(kind__in=(Kind.CALL, Kind.SYSTEM)).select_related("conversation__number")
    return messages.order_by("-sent_at", "-id").first()


def _tell(message: Message, *, typing: bool) -> bool:
    number = message.conversation.number
    if number.state != PhoneNumber.State.CONNECTED:
        return False
    try:
        provider_for(number).mark_read(message.wamid, typing=typing)
    except ProviderError as error:
        if error.retryable:
            raise
        log.warning("read_receipt_refused", message=message.pk, number=number.pk, code=error.code)
        return False
    return True
