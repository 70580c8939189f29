"""The calls that act: send, react, dismiss, mark as read, upload."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router

from inbox import access, conversations
from inbox.api import files, idempotency, messages, request_bodies, serializers
from inbox.api.authentication import may_send
from inbox.api.file_urls import absolute
from inbox.api.paging import Id
from inbox.api.problems import Problem, invalid
from inbox.api.reading import REFUSALS, caller, find_conversation, find_message, message_response, phone_of
from inbox.api.requests import Location, ReactionRequest, SendRequest, TemplateValues, UploadRequest, schema
from inbox.api.responses import json_response
from inbox.api.schemas import MediaSchema, MessageSchema, ProblemSchema, ReadSchema
from inbox.changes import pages
from inbox.media import uploads
from inbox.models import Contact, Conversation, Message, Program, Upload
from inbox.receiving import identities
from inbox.sending import queue, read_receipts
from whatsapp import template_sync
from whatsapp.events import MEDIA_KINDS, Kind, Party
from whatsapp.models import MessageTemplate, PhoneNumber

router = Router(auth=may_send)
BODY_REFUSALS = {
    **REFUSALS,
    **dict.fromkeys((400, 408, 409, 411, 413, 415), ProblemSchema),
}
#: How a request names one of our numbers, and the column that has it.
NUMBER_FIELDS = {
    "numberId": "pk",
    "phoneNumberId": "phone_number_id",
    "awsPhoneNumberId": "aws_phone_number_id",
}
RECIPIENT = "Name the recipient by one of phone, contactId and conversationId."
#: The HTTP status for each reason not to send.
NOT_SENDABLE = {
    queue.Reason.WINDOW_CLOSED: 409,
    queue.Reason.NUMBER_UNAVAILABLE: 409,
    queue.Reason.NO_ADDRESS: 409,
    queue.Reason.INVALID: 422,
    queue.Reason.FILE_NOT_READY: 422,
}
KEY_PARAMETER = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters. A request that is repeated with the same key within 48 hours "
    "takes effect once and gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _body(model: Any, *, json: bool = True, form: bool = True) -> dict[str, Any]:
    content = {}
    if json:
        content["application/json"] = {"schema": schema(model)}
    if form:
        content["multipart/form-data"] = {"schema": schema(model, file=True)}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/whatsapp/send",
    response={202: MessageSchema, **BODY_REFUSALS},
    tags=["Messages"],
    summary="Send a message",
    openapi_extra={**_body(SendRequest), "parameters": [KEY_PARAMETER]},
)
def send(request: HttpRequest) -> HttpResponse:
    """Queues one message and answers at once. Follow its `status` with `GET /api/messages/{id}` or webhooks.

    Outside the customer service window, only message templates can be sent (409 `window_closed`).
    """
    program = caller(request)
    with request_bodies.read(request) as body:
        wanted = request_bodies.validated(SendRequest, body.fields)

        def act(token: uuid.UUID) -> tuple[int, dict[str, Any]]:
            message = _sent(token)
            if message is None:
                try:
                    message = _send(program, wanted, body.file, token)
                except Problem:
                    # The same request may have been faster, and have used the uploaded file.
                    message = _sent(token)
                    if message is None:
                        raise
            return 202, messages.one(message.pk, absolute=absolute(request)) or {}

        return idempotency.answer(request, program, body.fingerprint, act)


def _sent(token: uuid.UUID) -> Message | None:
    """The message that an earlier try of the same request created."""
    return Message.objects.filter(client_token=token).first()


def _send(program: Program, wanted: SendRequest, file: UploadedFile | None, token: uuid.UUID) -> Message:
    if sum(bool(recipient) for recipient in (wanted.phone, wanted.contactId, wanted.conversationId)) > 1:
        raise invalid("conversationId", RECIPIENT)
    conversation = find_conversation(program, wanted.conversationId) if wanted.conversationId else None
    number = _number(program, wanted, conversation)
    kind = _kind(wanted, file)
    payload = _payload(wanted, kind, number)
    quoted = find_message(program, wanted.replyTo) if wanted.replyTo else None
    upload = files.take(wanted, file, program=program, number=number)
    try:
        with transaction.atomic():
            conversation = conversation or _open(program, wanted, number)
            if quoted is not None and quoted.conversation_id != conversation.pk:
                raise invalid("replyTo", "The message to reply to belongs to another conversation.")
            return queue.queue(
                conversation,
                queue.Intent(
                    kind=Kind(upload.kind) if upload and kind is None else kind or Kind.TEXT,
                    text=wanted.content,
                    payload=payload,
                    upload=upload,
                    quoted=quoted,
                ),
                client_token=token,
                program=program,
            )
    except (queue.NotSendableError, Problem, uploads.FileRefusedError) as error:
        if upload is not None and not wanted.mediaId:
            uploads.discard(upload)
        if isinstance(error, Problem):
            raise
        raise _refusal(error) from None


def _refusal(error: Exception) -> Problem:
    if isinstance(error, queue.NotSendableError):
        return Problem(NOT_SENDABLE.get(error.reason, 409), str(error.reason), str(error))
    return Problem(422, "file_refused", str(error))


def _number(program: Program, wanted: SendRequest | UploadRequest, conversation: Conversation | None) -> PhoneNumber:
    """The number to send from: the one named, the conversation's, or the only one visible. Raises Problem."""
    visible = PhoneNumber.objects.filter(pk__in=access.numbers_visible_to(program))
    named = False
    for field, column in NUMBER_FIELDS.items():
        value = getattr(wanted, field)
        if value is not None:
            named = True
            visible = visible.filter(**{column: value})
    found = list(visible[:2])
    if named and not found:
        raise invalid("numberId", "This token may not use this number.")
    if conversation is not None:
        if named and found[0].pk != conversation.number_id:
            raise invalid("numberId", "The conversation belongs to another number.")
        return conversation.number
    if len(found) != 1:
        raise invalid("numberId", "Name the number to send from by numberId, phoneNumberId or awsPhoneNumberId.")
    return found[0]


def _kind(wanted: SendRequest, file: UploadedFile | None) -> Kind | None:
    """The kind of the message, None where the bytes of its file decide. Raises Problem for fields that contradict."""
    given = [name for name in ("template", "location", "contacts", "interactive") if getattr(wanted, name) is not None]
    if len(given) > 1:
        raise invalid(given[1], f"Send only one of {', '.join(given)} in one message.")
    has_file = bool(files.sources(wanted, file))
    if given:
        kind: Kind | None = Kind(given[0])
        if has_file and kind in (Kind.LOCATION, Kind.CONTACTS):
            raise invalid(given[0], "Locations and contact cards cannot have a file.")
        if wanted.content and kind is not Kind.INTERACTIVE:
            raise invalid(
                "content", f"A message with {given[0]} cannot have text. Send the text as a message of its own."
            )
    elif has_file:
        kind = Kind(wanted.kind) if wanted.kind in MEDIA_KINDS else None
        if wanted.kind and kind is None:
            raise invalid("kind", f"A file cannot be sent as {wanted.kind}.")
    else:
        kind = Kind.TEXT
    if kind is not None and wanted.kind and wanted.kind != kind:
        raise invalid("kind", f"The content does not fit the kind {wanted.kind}.")
    return kind


def _payload(wanted: SendRequest, kind: Kind | None, number: PhoneNumber) -> dict[str, Any]:
    """The payload that whatsapp.compose expects for this kind."""
    match kind:
        case Kind.TEXT:
            return {"preview_url": wanted.previewUrl}
        case Kind.LOCATION if wanted.location:
            return wanted.location.model_dump(exclude_defaults=True)
        case Kind.CONTACTS if wanted.contacts:
            return {"contacts": [card.model_dump(exclude_defaults=True) for card in wanted.contacts]}
        case Kind.INTERACTIVE if wanted.interactive:
            return wanted.interactive.model_dump(exclude_defaults=True)
        case Kind.TEMPLATE if wanted.template:
            return _template(wanted, number)
    return {}


def _template(wanted: SendRequest, number: PhoneNumber) -> dict[str, Any]:
    assert wanted.template is not None  # noqa: S101 - checked by the caller
    name, language = wanted.template.name, wanted.template.language
    found = MessageTemplate.objects.filter(waba_id=number.waba_id, name=name, language=language, gone_at=None).first()
    if found is None:
        template_sync.enqueue_unknown([number.waba_id])
        raise invalid("template.name", f"The number's account has no message template “{name}” in “{language}”.")
    if found.status and found.status != "APPROVED":
        raise Problem(409, "template_unavailable", f"WhatsApp lists this message template as {found.status.lower()}.")
    return {
        "name": found.name,
        "language": found.language,
        "category": found.category,
        "parameter_format": found.parameter_format,
        "components": found.components,
        "values": _values(wanted.template.values),
    }


def _values(values: TemplateValues) -> dict[str, Any]:
    place = values.header
    header = {"header": place.model_dump(exclude_defaults=True)} if isinstance(place, Location) else {}
    return values.model_dump() | header


def _open(program: Program, wanted: SendRequest, number: PhoneNumber) -> Conversation:
    """The conversation with the recipient, created if needed, in the caller's transaction. Raises Problem."""
    if not wanted.phone and not wanted.contactId:
        raise invalid("phone", RECIPIENT)
    if wanted.contactId:
        contact = access.contacts_visible_to(program).filter(pk=int(wanted.contactId)).values_list("pk", flat=True)[:1]
        if not contact:
            raise invalid("contactId", "There is no contact with this id, or this token may not see it.")
        person = contact[0]
    else:
        phone = phone_of(wanted.phone or "", [number.pk])
        mention = identities.person(number.identity_scope, Party(wa_id=phone.removeprefix("+")))
        person = identities.resolve([mention])[mention]
        Contact.objects.filter(pk=person, phone=None).update(phone=phone)
    opened = conversations.open_and_lock([(number.pk, person)], [])
    return Conversation.objects.select_related("contact", "number").get(pk=opened[number.pk, person].id)


@router.post(
    "/messages/{message_id}/reaction",
    response={202: MessageSchema, **BODY_REFUSALS},
    tags=["Messages"],
    summary="React to a message",
    openapi_extra=_body(ReactionRequest, form=False),
)
def react(request: HttpRequest, message_id: Id) -> HttpResponse:
    """Reacts to a message, replacing an earlier reaction of this business. Safe to repeat."""
    with request_bodies.read(request) as body:
        wanted = request_bodies.validated(ReactionRequest, body.fields)
    return _react(request, message_id, wanted.emoji)


@router.delete(
    "/messages/{message_id}/reaction",
    response={202: MessageSchema, **BODY_REFUSALS},
    tags=["Messages"],
    summary="Remove a reaction",
)
def unreact(request: HttpRequest, message_id: Id) -> HttpResponse:
    """Removes the reaction of this business. Safe to repeat."""
    return _react(request, message_id, "")


def _react(request: HttpRequest, message_id: str, emoji: str) -> HttpResponse:
    message = find_message(caller(request), message_id)
    try:
        queue.react(message, emoji)
    except queue.NotSendableError as error:
        raise _refusal(error) from None
    return message_response(request, message.pk, 202)


@router.post(
    "/messages/{message_id}/dismiss",
    response={200: MessageSchema, **BODY_REFUSALS},
    tags=["Messages"],
    summary="Dismiss a failure",
)
def dismiss(request: HttpRequest, message_id: Id) -> HttpResponse:
    """Stops counting a message that failed, or may have failed, as a failure of its conversation. Safe to repeat."""
    message = find_message(caller(request), message_id)
    try:
        queue.dismiss(message)
    except queue.NotSendableError as error:
        raise _refusal(error) from None
    return message_response(request, message.pk)


@router.post(
    "/conversations/{conversation_id}/read",
    response={200: ReadSchema, **BODY_REFUSALS},
    tags=["Conversations"],
    summary="Mark a conversation as read",
)
def mark_read(request: HttpRequest, conversation_id: Id) -> HttpResponse:
    """Sets the unread count to 0 and sends read receipts if the number's settings allow it. Safe to repeat."""
    conversation = find_conversation(caller(request), conversation_id)
    with transaction.atomic():
        if Conversation.objects.unread().filter(pk=conversation.pk).update(unread_count=0):
            pages.announce([(conversation.number_id, conversation.pk)])
        read_receipts.mark_read(conversation)
    return json_response({"conversationId": str(conversation.pk), "unreadCount": 0})


@router.post(
    "/media",
    response={201: MediaSchema, **BODY_REFUSALS},
    tags=["Media"],
    summary="Upload a file",
    openapi_extra={**_body(UploadRequest), "parameters": [KEY_PARAMETER]},
)
def upload_media(request: HttpRequest) -> HttpResponse:
    """Stores and prepares a file for a message that is sent within a day. `mediaState` shows the progress."""
    program = caller(request)
    with request_bodies.read(request) as body:
        wanted = request_bodies.validated(UploadRequest, body.fields)

        def act(_token: uuid.UUID) -> tuple[int, dict[str, Any]]:
            number = _number(program, wanted, None)
            upload: Upload | None = files.take(wanted, body.file, program=program, number=number)
            if upload is None:
                raise invalid("file", "Send a file: as the field “file” of a form, as mediaFile or as link.")
            return 201, serializers.upload(upload, absolute(request))

        return idempotency.answer(request, program, body.fingerprint, act)
