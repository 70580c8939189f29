"""Queue a message: check it, write its row and wake a worker. Also resend, dismiss, cancel, react.

`inbox.sending.outbox` decides which message is sent next; `inbox.sending.delivery` sends it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.jobs import wake_up_once
from core.postgres import bulk
from inbox import conversations
from inbox.changes import pages
from inbox.formatting.summary import STORED_LANGUAGE, summarize
from inbox.media import uploads
from inbox.models import (
    Agent,
    Contact,
    ContactIdentity,
    Conversation,
    Media,
    Message,
    OutboxEntry,
    Program,
    Reaction,
    Upload,
)
from inbox.models.messages import UNANSWERABLE
from inbox.sending import outbox
from whatsapp import compose, phone_numbers
from whatsapp.events import MEDIA_KINDS, Direction, Kind, Origin, Status
from whatsapp.models import PhoneNumber

log = structlog.get_logger(__name__)

#: In place of the id that WhatsApp gives to an uploaded file, so that a message can be checked before the upload.
NOT_UPLOADED_YET = "0"


CANCELLED = gettext_noop("Cancelled before sending.")


class Reason(StrEnum):
    WINDOW_CLOSED = "window_closed"
    NUMBER_UNAVAILABLE = "number_unavailable"
    INVALID = "invalid"
    FILE_NOT_READY = "file_not_ready"
    NO_ADDRESS = "no_address"


class NotSendableError(Exception):
    """A message may not be sent as it is. The text is a sentence for the agent, in their language."""

    def __init__(self, sentence: str, reason: Reason) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What an agent or program wants to send. ``payload`` by kind is described at whatsapp.compose.

    ``upload`` is the file of a media message, or of the header of a template or interactive message.
    """

    kind: Kind
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    upload: Upload | None = None
    #: The file of an earlier message of ours, instead of an upload.
    media: Media | None = None
    quoted: Message | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """How WhatsApp reaches a contact: one of a phone number with its plus, a business-scoped user id, a group id."""

    phone: str = ""
    user_id: str = ""
    group_id: str = ""


def queue(
    conversation: Conversation,
    intent: Intent,
    *,
    client_token: uuid.UUID,
    agent: Agent | None = None,
    program: Program | None = None,
) -> Message:
    """Write a message to be sent and wake a worker. Returns its row, QUEUED.

    Safe to repeat with the same ``client_token``: the existing message is returned, whatever else is given. Raises
    NotSendableError when it may not be sent, uploads.FileRefusedError when its file was sent or removed meanwhile.
    Commits, or joins the caller's transaction.
    """
    existing = Message.objects.filter(client_token=client_token).first()
    if existing is not None:
        return existing
    _check(conversation, intent)
    try:
        with transaction.atomic():
            message = _insert(conversation, intent, client_token, agent, program)
    except IntegrityError:
        # The same token, a moment ago in another request.
        existing = Message.objects.filter(client_token=client_token).first()
        if existing is None:
            raise
        return existing
    log.info("message_queued", message=message.pk, conversation=conversation.pk, kind=message.kind)
    return message


def resend(message: Message, *, agent: Agent | None = None, program: Program | None = None) -> Message:
    """Send a failed or unknown message again, as a new message. Returns it; a second call returns the same one.

    Raises NotSendableError when it may not be sent (again), or never failed.
    """
    token = uuid.uuid5(message.client_token or uuid.uuid5(uuid.NAMESPACE_OID, str(message.pk)), "again")
    if message.status not in (Status.FAILED, Status.UNKNOWN) or message.inbound:
        raise NotSendableError(_("Only a message that failed, or may have failed, can be sent again."), Reason.INVALID)
    intent = Intent(
        kind=Kind(message.kind),
        text=message.text,
        payload=message.payload,
        media=Media.objects.filter(message=message).first(),
        quoted=message.quoted,
    )
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        copy = queue(message.conversation, intent, client_token=token, agent=agent, program=program)
        if message.resent_at is None:
            Message.objects.filter(pk=message.pk).update(resent_at=timezone.now())
            conversations.refresh([message.pk])
            pages.touch([message.pk])
    return copy


def dismiss(message: Message) -> None:
    """Accept that a message failed or may have: its conversation no longer counts as failed because of it.

    Raises NotSendableError for a message that never failed. Safe to repeat.
    """
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        dismissed = Message.objects.unsettled().filter(pk=message.pk).update(dismissed_at=timezone.now())
        if dismissed:
            conversations.refresh([message.pk])
            pages.touch([message.pk])
            log.info("failure_dismissed", message=message.pk, conversation=message.conversation_id)
            return
    failed = Message.objects.filter(pk=message.pk, status__in=(Status.FAILED, Status.UNKNOWN)).exists()
    if not failed:
        raise NotSendableError(_("Only a message that failed, or may have failed, can be dismissed."), Reason.INVALID)


def cancel(message: Message) -> bool:
    """Cancel a message that has not been sent yet. False when it is too late. Safe to repeat.

    It is dismissed at once, because nothing is left to do about it.
    """
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        entry = OutboxEntry.objects.select_for_update().filter(message=message, leased_until__isnull=True).first()
        if entry is None:
            return False
        entry.delete()
        now = timezone.now()
        Message.objects.filter(pk=message.pk, status=Status.QUEUED).update(
            status=Status.FAILED,
            failed_at=now,
            error=CANCELLED,
            resent_at=None,
            dismissed_at=now,
        )
        outbox.show([message.pk])
    return True


def react(message: Message, emoji: str, *, agent: Agent | None = None) -> Reaction:
    """Set our one reaction to a message, or remove it with an empty ``emoji``. Safe to repeat.

    Raises NotSendableError when WhatsApp would not accept it.
    """
    if not message.wamid:
        raise NotSendableError(_("You can react once WhatsApp has this message."), Reason.INVALID)
    if message.kind in UNANSWERABLE:
        raise NotSendableError(_("You can’t react to calls or system messages."), Reason.INVALID)
    if message.number.state != PhoneNumber.State.CONNECTED:
        raise _number_unavailable(message.number)
    address = address_of(message.conversation)
    try:
        compose.reaction(
            to=address.phone,
            user_id=address.user_id,
            group_id=address.group_id,
            target_wamid=message.wamid,
            emoji=emoji,
        )
    except compose.ComposeError as error:
        raise NotSendableError(str(error), Reason.INVALID) from error
    with transaction.atomic():
        reaction, _created = Reaction.objects.update_or_create(
            number_id=message.number_id,
            target_wamid=message.wamid,
            contact=None,
            defaults={
                "message": message,
                "emoji": emoji,
                "at": timezone.now(),
                "agent": agent,
                "status": Status.QUEUED,
                "error": "",
            },
        )
        pages.touch([message.pk])
        wake_up_once("send_reactions")
    return reaction


def address_of(conversation: Conversation) -> Address:
    """Where to send: the phone number if known, which keeps it in later webhooks (Meta, "Business-scoped user IDs"),
    otherwise the user id in this number's portfolio. Raises NotSendableError when there is neither."""
    contact: Contact = conversation.contact
    identities = ContactIdentity.objects.filter(contact=contact)
    if contact.is_group:
        group_id = identities.filter(kind=ContactIdentity.Kind.GROUP_ID).values_list("value", flat=True).first()
        return Address(group_id=group_id or "")
    if contact.phone:
        return Address(phone=contact.phone)
    scope = conversation.number.identity_scope
    user_id = identities.filter(kind=ContactIdentity.Kind.USER_ID, scope=scope).values_list("value", flat=True).last()
    if not user_id:
        raise NotSendableError(
            _("WhatsApp hasn’t shared a phone number or user ID for this contact."), Reason.NO_ADDRESS
        )
    return Address(user_id=user_id)


def _check(conversation: Conversation, intent: Intent) -> None:
    number = conversation.number
    if number.state != PhoneNumber.State.CONNECTED:
        raise _number_unavailable(number)
    if intent.kind != Kind.TEMPLATE and not conversation.window_open:
        raise NotSendableError(
            _("The customer service window is closed. You can only send a template until they reply."),
            Reason.WINDOW_CLOSED,
        )
    if intent.quoted is not None and intent.quoted.kind in UNANSWERABLE:
        raise NotSendableError(
            _("You can’t reply to calls or system messages. Send the message without the quote."), Reason.INVALID
        )
    upload, file = intent.upload, intent.upload or intent.media
    if intent.kind in MEDIA_KINDS and file is None:
        raise NotSendableError(_("The file is missing. Add it again."), Reason.INVALID)
    if upload is not None and upload.state == Upload.State.REFUSED:
        raise NotSendableError(upload.error, Reason.FILE_NOT_READY)
    address = address_of(conversation)
    try:
        compose.message(
            compose.Outgoing(
                kind=intent.kind,
                text=intent.text,
                payload=intent.payload,
                media_id=NOT_UPLOADED_YET if file is not None else "",
                file_name=file.file_name if file is not None else "",
                voice=file.voice if file is not None else False,
                to=address.phone,
                user_id=address.user_id,
                group_id=address.group_id,
                quoted_wamid=intent.quoted.wamid if intent.quoted else "",
            )
        )
    except compose.ComposeError as error:
        raise NotSendableError(str(error), Reason.INVALID) from error


def _number_unavailable(number: PhoneNumber) -> NotSendableError:
    return NotSendableError(
        _("Messages can’t be sent from “%(number)s” (%(state)s).")
        % {"number": number, "state": number.get_state_display()},
        Reason.NUMBER_UNAVAILABLE,
    )


def _insert(
    conversation: Conversation,
    intent: Intent,
    client_token: uuid.UUID,
    agent: Agent | None,
    program: Program | None,
) -> Message:
    locked = conversations.open_and_lock([], [conversation.pk])
    number, contact, quoted = conversation.number, conversation.contact, intent.quoted
    message = Message.objects.create(
        number=number,
        conversation=conversation,
        agent=agent,
        direction=Direction.OUTBOUND,
        kind=intent.kind,
        origin=Origin.API if program else Origin.AGENT,
        program=program,
        text=intent.text,
        payload=intent.payload,
        client_token=client_token,
        sent_at=timezone.now(),
        status=Status.QUEUED,
        quoted=quoted,
        quoted_wamid=quoted.wamid if quoted else "",
        sender_phone=phone_numbers.e164(number.display_number)[:32],
        sender_name=str(agent or program or "")[:512],
        receiving_phone=contact.phone or "",
        aws_phone_number_id=number.aws_phone_number_id,
    )
    priority = 1 if program else 0
    # By the database's clock, which workers use: this machine's may be ahead.
    OutboxEntry.objects.create(
        message=message, number=number, conversation=conversation, priority=priority, due_at=Now()
    )
    if intent.upload is not None:
        uploads.attach(intent.upload, message)
    elif intent.media is not None:
        uploads.attach_again(intent.media, message)
    conversations.advance([_list_row(message, intent.upload or intent.media)], locked)
    pages.announce([(number.pk, conversation.pk)])
    wake_up_once("send_messages")
    return message


def _list_row(message: Message, file: Upload | Media | None) -> bulk.Row:
    """The message as `conversations.advance` takes it."""
    with translation.override(STORED_LANGUAGE):
        preview = summarize(
            message.kind,
            message.text,
            message.payload,
            voice=file.voice if file else False,
            duration=file.duration if file else None,
            file_name=file.file_name if file else "",
            content_type=file.content_type if file else "",
        )
    columns = {
        name: getattr(message, name) for name in ("id", "conversation_id", "sent_at", "kind", "direction", "status")
    }
    return columns | {"preview": preview, "unread": False, "opens_window": False}
