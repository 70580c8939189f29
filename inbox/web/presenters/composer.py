"""The composer under a thread: the agent's draft and its files, or templates once the window is closed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.integers import small_integer
from inbox import drafts
from inbox.formatting import humanize
from inbox.formatting.summary import file_kind
from inbox.models import Agent, Conversation, Draft, Message, Upload
from inbox.web import icons
from inbox.web.presenters import quote as quote_presenter
from inbox.web.presenters import stand_in, template_picker
from inbox.web.presenters.attachment import ICONS, name_of
from inbox.web.presenters.base import Drawn, stored
from inbox.web.presenters.message import Bubble
from inbox.web.presenters.quote import Quote
from inbox.web.presenters.template_picker import Choice
from whatsapp import limits
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber

#: Templates offered at once when the window is closed.
OFFERED = 3
PICTURES = ("image/jpeg", "image/png", "image/webp")


@dataclass(frozen=True, slots=True)
class Card(Drawn):
    """One file in the tray, in any state of its preparation."""

    id: str
    name: str
    state: str
    icon: SafeString
    href: str
    caption: str
    position: int
    facts: str = ""
    picture: bool = False
    sound: bool = False
    seconds: str = ""
    length: str = ""
    captioned: bool = False
    changed: bool = False
    #: It may be sent as a document although it cannot be sent as what it is.
    as_document: bool = False
    #: The message it will be, shown until that has a row: without a caption, and with one.
    bubbles: tuple[Bubble, ...] = ()

    @classmethod
    def of(cls, upload: Upload) -> Card:
        kind, state = Kind(upload.kind), Upload.State(upload.state)
        ready, refused = state is Upload.State.READY, state is Upload.State.REFUSED
        href = reverse("inbox:upload_file", args=[upload.pk])
        in_draft = upload.draft_id is not None
        captioned = kind in limits.CAPTIONED and in_draft and not refused
        bubbles: tuple[Bubble, ...] = ()
        if in_draft and upload.agent is not None and not refused:
            captions = (False, True) if captioned else (False,)
            bubbles = tuple(stand_in.of_file(upload, upload.agent, href, captioned=each) for each in captions)
        return cls(
            id=str(upload.pk),
            name=humanize.clean_name(upload.file_name) or name_of(kind, voice=upload.voice),
            state=upload.state,
            icon=icons.icon("mic" if upload.voice else ICONS.get(kind, "sticker")),
            href=href,
            caption=upload.caption,
            position=upload.position,
            facts=_facts(upload, kind),
            picture=ready and upload.content_type in PICTURES,
            sound=ready and kind == Kind.AUDIO,
            seconds=f"{upload.duration or 0:.2f}" if ready else "",
            length=_length(upload) if ready else "",
            captioned=captioned,
            changed=ready and bool(upload.changes),
            as_document=refused and upload.as_document and not upload.voice,
            bubbles=bubbles,
        )


def _facts(upload: Upload, kind: Kind) -> str:
    match upload.state:
        case Upload.State.PREPARING:
            return _("Preparing…")
        case Upload.State.READY:
            size = humanize.size(upload.size if upload.size is not None else upload.original_size)
            file_type = file_kind(upload.content_type, upload.file_name) if kind == Kind.DOCUMENT else ""
            if upload.content_type == limits.ENCRYPTED:
                file_type = _("Password-protected")
            changes = [stored(str(change)).rstrip(".") for change in upload.changes]
            return " · ".join(filter(None, [*changes, file_type, _length(upload), size]))
    return stored(upload.error) or _("WhatsApp does not accept this file.")


def _length(upload: Upload) -> str:
    return humanize.clock(upload.duration) if upload.duration else ""


@dataclass(frozen=True, slots=True)
class Composer(Drawn):
    """``face``: answer, closed (only templates may be sent) or unavailable (the number cannot send)."""

    conversation: Conversation
    face: str
    token: uuid.UUID
    text: str
    cards: tuple[Card, ...]
    quote: Quote | None
    quoted_id: str
    templates: tuple[Choice, ...]
    #: Why what the agent wrote could not be sent.
    problem: str
    #: What a press of Send shows until the message has a row.
    stand_in: Bubble
    #: The same for a file that is still being uploaded: without a caption, and with one.
    file_stand_ins: tuple[Bubble, ...]
    failed: SafeString


def face_of(conversation: Conversation) -> str:
    if conversation.number.state != PhoneNumber.State.CONNECTED:
        return "unavailable"
    return "answer" if conversation.window_open else "closed"


def of(
    conversation: Conversation,
    agent: Agent,
    draft: Draft | None,
    *,
    name: str,
    quoted: Message | None = None,
    problem: str = "",
) -> Composer:
    """The composer with the agent's draft in it. ``quoted``, which a link named, wins over the draft's."""
    face = face_of(conversation)
    quoted = quoted or (draft.quoted if draft else None)
    return Composer(
        conversation=conversation,
        face=face,
        token=drafts.token_of(draft),
        text=draft.text if draft else "",
        cards=tuple(Card.of(upload) for upload in draft.uploads.select_related("agent")) if draft else (),
        quote=quote_presenter.line(quoted, name) if quoted else None,
        quoted_id=str(quoted.pk) if quoted else "",
        templates=tuple(template_picker.offered(conversation, OFFERED)) if face == "closed" else (),
        problem=problem,
        stand_in=stand_in.of_text(agent),
        file_stand_ins=tuple(stand_in.of_any_file(agent, captioned=captioned) for captioned in (False, True)),
        failed=icons.tick("failed"),
    )


def quotable(conversation: Conversation, word: str) -> Message | None:
    """The message that a form or link names to be answered: of this conversation, and known to WhatsApp."""
    pk = small_integer(word)
    if pk is None:
        return None
    message = conversation.messages.filter(pk=pk).select_related("media", "author", "agent").first()
    return message if message is not None and message.answerable else None


def is_uuid(word: str) -> bool:
    try:
        uuid.UUID(word)
    except ValueError:
        return False
    return True
