"""What a notification says, in our words: frozen facts that the product can apply, whichever provider carried them.

`whatsapp.parse` makes them and is the only reader of Meta's field names; the product is the only one to apply them.
Every string in an event is already clean for PostgreSQL (no NUL, no lone surrogate). ``raw`` is the leaf as it came,
cleaned the same way, for administrators.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class Kind(enum.StrEnum):
    """The kind of a message. The values are used in rows, templates, URLs and the API."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"  # voice notes too: RemoteMedia.voice tells them apart
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    INTERACTIVE = "interactive"  # a reply to buttons, a list, a flow, a call permission, a payment
    BUTTON = "button"  # a reply to a template's quick-reply button
    ORDER = "order"
    TEMPLATE = "template"
    SYSTEM = "system"  # written by nobody: a changed number, the transcript of a call
    CALL = "call"
    UNSUPPORTED = "unsupported"  # WhatsApp doesn't deliver this type
    UNKNOWN = "unknown"  # delivered by WhatsApp, but unknown to us


MEDIA_KINDS = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER})


#: The prefix of our ids for messages without one from WhatsApp. Nobody can reply to those.
OWN_ID = "line."


class Direction(enum.StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Origin(enum.StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    AGENT = "agent"
    API = "api"
    PHONE_APP = "phone_app"  # a colleague, in the WhatsApp Business app on the phone (coexistence)
    AI_AGENT = "ai_agent"  # Meta Business Agent, while it holds the conversation (standby)


class Status(enum.StrEnum):
    """The status of an outgoing message. QUEUED, SENDING and UNKNOWN are ours; the others are WhatsApp's."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Party:
    """A person on WhatsApp as one payload names them. Any of the ids may be missing. All of them are only in what a
    group tells (a group's status names a participant instead) and in a status that names nobody.

    ``wa_id`` is digits without a plus. ``user_id`` is the business-scoped user id ("PT.1349…"), ``parent_user_id``
    its portfolio-wide parent. ``username`` has no leading "@".
    """

    wa_id: str = ""
    user_id: str = ""
    parent_user_id: str = ""
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as WhatsApp reports it. ``code`` is 0 when it was missing."""

    code: int = 0
    title: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """A file that WhatsApp holds for us: its id lives 7 days, its ``url`` (may be empty) 5 minutes.

    ``sha256`` is lower-case hex whatever form it came in, empty when absent or malformed.
    ``mime_type`` is the declared type without parameters, lower case; ``file_name`` is hostile text.
    """

    media_id: str
    mime_type: str = ""
    sha256: str = ""
    url: str = ""
    file_name: str = ""
    voice: bool = False
    animated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share. ``phone_number_id`` is Meta's id of our number, empty for events of the whole account.

    ``display_phone_number`` is our number in digits without a plus; ``at`` is WhatsApp's time, None when it was
    missing or nonsense (then the time of receipt counts); ``path`` finds the leaf in the notification
    ("entry[0].changes[0].value.messages[2]").
    """

    phone_number_id: str = ""
    display_phone_number: str = ""
    waba_id: str = ""
    at: datetime | None = None
    path: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """A message that belongs in a conversation, whoever wrote it.

    ``party`` is always the customer (the group member who wrote, in a group). ``payload`` by kind:

    * location: ``latitude``, ``longitude`` (floats), ``name``, ``address``, ``url``
    * contacts: ``contacts``: list of ``name``, ``organization``, ``phones`` (list of ``number``, ``wa_id``, ``label``),
      ``emails``, ``urls``, ``addresses`` (lists of ``value``, ``label``), ``birthday``
    * interactive: ``type`` (button_reply, list_reply, nfm_reply, call_permission_reply, payment_method, product,
      other), ``id``, ``title``, ``description``, ``answers`` (list of ``name``, ``value`` from a flow's response_json)
    * button: ``title``, ``payload``
    * order: ``catalog_id``, ``items``: list of ``product_id``, ``quantity``, ``price`` (string), ``currency``
    * system: ``type`` (user_changed_number, user_changed_user_id, customer_identity_changed, call_transcript,
      handover, ai_summary, group, other), ``body``; of a transcript ``call_id``; of a hand-over between Meta's AI agent
      and the team ``step`` (Meta's word), ``to`` ("team", "ai_agent"), ``reason`` and ``summary``; of a group ``step``
      (created, deleted, joined, left, removed, asked, withdrew, settings, suspended, unsuspended), ``people`` (list of
      ``name``, ``wa_id``, ``user_id``), ``subject``, ``description``, ``picture`` (true when it changed)
    * template: ``name``, ``language`` (written in the phone app or by Meta's AI agent)
    * unsupported: ``type`` (what WhatsApp says it was, may be empty)
    * unknown: ``type`` (Meta's word for it)
    * other kinds: empty
    * any kind, once WhatsApp tells: ``payment``, as PaymentChanged has it, with its ``status`` and the time ``at``

    Missing parts are missing keys. ``text`` is what the sender wrote: body, caption, button title, or empty.
    ``quoted_wamid`` is the message answered (may be unknown to us), ``referred_product`` {catalog_id, product_id}
    when the question is about a product. ``referral`` {source_url, source_id, source_type, headline, body,
    media_type, media_url, thumbnail_url, ctwa_clid, welcome_message} when an ad led here.
    ``historic``: came with the phone app's history, opens no window, counts no unread. ``status``: only for our own
    historic messages. ``standby``: an AI agent holds the conversation. ``opens_window``: this message starts or
    extends the customer service window (an inbound, not historic, not system message).
    """

    wamid: str
    party: Party
    direction: Direction = Direction.INBOUND
    origin: Origin = Origin.CUSTOMER
    kind: Kind = Kind.TEXT
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    media: RemoteMedia | None = None
    quoted_wamid: str = ""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: dict[str, str] = field(default_factory=dict)
    referral: dict[str, str] = field(default_factory=dict)
    group_id: str = ""
    #: The group's new name.
    group_subject: str = ""
    faults: tuple[Fault, ...] = ()
    historic: bool = False
    standby: bool = False
    status: Status | None = None
    opens_window: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """WhatsApp's word on a message of ours. ``status`` may be a word we do not know: then it is kept and ignored.

    ``participant`` is set for a group message: who of the group received or read it. ``callback_data`` is our own id
    for the send. ``pricing`` {billable, model, type, category} when told.
    """

    wamid: str
    status: str
    party: Party
    group_id: str = ""
    participant: Party | None = None
    callback_data: str = ""
    faults: tuple[Fault, ...] = ()
    pricing: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChanged(Event):
    """How the payment stands that a message of ours asked for: says nothing about delivery.

    ``status``: captured, pending, failed, or a word we do not know. ``payment`` {reference_id, amount (a decimal as
    text), currency, attempt (what became of the last one)} when told.
    """

    wamid: str
    status: str
    party: Party
    payment: dict[str, str] = field(default_factory=dict)
    callback_data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged(Event):
    """``emoji`` on ``target_wamid``, or its removal when ``emoji`` is empty. OUTBOUND: made in the phone app."""

    wamid: str
    target_wamid: str
    party: Party
    emoji: str = ""
    direction: Direction = Direction.INBOUND
    group_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited(Event):
    """The sender changed the text or caption of ``target_wamid`` to ``text``."""

    wamid: str
    target_wamid: str
    party: Party
    text: str
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRevoked(Event):
    """The sender deleted ``target_wamid`` for everyone."""

    wamid: str
    target_wamid: str
    party: Party
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(Event):
    """Ids or names of one person belong together, or a preference changed. Applied to the contact, shown nowhere else.

    ``previous`` holds the ids a system message says are replaced (number or user-id change).
    ``marketing``: "stop", "resume" or "signup" from user_preferences. ``saved``: False when the phone app's contact
    list lost it.
    """

    party: Party
    previous: Party | None = None
    marketing: str = ""
    saved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged(Event):
    """One step of a call, drawn as one line in the thread however many steps it has.

    ``step``: created, connect, ringing, accepted, rejected, terminate, failed (a terminate that says so), recording,
    transcript, other. ``direction`` INBOUND when the customer calls: then it opens the customer service window,
    answered or not; ``directed`` when WhatsApp said so, else it is our guess. What is told of a call afterwards
    (recording, transcript) opens nothing. ``duration`` in seconds when told. ``media``: the recording.
    """

    call_id: str
    step: str
    party: Party
    direction: Direction = Direction.INBOUND
    directed: bool = False
    duration: int | None = None
    faults: tuple[Fault, ...] = ()
    media: RemoteMedia | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChanged(Event):
    """WhatsApp said something about a number of ours, its account, a template or a group: kept with the number.

    ``webhook_field`` is Meta's word ("phone_number_quality_update"), ``summary`` one sentence for the admin.
    ``changes`` holds what we know how to keep on the number itself: any of ``quality`` (GREEN, YELLOW, RED, UNKNOWN),
    ``throughput``, ``messaging_limit``, ``verified_name``.
    """

    webhook_field: str
    summary: str
    changes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChanged(Event):
    """A message template was approved, rejected, edited, recategorized or rated."""

    webhook_field: str
    template_id: str
    name: str
    language: str
    summary: str
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultReported(Event):
    """An error of the number or account without a message (value-level ``errors``)."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognized(Event):
    """A valid part that nothing uses (yet): an unknown field, user_actions. Counted; kept in the journal."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLeaf(Event):
    """A leaf that can't be understood; ``reason`` is a sentence. Other leaves are kept.

    After a message with the same ``path``: the message is kept, but its content is missing or malformed.
    """

    reason: str


AnyEvent = (
    MessageReceived
    | StatusChanged
    | PaymentChanged
    | ReactionChanged
    | MessageEdited
    | MessageRevoked
    | ContactChanged
    | CallChanged
    | NumberChanged
    | TemplateChanged
    | FaultReported
    | Unrecognized
    | BadLeaf
)


class UnreadableError(Exception):
    """A notification's body can't be read (not UTF-8, not JSON, too deep). The text is the reason."""
