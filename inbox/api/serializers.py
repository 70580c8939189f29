"""From rows to what the API and the webhooks say: plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.utils.http import content_disposition_header

from inbox.media import file_names
from inbox.media.content_types import INLINE_TYPES
from inbox.media.storage.local import media_storage
from inbox.models import Contact, Conversation, Media, Message, Outbox, Reaction, Upload
from inbox.models.messages import MessageQuerySet
from whatsapp import errors, phone_numbers
from whatsapp.events import Status
from whatsapp.models import MessageTemplate, PhoneNumber

DOWNLOAD_TYPE = "application/octet-stream"
#: Makes an address of the storage absolute; None where addresses would be stale when they are read.
Absolute = Callable[[str], str] | None


def complete(messages: MessageQuerySet) -> MessageQuerySet:
    """Messages with all that an answer says of them, in a handful of queries however many they are."""
    reactions = Prefetch("reactions", Reaction.objects.exclude(emoji="").order_by("at", "pk"))
    return (
        messages.select_related("conversation", "number", "media")
        .defer("number__access_token", "media__excerpt")
        .prefetch_related(reactions)
    )


def message(row: Message, absolute: Absolute) -> dict[str, Any]:
    """One message. ``row`` comes from ``complete``."""
    media: Media | None = getattr(row, "media", None)
    file = _file(media, absolute) if media and not row.revoked_at else {}
    error = _error(row)
    return {
        "messageId": str(row.pk),
        "conversationId": str(row.conversation_id),
        "contactId": str(row.author_id or row.conversation.contact_id),
        "numberId": str(row.number_id),
        "channel": "whatsapp",
        "direction": row.direction,
        "kind": row.kind,
        "messageType": row.kind,
        "origin": row.origin,
        "content": "" if row.revoked_at else row.text,
        "payload": {} if row.revoked_at else row.payload,
        "timestamp": seconds(row.sent_at),
        "createdAt": seconds(row.created_at),
        "status": "received" if row.inbound else row.status,
        "sentAt": _seconds(row.accepted_at),
        "deliveredAt": _seconds(row.delivered_at),
        "readAt": _seconds(row.read_at),
        "playedAt": _seconds(row.played_at),
        "failedAt": _seconds(row.failed_at),
        "resentAt": _seconds(row.resent_at),
        "dismissedAt": _seconds(row.dismissed_at),
        "error": error,
        "errorDetails": error["message"] if error else None,
        "wamid": row.whatsapp_id or None,
        "whatsappMessageId": row.whatsapp_id or row.provider_message_id or None,
        "senderPhone": phone_numbers.e164(row.sender_phone) or None,
        "senderName": row.sender_name or None,
        "receivingPhone": phone_numbers.e164(row.receiving_phone) or None,
        "phoneNumberId": row.number.phone_number_id,
        "awsPhoneNumberId": row.aws_phone_number_id or row.number.aws_phone_number_id or None,
        "replyTo": str(row.quoted_id) if row.quoted_id else None,
        "replyToWamid": row.quoted_wamid or None,
        "forwarded": row.forwarded,
        "editedAt": _seconds(row.edited_at),
        "deletedAt": _seconds(row.revoked_at),
        "reactions": [
            {
                "emoji": reaction.emoji,
                "contactId": str(reaction.contact_id) if reaction.contact_id else None,
                "timestamp": seconds(reaction.at),
            }
            for reaction in row.reactions.all()
        ],
        **{name: file.get(name) for name in ("mediaId", "fileId", "s3Key", "mediaUrl", "mimeType", "fileName")},
        **{name: file.get(name) for name in ("size", "mediaState", "mediaError")},
    }


def media(row: Media, absolute: Absolute) -> dict[str, Any]:
    return _file(row, absolute) | {"messageId": str(row.message_id)}


def upload(row: Upload, absolute: Absolute) -> dict[str, Any]:
    """A file that no message has taken yet."""
    name = row.file.name or None
    content_type = row.content_type or row.original_type
    url = (
        media_storage().signed_url(
            name, content_type=DOWNLOAD_TYPE, disposition="attachment", expires=settings.MEDIA_URL_EXPIRES
        )
        if name and absolute
        else None
    )
    return {
        "fileId": str(row.pk),
        "messageId": None,
        "mediaId": str(row.pk),
        "s3Key": name,
        "mediaUrl": absolute(url) if absolute and url else None,
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
    """``conversations`` are those that the caller sees. Of a ``stranger`` it learns nothing that others know."""
    return {
        "contactId": str(row.pk),
        "name": "" if stranger else row.profile_name,
        "username": None if stranger else row.username or None,
        "phone": row.phone,
        "isGroup": row.is_group,
        "marketingStoppedAt": None if stranger else _seconds(row.marketing_stopped_at),
        "createdAt": seconds(min(one.created_at for one in conversations) if stranger else row.created_at),
        "conversationIds": [str(one.pk) for one in conversations],
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
    """One of our numbers. It is paused when an administrator said so, and when WhatsApp refuses all it sends."""
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


def _error(row: Message) -> dict[str, Any] | None:
    if row.status not in (Status.FAILED, Status.UNKNOWN) and row.error_code is None:
        return None
    if row.error_code:
        explained = (errors.explain_received if row.inbound else errors.explain)(row.error_code)
        return {"code": row.error_code, "message": explained.words, "next": explained.next_step}
    if row.status == Status.UNKNOWN:
        sentence = row.error or "It may have been sent: the connection ended before WhatsApp answered."
        return {"code": None, "message": sentence, "next": "WhatsApp's receipt will tell; do not send it again yet."}
    return {"code": None, "message": row.error or "WhatsApp gave no reason.", "next": ""}


def _file(row: Media, absolute: Absolute) -> dict[str, Any]:
    key = row.file.name or None
    return {
        "fileId": str(row.pk),
        "mediaId": row.media_id or None,
        "s3Key": key,
        "mediaUrl": absolute(_signed(row, key)) if absolute and key else None,
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


def _signed(row: Media, key: str) -> str:
    inline = row.content_type in INLINE_TYPES
    disposition = content_disposition_header(not inline, file_names.download_name(row)) or "inline"
    return media_storage().signed_url(
        key,
        content_type=row.content_type if inline else DOWNLOAD_TYPE,
        disposition=disposition,
        expires=settings.MEDIA_URL_EXPIRES,
    )
