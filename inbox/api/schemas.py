"""The schemas of answers, with the field names of the replaced system."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Schema
from pydantic import Field

SECONDS = "Seconds since 1970."


class ProblemError(Schema):
    field: str = Field(description="The field that is wrong; empty for the request as a whole.")
    message: str = Field(description="What is wrong with it.")


class ProblemSchema(Schema):
    """Every error (RFC 9457, `application/problem+json`)."""

    type: str = Field(description="Always `about:blank`.")
    title: str
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="For programs: `window_closed`, `invalid`, `not_found`, …")
    detail: str = Field(description="What happened and what to do, as a sentence.")
    errors: list[ProblemError] = Field(description="Each field that is wrong.")


class MessageError(Schema):
    code: int | None = Field(description="WhatsApp's error code, null when the failure was not WhatsApp's.")
    message: str = Field(description="What happened, as a sentence.")
    next: str = Field(description="What to do next, as a sentence; may be empty.")


class ReactionSchema(Schema):
    emoji: str
    contactId: str | None = Field(description="Who reacted; null when it was this business.")
    timestamp: int = Field(description=SECONDS)


class MediaSchema(Schema):
    """A file. Its bytes are at `mediaUrl`."""

    fileId: str = Field(description="Our id of the file, for `GET /api/media/{id}`.")
    messageId: str | None = Field(description="The message it belongs to; null before it is sent.")
    mediaId: str | None = Field(
        description="WhatsApp's id of the file, null while it has none. "
        "For an upload that is not sent yet: the value for `mediaId` of a message."
    )
    s3Key: str | None = Field(description="The key of the stored object, null while it is not stored.")
    mediaUrl: str | None = Field(description="A new signed address of the file, valid for up to 300 seconds.")
    mimeType: str | None = Field(
        description="The type of its bytes; before it is stored, the type that the sender declared."
    )
    fileName: str | None = Field(description="The name from the sender.")
    size: int | None = Field(description="Bytes.")
    sha256: str | None = Field(description="Lower-case hex, of the stored bytes.")
    width: int | None
    height: int | None
    duration: float | None = Field(description="Seconds.")
    voice: bool = Field(description="Whether it is a voice note.")
    mediaState: str = Field(
        description="pending, retrying, preparing, ready, stored, expired, too_large, failed or refused."
    )
    mediaError: str | None = Field(description="Why there is no file, as a sentence.")


class MessageSchema(Schema):
    messageId: str = Field(description="Our id of the message.")
    conversationId: str
    contactId: str
    numberId: str = Field(description="Our number that it came to or left from; see `GET /api/numbers`.")
    channel: Literal["whatsapp"]
    direction: Literal["inbound", "outbound"]
    kind: str = Field(
        description="text, image, audio, video, document, sticker, location, contacts, interactive, button, order, "
        "template, system, call, unsupported, unknown. A system message reports an event: a changed number, a "
        "hand-over by WhatsApp's AI agent, a change in a group. Neither it nor a call can be replied to."
    )
    messageType: str = Field(description="The same as `kind`.")
    origin: str = Field(description="Who wrote it: customer, agent, api, phone_app, ai_agent.")
    content: str = Field(description="The text or caption; empty when there is none or the message was deleted.")
    payload: dict[str, Any] = Field(
        description="Further content, by kind: a location, contact cards, the chosen answer. A request for payment "
        "also has `payment`, with its `status` (captured, pending, failed)."
    )
    timestamp: int = Field(description="WhatsApp's time of the message. " + SECONDS)
    createdAt: int = Field(description="When it was received or created here. " + SECONDS)
    status: str = Field(
        description="`received` for messages of the customer. Ours: queued, sending, sent, delivered, read, played, "
        "failed, or unknown (it may have been sent; WhatsApp's status will tell)."
    )
    sentAt: int | None = Field(description=SECONDS)
    deliveredAt: int | None = Field(description=SECONDS)
    readAt: int | None = Field(description=SECONDS)
    playedAt: int | None = Field(description=SECONDS)
    failedAt: int | None = Field(description=SECONDS)
    resentAt: int | None = Field(description="When it was sent again after failing, or possibly failing. " + SECONDS)
    dismissedAt: int | None = Field(description="When its failure, or possible failure, was dismissed. " + SECONDS)
    error: MessageError | None
    errorDetails: str | None = Field(description="`message` of `error`.")
    wamid: str | None = Field(description="WhatsApp's id of the message, null while it has none.")
    whatsappMessageId: str | None = Field(
        description="The same as `wamid`, or the provider's own id where there is no wamid."
    )
    mediaId: str | None = Field(description="WhatsApp's id of the file.")
    fileId: str | None = Field(description="Our id of the file, for `GET /api/media/{id}`.")
    s3Key: str | None
    mediaUrl: str | None = Field(
        description="A new signed address of the file, valid for up to 300 seconds. Always null in webhooks."
    )
    mimeType: str | None
    fileName: str | None
    size: int | None = Field(description="Bytes.")
    mediaState: str | None = Field(description="As in `GET /api/media/{id}`; null for messages without a file.")
    mediaError: str | None
    senderPhone: str | None = Field(description="The sender's phone as E.164: the customer's or ours.")
    senderName: str | None
    receivingPhone: str | None = Field(description="The receiver's phone as E.164: ours or the customer's.")
    phoneNumberId: str = Field(description="Meta's id of our number.")
    awsPhoneNumberId: str | None = Field(description="AWS's id of our number.")
    replyTo: str | None = Field(description="`messageId` of the message that it replies to.")
    replyToWamid: str | None
    forwarded: bool
    editedAt: int | None = Field(description=SECONDS)
    deletedAt: int | None = Field(description="When its sender deleted it for everyone. " + SECONDS)
    reactions: list[ReactionSchema]


class MessagePage(Schema):
    messages: list[MessageSchema]
    nextCursor: str | None = Field(description="`cursor` of the next page; null on the last one.")


class ContactSchema(Schema):
    contactId: str
    name: str = Field(description="The name in their WhatsApp profile; may be empty.")
    username: str | None
    phone: str | None = Field(description="As E.164; null when WhatsApp does not share it.")
    isGroup: bool
    marketingStoppedAt: int | None = Field(description="When they opted out of marketing. " + SECONDS)
    createdAt: int = Field(description=SECONDS)
    conversationIds: list[str] = Field(description="Their conversations that this token may see.")


class ContactPage(Schema):
    contacts: list[ContactSchema]
    nextCursor: str | None


class ConversationSchema(Schema):
    conversationId: str
    contactId: str
    numberId: str
    name: str
    phone: str | None
    unreadCount: int
    windowOpen: bool = Field(description="Whether messages other than templates may be sent now.")
    windowClosesAt: int | None = Field(description=SECONDS)
    lastMessageId: str | None
    lastMessage: str = Field(description="The newest message in one line.")
    lastMessageAt: int = Field(description=SECONDS)
    lastMessageDirection: str | None
    lastMessageStatus: str | None
    oldestFailureAt: int | None = Field(
        description="When the oldest message was sent that failed, or may have failed, and was neither sent again nor "
        "dismissed. " + SECONDS
    )


class ConversationPage(Schema):
    conversations: list[ConversationSchema]
    nextCursor: str | None


class TemplateSchema(Schema):
    name: str
    language: str
    category: str
    status: str
    quality: str
    parameterFormat: str
    wabaId: str
    numberIds: list[str] = Field(description="The numbers that may send it.")
    components: list[Any] = Field(description="As WhatsApp describes them.")


class TemplateList(Schema):
    templates: list[TemplateSchema]


class NumberSchema(Schema):
    numberId: str
    name: str
    displayNumber: str
    phoneNumberId: str
    awsPhoneNumberId: str | None
    wabaId: str
    state: str = Field(description="connected or paused. A paused number sends nothing.")
    pausedReason: str | None = Field(
        description="Why it is paused, and what to do. While WhatsApp refuses everything from this number, messages "
        "wait and are sent automatically afterwards. While an administrator paused it, messages are refused."
    )
    pausedAt: int | None = Field(description="Since when WhatsApp refuses everything from this number.")
    quality: str


class NumberList(Schema):
    numbers: list[NumberSchema]


class ReadSchema(Schema):
    conversationId: str
    unreadCount: int
