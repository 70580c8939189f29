"""What the composer under a thread shows: the agent's draft and its files, or templates once the window is closed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.safestring import SafeString

from inbox import drafts
from inbox.formatting import humanize
from inbox.formatting.summary import file_kind
from inbox.models import Agent, Conversation, Message, Upload
from inbox.web import icons
from inbox.web.presenters import message, template_picker
from inbox.web.presenters import stand_in as stand_in_presenter
from inbox.web.presenters.attachment import ICONS, NOUNS
from inbox.web.presenters.base import Drawn
from inbox.web.presenters.template_picker import Choice
from whatsapp import limits
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber

#: Templates offered at once when the window is closed.
OFFERED = 3


@dataclass(slots=True)
class Card(Drawn):
    """One file in the tray, whatever has become of it so far."""

    id: str
    name: str
    facts: str
    state: str
    icon: SafeString
    href: str
    picture: bool = False
    sound: bool = False
    seconds: str = ""
    length: str = ""
    captioned: bool = False
    caption: str = ""
    changed: bool = False
    position: int = 0
    #: The message it will be, as it looks until that has a row: without a caption, and with one.
    bubbles: list[message.Bubble] = field(default_factory=list)
    #: It may go as a document although it may not go as what it is.
    as_document: bool = False

    @classmethod
    def of(cls, upload: Upload) -> Card:
        kind = Kind(upload.kind)
        noun = "Voice note" if upload.voice else NOUNS.get(kind, "Sticker")
        card = cls(
            id=str(upload.pk),
            name=humanize.clean_name(upload.file_name) or noun,
            facts="",
            state=upload.state,
            icon=icons.icon("mic" if upload.voice else ICONS.get(kind, "sticker")),
            href=reverse("inbox:upload_file", args=[upload.pk]),
            captioned=kind in limits.CAPTIONED and upload.draft_id is not None,
            caption=upload.caption,
            position=upload.position,
        )
        match upload.state:
            case Upload.State.PREPARING:
                card.facts = "Being prepared…"
            case Upload.State.READY:
                size = humanize.size(upload.size if upload.size is not None else upload.original_size)
                length = humanize.clock(upload.duration) if upload.duration else ""
                type_words = file_kind(upload.content_type, upload.file_name) if kind == Kind.DOCUMENT else ""
                if upload.content_type == limits.ENCRYPTED:
                    type_words = "Protected by a password"
                changes = [str(change).rstrip(".") for change in upload.changes]
                card.facts = " · ".join(filter(None, [*changes, type_words, length, size]))
                card.changed = bool(changes)
                card.picture = upload.content_type in ("image/jpeg", "image/png", "image/webp")
                card.sound = kind == Kind.AUDIO
                card.seconds, card.length = f"{upload.duration or 0:.2f}", length
            case _:
                card.facts = upload.error or "WhatsApp does not take this file."
                card.as_document = upload.as_document and not upload.voice
                card.captioned = False
        if upload.draft_id is not None and upload.agent is not None and upload.state != Upload.State.REFUSED:
            for captioned in (False, True) if card.captioned else (False,):
                card.bubbles.append(stand_in_presenter.of_file(upload, upload.agent, card.href, captioned=captioned))
        return card


@dataclass(slots=True)
class Composer(Drawn):
    """``face``: answer, closed (only templates may be sent) or unavailable (the number cannot send)."""

    conversation: Conversation
    face: str
    token: uuid.UUID
    text: str = ""
    quote: message.Quote | None = None
    quoted_id: str = ""
    cards: list[Card] = field(default_factory=list)
    templates: list[Choice] = field(default_factory=list)
    problem: str = ""
    preview_url: bool = True
    #: What a press of Send shows until the message has a row.
    stand_in: message.Bubble | None = None
    #: The same for a file that is still being uploaded: without a caption, and with one.
    file_stand_ins: list[message.Bubble] = field(default_factory=list)
    failed: SafeString = field(default_factory=lambda: icons.tick("failed"))


def face_of(conversation: Conversation) -> str:
    if conversation.number.state != PhoneNumber.State.CONNECTED:
        return "unavailable"
    return "answer" if conversation.window_open else "closed"


def of(conversation: Conversation, agent: Agent, *, name: str, quoted: Message | None = None) -> Composer:
    """The composer with the agent's draft in it. ``quoted``, which a link named, wins over the draft's."""
    draft = drafts.of(conversation, agent)
    composer = Composer(conversation, face_of(conversation), drafts.token_of(draft))
    composer.stand_in = stand_in_presenter.of_words(agent)
    composer.file_stand_ins = [
        stand_in_presenter.of_any_file(agent, captioned=captioned) for captioned in (False, True)
    ]
    if draft is not None:
        composer.text = draft.text
        composer.cards = [Card.of(upload) for upload in draft.uploads.select_related("agent")]
    quoted = quoted or (draft.quoted if draft else None)
    if quoted is not None:
        composer.quoted_id, composer.quote = str(quoted.pk), message.quote(quoted, name)
    if composer.face == "closed":
        composer.templates = template_picker.offered(conversation, OFFERED)
    return composer


def quotable(conversation: Conversation, word: str) -> Message | None:
    """The message that a form or link names to be answered: of this conversation, and known to WhatsApp."""
    if not (word.isascii() and word.isdigit() and len(word) < 19):
        return None
    found = conversation.messages.filter(pk=int(word)).select_related("media", "author", "agent").first()
    return found if found is not None and found.answerable else None


def is_uuid(word: str) -> bool:
    try:
        uuid.UUID(word)
    except ValueError:
        return False
    return True
