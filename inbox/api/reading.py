"""Calls that read: messages, contacts, conversations, files, templates and numbers."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import AfterValidator, Field

from inbox import access
from inbox.api import messages, serializers
from inbox.api.authentication import may_read
from inbox.api.file_urls import absolute
from inbox.api.paging import LIMIT, Cursor, Id, Limit, cursor_at, page, page_by_id, place_of
from inbox.api.problems import invalid, not_found
from inbox.api.requests import Phone
from inbox.api.responses import json_response
from inbox.api.schemas import (
    ContactPage,
    ContactSchema,
    ConversationPage,
    ConversationSchema,
    MediaSchema,
    MessagePage,
    MessageSchema,
    NumberList,
    ProblemSchema,
    TemplateList,
)
from inbox.models import Contact, Conversation, Message, Program
from whatsapp import phone_numbers, template_sync
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber

router = Router(auth=may_read)
REFUSALS = dict.fromkeys((401, 403, 404, 422, 429, 503), ProblemSchema)


def _in_range(moment: datetime) -> datetime:
    """The time in UTC, which it is without a zone. Years that only Python or only PostgreSQL knows are refused."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 1970 <= moment.year < 2200:
        raise ValueError("Times from 1970 to 2199 are accepted.")
    # PostgreSQL accepts no zone more than 16 hours away from UTC.
    return moment.astimezone(UTC)


Moment = Annotated[
    datetime,
    AfterValidator(_in_range),
    Field(description="ISO 8601 or seconds since 1970. Compared with `createdAt`."),
]


def caller(request: HttpRequest) -> Program:
    """The authenticated program."""
    program: Program = request.auth  # type: ignore[attr-defined]
    return program


@router.get("/messages", response={200: MessagePage, **REFUSALS}, tags=["Messages"], summary="List messages")
def list_messages(
    request: HttpRequest,
    conversationId: Id | None = None,
    contactId: Id | None = None,
    phone: Phone | None = None,
    direction: Literal["inbound", "outbound"] | None = None,
    kind: Annotated[Kind | None, Field(description="Also the kind of media: image, video, audio, document.")] = None,
    media: Annotated[bool | None, Field(description="Only messages with a file, or only those without.")] = None,
    status: Literal["received", "queued", "sending", "sent", "delivered", "read", "played", "failed", "unknown"]
    | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> HttpResponse:
    """Newest first: by `timestamp` for one conversation, contact or phone, otherwise by `createdAt`.

    To follow new messages and statuses, use webhooks instead of polling.
    """
    program = caller(request)
    where = [messages.visible_to(program)]
    if direction:
        where.append(("m.direction = %s", direction))
    if kind:
        where.append(("m.kind = %s", kind))
    if media is not None:
        where.append(("EXISTS (SELECT FROM inbox_media f WHERE f.message_id = m.id) = %s", media))
    if status == "received":
        where.append(("m.direction = 'inbound'",))
    elif status:
        where.append(("m.status = %s", status))
    if since:
        where.append(("m.created_at >= %s", since))
    if until:
        where.append(("m.created_at < %s", until))
    order: messages.Order = "created_at"
    if conversationId or contactId or phone:
        order = "sent_at"
        where.append(_of_conversations(program, conversationId, contactId, phone))
    if cursor:
        after = place_of(cursor)
        where.append((f"(m.{order}, m.id) < (%s, %s)", after.at, after.id))
    rows = messages.read(where, absolute=absolute(request), order=order, limit=limit + 1)
    following = cursor_at(rows[limit - 1][1]) if len(rows) > limit else None
    return json_response({"messages": [body for body, _ in rows[:limit]], "nextCursor": following})


def _of_conversations(program: Program, pk: str | None, contact: str | None, phone: str | None) -> messages.Condition:
    """Messages of the conversations that match all of these."""
    if pk and not contact and not phone:
        return "m.conversation_id = %s", int(pk)
    found = access.conversations_visible_to(program)
    if pk:
        found = found.filter(pk=int(pk))
    if contact:
        found = found.filter(contact_id=int(contact))
    if phone:
        found = found.filter(contact__phone__in=spellings(phone, access.numbers_visible_to(program)))
    return "m.conversation_id = ANY(%s)", list(found.values_list("pk", flat=True)[:1000])


def phone_of(written: str, numbers: Iterable[int]) -> str:
    """A phone in a request as E.164, completed with the countries of these numbers. Raises Problem."""
    display = PhoneNumber.objects.filter(pk__in=numbers).values_list("display_number", flat=True)
    try:
        return phone_numbers.read(written, (phone_numbers.country_of(number) for number in display))
    except phone_numbers.NotAPhoneError as error:
        raise invalid("phone", str(error)) from None


def spellings(written: str, numbers: Iterable[int]) -> list[str]:
    """A phone in a request as E.164, with the other forms in which WhatsApp may know it. Raises Problem."""
    digits = phone_of(written, numbers).removeprefix("+")
    return [f"+{digits}", *(f"+{other}" for other in phone_numbers.variants(digits))]


@router.get(
    "/messages/{message_id}", response={200: MessageSchema, **REFUSALS}, tags=["Messages"], summary="One message"
)
def get_message(request: HttpRequest, message_id: Id) -> HttpResponse:
    """A message as it is now, with a new address of its file."""
    return message_response(request, int(message_id))


def message_response(request: HttpRequest, pk: int, status: int = 200) -> HttpResponse:
    """A message as it is now. Raises Problem when the caller may not see it."""
    body = messages.one(pk, messages.visible_to(caller(request)), absolute=absolute(request))
    if body is None:
        raise not_found()
    return json_response(body, status)


def find_message(program: Program, pk: str) -> Message:
    """The row of a message that the program may see. Raises Problem."""
    found = access.messages_visible_to(program).filter(pk=int(pk)).first()
    if found is None:
        raise not_found()
    return found


@router.get("/contacts", response={200: ContactPage, **REFUSALS}, tags=["Contacts"], summary="List contacts")
def list_contacts(
    request: HttpRequest,
    phone: Phone | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> HttpResponse:
    """People and groups with a conversation on the token's numbers, newest contact first."""
    contacts = access.contacts_visible_to(caller(request))
    if phone:
        contacts = contacts.filter(phone__in=spellings(phone, access.numbers_visible_to(caller(request))))
    found, following = page_by_id(contacts, cursor, limit)
    return json_response({"contacts": _contacts(caller(request), found), "nextCursor": following})


@router.get(
    "/contacts/{contact_id}", response={200: ContactSchema, **REFUSALS}, tags=["Contacts"], summary="One contact"
)
def get_contact(request: HttpRequest, contact_id: Id) -> HttpResponse:
    """A person or group, with the conversations that this token may see."""
    found = access.contacts_visible_to(caller(request)).filter(pk=int(contact_id))[:1]
    if not found:
        raise not_found()
    return json_response(_contacts(caller(request), list(found))[0])


def _contacts(program: Program, found: list[Contact]) -> list[dict[str, Any]]:
    conversations: dict[int, list[Conversation]] = defaultdict(list)
    for row in access.conversations_visible_to(program).filter(contact__in=found).order_by("pk"):
        conversations[row.contact_id].append(row)
    strangers = access.strangers_to(program, conversations)
    return [serializers.contact(row, conversations[row.pk], stranger=row.pk in strangers) for row in found]


def _conversations_of(program: Program, found: list[Conversation]) -> list[dict[str, Any]]:
    strangers = access.strangers_to(program, {row.contact_id for row in found})
    return [serializers.conversation(row, stranger=row.contact_id in strangers) for row in found]


@router.get(
    "/conversations", response={200: ConversationPage, **REFUSALS}, tags=["Conversations"], summary="List conversations"
)
def list_conversations(
    request: HttpRequest,
    contactId: Id | None = None,
    numberId: Id | None = None,
    unread: Annotated[bool | None, Field(description="Only those with unread messages.")] = None,
    failed: Annotated[
        bool | None, Field(description="Only those with a failed message that was neither sent again nor dismissed.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> HttpResponse:
    """Newest message first."""
    conversations = access.conversations_visible_to(caller(request)).select_related("contact")
    if contactId:
        conversations = conversations.filter(contact_id=int(contactId))
    if numberId:
        conversations = conversations.filter(number_id=int(numberId))
    if unread:
        conversations = conversations.unread()
    if failed:
        conversations = conversations.failed()
    found, following = page(conversations, "last_message_at", cursor, limit)
    return json_response({"conversations": _conversations_of(caller(request), found), "nextCursor": following})


@router.get(
    "/conversations/{conversation_id}",
    response={200: ConversationSchema, **REFUSALS},
    tags=["Conversations"],
    summary="One conversation",
)
def get_conversation(request: HttpRequest, conversation_id: Id) -> HttpResponse:
    """A conversation between one contact and one number: newest message, unread count, customer service window."""
    found = find_conversation(caller(request), conversation_id)
    return json_response(_conversations_of(caller(request), [found])[0])


def find_conversation(program: Program, pk: str) -> Conversation:
    visible = access.conversations_visible_to(program).select_related("contact", "number")
    found = visible.filter(pk=int(pk)).first()
    if found is None:
        raise not_found()
    return found


@router.get("/media/{media_id}", response={200: MediaSchema, **REFUSALS}, tags=["Media"], summary="One file")
def get_media(
    request: HttpRequest,
    media_id: Annotated[str, Field(max_length=128, description="`fileId`, or WhatsApp's `mediaId`.")],
) -> HttpResponse:
    """A file with a new signed address, valid for up to 300 seconds."""
    program, link = caller(request), absolute(request)
    visible = access.media_visible_to(program).select_related("message")
    try:
        pk = uuid.UUID(media_id)
    except ValueError:
        found = visible.filter(media_id=media_id).order_by("-created_at").first() if media_id.isalnum() else None
    else:
        found = visible.filter(pk=pk).first()
        if found is None and (upload := access.uploads_visible_to(program).filter(pk=pk).first()):
            return json_response(serializers.upload(upload, link))
    if found is None:
        raise not_found()
    return json_response(serializers.media(found, link))


@router.get(
    "/templates", response={200: TemplateList, **REFUSALS}, tags=["Templates"], summary="List message templates"
)
def list_templates(
    request: HttpRequest,
    name: Annotated[str | None, Field(max_length=512)] = None,
    status: Annotated[str | None, Field(max_length=32, description="APPROVED, PENDING, REJECTED, …")] = None,
) -> HttpResponse:
    """The message templates of the numbers' accounts as WhatsApp last described them."""
    program = caller(request)
    senders: dict[str, list[int]] = defaultdict(list)
    for number in PhoneNumber.objects.filter(pk__in=access.numbers_visible_to(program)).defer("access_token"):
        senders[number.waba_id].append(number.pk)
    template_sync.enqueue_unknown(senders)
    templates = access.templates_visible_to(program).filter(
        *([Q(name=name)] if name else []), *([Q(status__iexact=status)] if status else [])
    )
    rows = templates.order_by("name", "language", "waba_id")
    return json_response({"templates": [serializers.template(row, senders[row.waba_id]) for row in rows]})


@router.get("/numbers", response={200: NumberList, **REFUSALS}, tags=["Numbers"], summary="List our numbers")
def list_numbers(request: HttpRequest) -> HttpResponse:
    """The numbers that this token may use."""
    visible = PhoneNumber.objects.filter(pk__in=access.numbers_visible_to(caller(request))).defer("access_token")
    visible = visible.select_related("outbox")
    visible = visible.order_by("pk")
    return json_response({"numbers": [serializers.number(row) for row in visible]})
