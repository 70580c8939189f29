"""Files, contacts, conversations, templates and numbers as the API describes them: plain values, ready for JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from inbox.api.file_urls import Absolute, signed
from inbox.media import file_names
from inbox.models import Contact, Conversation, Media, Outbox, Upload
from whatsapp.models import MessageTemplate, PhoneNumber


def media(row: Media, absolute: Absolute) -> dict[str, Any]:
    """The file of a message."""
    key = row.file.name or None
    url = absolute(signed(key, row.content_type, file_names.download_name(row))) if absolute and key else None
    return {
        "fileId": str(row.pk),
        "messageId": str(row.message_id),
        "mediaId": row.media_id or None,
        "s3Key": key,
        "mediaUrl": url,
        "mimeType": row.content_type or row.mime_type or None,
        "fileName": row.file_name or None,
        "size": row.size,
        "sha256": row.sha256 or None,
        "width": row.width,
        "height": row.height,
        "duration": row.duration,
        "voice": row.voice,
        "mediaState": row.state,
        "mediaError": row.error or None,
    }


def upload(row: Upload, absolute: Absolute) -> dict[str, Any]:
    """A file that was uploaded and not sent yet."""
    name = row.file.name or None
    content_type = row.content_type or row.original_type
    return {
        "fileId": str(row.pk),
        "messageId": None,
        "mediaId": str(row.pk),
        "s3Key": name,
        "mediaUrl": absolute(signed(name, "", "")) if absolute and name else None,
        "mimeType": content_type or None,
        "fileName": row.file_name or None,
        "size": row.size if row.size is not None else row.original_size,
        "sha256": row.sha256 or None,
        "width": row.width,
        "height": row.height,
        "duration": row.duration,
        "voice": row.voice,
        "mediaState": row.state,
        "mediaError": row.error or None,
    }


def contact(row: Contact, conversations: list[Conversation], *, stranger: bool) -> dict[str, Any]:
    """A contact with the conversations that the caller sees. A ``stranger`` wrote to none of the caller's numbers, so
    the name and id that other numbers know are left out."""
    return {
        "contactId": str(row.pk),
        "name": "" if stranger else row.profile_name,
        "username": None if stranger else row.username or None,
        "phone": row.phone,
        "isGroup": row.is_group,
        "marketingStoppedAt": None if stranger else _seconds(row.marketing_stopped_at),
        "createdAt": seconds(min(each.created_at for each in conversations) if stranger else row.created_at),
        "conversationIds": [str(each.pk) for each in conversations],
    }


def conversation(row: Conversation, *, stranger: bool) -> dict[str, Any]:
    return {
        "conversationId": str(row.pk),
        "contactId": str(row.contact_id),
        "numberId": str(row.number_id),
        "name": "" if stranger else row.contact.profile_name,
        "phone": row.contact.phone,
        "unreadCount": row.unread_count,
        "windowOpen": row.window_open,
        "windowClosesAt": _seconds(row.window_closes_at),
        "lastMessageId": str(row.last_message_id) if row.last_message_id else None,
        "lastMessage": row.last_message_preview,
        "lastMessageAt": seconds(row.last_message_at),
        "lastMessageDirection": row.last_message_direction or None,
        "lastMessageStatus": row.last_message_status or None,
        "oldestFailureAt": _seconds(row.oldest_failure_at),
    }


def template(row: MessageTemplate, numbers: list[int]) -> dict[str, Any]:
    return {
        "name": row.name,
        "language": row.language,
        "category": row.category,
        "status": row.status,
        "quality": row.quality,
        "parameterFormat": row.parameter_format,
        "wabaId": row.waba_id,
        "numberIds": [str(pk) for pk in numbers],
        "components": row.components,
    }


def number(row: PhoneNumber) -> dict[str, Any]:
    """One of our numbers. It is paused by an administrator, or while WhatsApp refuses everything it sends."""
    outbox: Outbox | None = getattr(row, "outbox", None)
    refused = outbox if outbox and outbox.active else None
    reason = "An administrator paused it." if row.state == PhoneNumber.State.PAUSED else None
    return {
        "numberId": str(row.pk),
        "name": row.name,
        "displayNumber": row.display_number,
        "phoneNumberId": row.phone_number_id,
        "awsPhoneNumberId": row.aws_phone_number_id or None,
        "wabaId": row.waba_id,
        "state": PhoneNumber.State.PAUSED.value if refused else row.state,
        "pausedReason": refused.reason if refused else reason,
        "pausedAt": seconds(refused.paused_at) if refused else None,
        "quality": row.quality,
    }


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else seconds(at)
