"""The content of a message as its bubble shows it: text, a file, a card, or a notice where content is missing.

Nothing here is HTML but ``Body.html``, which inbox.formatting.markup escaped; templates escape everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from core.translation import gettext as _
from inbox.formatting import markup, replies
from inbox.models import Media, Message
from inbox.web import icons
from inbox.web.presenters import interactive, message_content, thread_line
from inbox.web.presenters.attachment import Attachment
from inbox.web.presenters.quote import sender
from whatsapp.events import Kind

#: Longer texts end in a link to the whole text. WhatsApp's own limit is 4,096 characters.
TEXT_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Body:
    #: Draws what is not text; empty when there is only text.
    template: str = ""
    #: media, card or bare; empty for text.
    shape: str = ""
    html: SafeString = icons.NOTHING
    #: The link to the whole of a long text.
    cut: str = ""
    #: A sentence in place of content that is missing.
    notice: str = ""
    notice_icon: SafeString = icons.NOTHING
    #: Administrators can look at what WhatsApp sent.
    inspect: bool = False
    media: Attachment | None = None
    #: What a template with content of its own shows.
    card: Any = None
    #: A message template or a message with buttons.
    composed: interactive.Composed | None = None
    payment: message_content.Payment | None = None

    @property
    def has_text(self) -> bool:
        return bool(self.html or self.notice)

    @property
    def is_tile(self) -> bool:
        """Whether it is a picture or film alone, which may stand in an album."""
        return self.media is not None and self.media.in_album and not self.has_text and self.composed is None

    @property
    def holds_meta(self) -> bool:
        """Whether its template has a place of its own for the time and the ticks."""
        return not self.has_text and self.template == "message/_voice.html"

    @property
    def meta_class(self) -> str:
        if self.has_text or self.shape == "bare":
            return ""
        over = self.shape == "media" and self.media is not None and self.media.picture
        return " message__meta--over" if over else " message__meta--row"

    @property
    def says_why_missing(self) -> bool:
        return bool(self.notice) or (self.media is not None and self.media.state == Media.State.FAILED)


def of(message: Message, name: str, *, whole_text: bool, deleted: bool) -> Body:
    """The body of a message that is no line of the thread; ``name`` is what the contact is called.

    ``whole_text``: however long it is. ``deleted``: the reader sees what its writer deleted.
    """
    body = _content(message, name, whole_text) if deleted or not message.revoked_at else Body()
    if message.revoked_at and not body.notice:
        notice = _("%(name)s deleted this message") % {"name": sender(message, name)}
        body = replace(body, notice=notice, notice_icon=icons.icon("bin", icons.SMALL))
    payment = message_content.payment(message.payload)
    return replace(body, payment=payment) if payment and (deleted or not message.revoked_at) else body


def _content(message: Message, name: str, whole_text: bool) -> Body:
    kind, media = message.kind, getattr(message, "media", None)
    if kind in thread_line.KINDS and media is not None:
        line = thread_line.of(message, name)
        return _with_media(Attachment.of(media, kind, name), notice=line.text, notice_icon=line.icon)
    composed = None if message.inbound else interactive.draw(kind, message.payload, message.text)
    if composed is not None:
        attachment = Attachment.of(media, composed.media, name) if media is not None else None
        text, cut = _cut(composed.body, whole_text)
        return Body("message/_composed.html", "card", _html(text), cut, media=attachment, composed=composed)
    if kind in (Kind.INTERACTIVE, Kind.BUTTON):
        return _reply(message, media, name, whole_text)
    text, cut = _cut(message.text, whole_text)
    if media is not None:
        return _with_media(Attachment.of(media, kind, name), html=_html(text), cut=cut)
    if kind in message_content.DRAWN:
        shape = "media" if kind == Kind.LOCATION else "card"
        card = message_content.draw(kind, message.payload, message.text)
        return Body(f"message/_{kind}.html", shape, _html(text), cut, card=card)
    if kind in (Kind.UNSUPPORTED, Kind.UNKNOWN) or not text:
        notice = message_content.notice(kind, message.payload, message.error_code)
        icon = icons.icon("unsupported", icons.SMALL)
        return Body(html=_html(text), cut=cut, notice=notice, notice_icon=icon, inspect=True)
    return Body(html=_html(text), cut=cut)


def _reply(message: Message, media: Media | None, name: str, whole_text: bool) -> Body:
    """What a customer chose or filled in."""
    payload = message.payload
    text = replies.own_words(payload, message.text) or replies.title(payload)
    answer = message_content.answer(payload, text)
    text, cut = _cut(text, whole_text)
    attachment = Attachment.of(media, message.kind, name) if media is not None else None
    template = attachment.template if attachment else ""
    shape = attachment.shape if attachment else ""
    return Body("message/_answer.html" if answer else template, shape, _html(text), cut, media=attachment, card=answer)


def _with_media(attachment: Attachment, **fields: Any) -> Body:
    return Body(attachment.template, attachment.shape, media=attachment, **fields)


def _html(text: str) -> SafeString:
    return markup.render(text) if text else icons.NOTHING


def _cut(text: str, whole_text: bool) -> tuple[str, str]:
    """The text to show, and the words of the link to the rest."""
    if whole_text or len(text) <= TEXT_LIMIT:
        return text, ""
    link = ngettext("Show all %(count)s character", "Show all %(count)s characters", len(text))
    return text[:TEXT_LIMIT] + "…", link % {"count": f"{len(text):,}"}
