"""From messages to bubbles: every fact that templates/inbox/_message.html draws, worked out once, in Python.

A template that asks few questions is what makes fifty bubbles cheap. Nothing here is HTML but ``html``, which
inbox.formatting.markup escaped; everything else is plain text that the template escapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from core.postgres import keyset
from inbox.formatting import humanize, markup, replies, summary
from inbox.models import Agent, Media, Message
from inbox.sending import resending
from inbox.web import icons
from inbox.web.presenters import album as album_presenter
from inbox.web.presenters import interactive, message_content, message_times, thread_line
from inbox.web.presenters.attachment import Attachment
from inbox.web.presenters.base import Drawn
from whatsapp.errors import explain, explain_received
from whatsapp.events import Direction, Kind, Origin, Status

#: One sender within this time is one group, drawn close together.
GROUP = timedelta(minutes=5)
#: Longer texts end in a link to the whole. WhatsApp's own limit is 4,096 characters.
TEXT_LIMIT = 5000

ORIGINS: dict[str, tuple[str, str]] = {
    Origin.API: ("bot", "Through the API"),
    Origin.PHONE_APP: ("phone-app", "On the phone"),
    Origin.AI_AGENT: ("bot", "Meta Business Agent"),
    Origin.AGENT: ("", "A colleague"),
}


@dataclass(slots=True)
class Quote(Drawn):
    """What a message answers: a line of it, and the way there."""

    author: str
    words: str
    icon: SafeString = icons.NOTHING
    href: str = ""
    thumbnail: str = ""


@dataclass(slots=True)
class Bubble(Drawn):
    """One message as it is drawn. ``body`` names the template of what is not text; ``line`` means no bubble at all.

    Numbers are written out: a template would ask for each of them how this language writes numbers.
    """

    id: str
    place: str
    changed: str
    direction: str
    group: str
    at: datetime
    iso: str
    time: str
    moment: str
    tick: SafeString
    #: Names a message that a colleague sent from here: the browser drew it before it had a row.
    token: str = ""
    first: bool = True
    last: bool = True
    #: How many unread messages begin here; 0 for none.
    unread: int = 0
    author: str = ""
    author_icon: SafeString = icons.NOTHING
    body: str = ""
    #: media, card or bare; empty for a bubble of words.
    shape: str = ""
    html: str = ""
    cut: str = ""
    line: str = ""
    line_icon: SafeString = icons.NOTHING
    line_detail: str = ""
    notice: str = ""
    notice_icon: SafeString = icons.NOTHING
    inspect: bool = False
    deleted: bool = False
    flag: str = ""
    flag_icon: SafeString = icons.NOTHING
    quote: Quote | None = None
    card: Any = None
    media: Attachment | None = None
    referral: message_content.Referral | None = None
    payment: message_content.Payment | None = None
    marked: bool = False
    late: str = ""
    late_reason: str = ""
    marks: list[str] = field(default_factory=list)
    problem: str = ""
    doubt: str = ""
    #: WhatsApp reported an error although the message is there.
    remark: str = ""
    code: int | None = None
    #: WhatsApp's own words on the error.
    detail: str = ""
    #: It still waits to leave; ``waiting_for`` is why, when that is not only its turn.
    waiting: bool = False
    waiting_for: str = ""
    cancellable: bool = False
    #: The words on the button that sends it again; empty when nobody should.
    again: str = ""
    sent_again: bool = False
    #: It keeps its conversation under "Failed".
    unsettled: bool = False
    actions: bool = False
    #: WhatsApp knows it, so that it can be answered and reacted to.
    answerable: bool = False
    #: What stands under the words of a message that was put together.
    foot: interactive.Composed | None = None
    previous: list[tuple[str, str]] = field(default_factory=list)
    reactions: list[tuple[str, str, bool]] = field(default_factory=list)
    #: What of the bubble there is to draw, so that a template asks once.
    head: bool = False
    words: bool = False
    tail: bool = False
    after: bool = False
    outcome: bool = False
    meta_inside: bool = False
    shape_class: str = ""
    meta_class: str = ""
    #: Nothing but a picture or film, which may stand in an album.
    tile: bool = False
    #: On the first of an album: how many there are; on its last: that it ends.
    album: str = ""
    album_more: str = ""
    album_ends: bool = False

    def settle(self) -> None:
        """Answer the template's questions, once everything else is known."""
        self.head = bool(self.flag or self.referral or self.quote)
        self.words = bool(self.html or self.notice)
        self.tail = bool(self.cut or self.notice)
        self.marked = bool(self.marks or self.late)
        self.outcome = bool(self.problem or self.remark or self.doubt or self.waiting)
        self.after = bool(self.reactions or self.previous or self.outcome)
        self.tile = bool(self.media and self.media.in_album) and not (
            self.head or self.words or self.marked or self.foot or self.previous or self.outcome
        )
        self.meta_inside = not self.words and self.body.endswith("_voice.html")
        self.shape_class = f" message__bubble--{self.shape}" if self.shape else ""
        if self.words or self.shape == "bare":
            self.meta_class = ""
        elif self.shape == "media" and self.media and self.media.picture:
            self.meta_class = " message__meta--over"
        else:
            self.meta_class = " message__meta--row"


@dataclass(slots=True)
class Day(Drawn):
    key: str
    name: str
    bubbles: list[Bubble]


def days(
    messages: Sequence[Message],
    *,
    name: str,
    unread: int = 0,
    first_unread: int | None = None,
    whole_text: bool = False,
    deleted: bool = False,
    window_open: bool = False,
) -> list[Day]:
    """Messages in the thread's order as days of bubbles, grouped by sender; ``name`` is what the contact is called.

    ``unread``: how many of the contact's messages are unread; a line says so before the message ``first_unread``.
    ``deleted``: whether the reader sees what messages said that their writer deleted.
    ``window_open``: whether the conversation takes free-form messages now.
    """
    zone = timezone.get_current_timezone()
    today = timezone.localdate()
    result: list[Day] = []
    previous: Bubble | None = None
    for message in messages:
        bubble = draw(message, zone, name=name, whole_text=whole_text, deleted=deleted)
        if not window_open and message.kind != Kind.TEMPLATE:
            bubble.again = ""  # WhatsApp would refuse it now
        if message.pk == first_unread:
            bubble.unread = unread
        day = bubble.at.date()
        if not result or result[-1].key != day.isoformat():
            result.append(_day(day, today))
            previous = None
        if previous is not None and joins(previous, bubble):
            previous.last = bubble.first = False
        result[-1].bubbles.append(bubble)
        previous = bubble
    for drawn in result:
        album_presenter.arrange(drawn.bubbles)
    return result


def joins(one: Bubble, other: Bubble) -> bool:
    """Whether two neighbours of one day stand close together as one group. static/js/thread.js does the same."""
    return not one.line and not other.unread and one.group == other.group and other.at - one.at < GROUP


def _day(day: date, today: date) -> Day:
    return Day(day.isoformat(), humanize.day_name(day, today), [])


def draw(message: Message, zone: tzinfo, *, name: str, whole_text: bool = False, deleted: bool = False) -> Bubble:
    """One message as a bubble, with the times of this zone. It came through inbox.web.queries.thread.fetch()."""
    at = message.sent_at.astimezone(zone)
    author, author_icon = _author(message)
    bubble = Bubble(
        id=str(message.pk),
        place=str(keyset.Place(message.sent_at, message.pk)),
        changed=str(message.changed_xid),
        direction=message.direction,
        group=f"{message.direction}.{message.author_id or ''}.{message.agent_id or ''}.{message.origin}",
        at=at,
        iso=at.isoformat(),
        time=humanize.hour(at),
        moment=message_times.moment(message, at),
        tick=icons.NOTHING if message.inbound else icons.tick(message.status),
        token=str(message.client_token) if message.client_token and message.agent_id else "",
        author=author,
        author_icon=icons.icon(author_icon, icons.SMALL),
    )
    if message.revoked_at:
        bubble.notice = f"{who(message, name)} deleted this message"
        bubble.notice_icon = icons.icon("bin", icons.SMALL)
        bubble.deleted = True
    if deleted or not message.revoked_at:
        _content(bubble, message, name, whole_text)
    _marks(bubble, message)
    _outcome(bubble, message)
    bubble.reactions = message_content.reactions(message)
    bubble.actions = not bubble.line
    bubble.answerable = message.answerable
    bubble.settle()
    return bubble


def _content(bubble: Bubble, message: Message, name: str, whole_text: bool) -> None:
    kind, payload = message.kind, message.payload
    if kind in thread_line.KINDS:
        thread_line.draw(bubble, message, name)
        return
    text = message.text
    media = getattr(message, "media", None)
    shown = None if message.inbound else interactive.draw(kind, payload, text)
    if shown is not None:
        text = _composed(bubble, shown, media, name)
    elif media is not None:
        bubble.media = Attachment.of(media, kind, name)
        bubble.body, bubble.shape = bubble.media.template, bubble.media.shape
    elif kind in message_content.DRAWN:
        bubble.card = message_content.draw(kind, payload, text)
        bubble.body, bubble.shape = f"inbox/message/_{kind}.html", "media" if kind == Kind.LOCATION else "card"
    elif kind in (Kind.UNSUPPORTED, Kind.UNKNOWN) or not text:
        bubble.notice, bubble.inspect = message_content.notice(kind, payload, message.error_code), True
        bubble.notice_icon = icons.icon("unsupported", icons.SMALL)
    if shown is None and kind in (Kind.INTERACTIVE, Kind.BUTTON):
        text = replies.own_words(payload, text) or replies.title(payload)
        bubble.card = message_content.answer(payload, text)
        if bubble.card:
            bubble.body = "inbox/message/_answer.html"
        bubble.notice, bubble.inspect = "", False
    if len(text) > TEXT_LIMIT and not whole_text:
        bubble.cut = f"Show all {len(text):,} characters"
        text = text[:TEXT_LIMIT] + "…"
    bubble.html = markup.render(text) if text else ""
    bubble.quote = _quote(message, name)
    bubble.referral, bubble.payment = message_content.referral(message.context), message_content.payment(payload)
    _flag(bubble, message)
    if message.edited_at:
        bubble.previous = [
            (humanize.moment(timezone.localtime(revision.at)), revision.previous_text)
            for revision in message.revisions.all()
        ]


def _composed(bubble: Bubble, shown: interactive.Composed, media: Media | None, name: str) -> str:
    """A template or message with buttons. Gives the words that stand in its middle."""
    bubble.card = bubble.foot = shown
    bubble.body, bubble.shape = "inbox/message/_composed.html", "card"
    if media is not None:
        bubble.media = Attachment.of(media, shown.media, name)
    return shown.body


def who(message: Message, name: str) -> str:
    """Who wrote it, in a word; ``name`` is what the contact is called."""
    if message.direction == Direction.OUTBOUND:
        return str(message.agent) if message.agent else "We"
    return humanize.display_name(message.author) if message.author else name


def _author(message: Message) -> tuple[str, str]:
    """The name above a group: colleagues and programs on our side, members of a group on the other."""
    if message.direction == Direction.INBOUND:
        return (humanize.display_name(message.author), "") if message.author else ("", "")
    icon, words = ORIGINS.get(message.origin, ("", ""))
    if isinstance(message.agent, Agent):
        return str(message.agent), icon
    return words, icon


def _flag(bubble: Bubble, message: Message) -> None:
    if message.kind == Kind.TEMPLATE:
        bubble.flag, bubble.flag_icon = "Template", icons.icon("template", icons.SMALL)
    elif message.forwarded or message.frequently_forwarded:
        bubble.flag = "Forwarded many times" if message.frequently_forwarded else "Forwarded"
        bubble.flag_icon = icons.icon("forward", "icon--small icon--directional")


def _quote(message: Message, name: str) -> Quote | None:
    quoted = message.quoted
    if quoted is None:
        product = message_content.referred_product(message.context)
        if product:
            return Quote("Product in the catalogue", product, icons.icon("order", icons.SMALL))
        return Quote("", "A message that is not here") if message.quoted_wamid else None
    return quote(quoted, name)


def quote(quoted: Message, name: str) -> Quote:
    """The line that stands for a message where it is answered; its media, author and agent are read from it."""
    if quoted.revoked_at:
        return Quote(who(quoted, name), "Deleted message", icons.icon("bin", icons.SMALL))
    media = getattr(quoted, "media", None)
    return Quote(
        author=who(quoted, name),
        words=summary.of_message(quoted),
        icon=icons.icon(message_content.icon(quoted.kind, voice=bool(media and media.voice)), icons.SMALL),
        href=f"{reverse('inbox:conversation', args=[quoted.conversation_id])}?at={quoted.pk}#message-{quoted.pk}",
        thumbnail=reverse("media_thumbnail", args=[media.pk]) if media and media.thumbnail else "",
    )


def _marks(bubble: Bubble, message: Message) -> None:
    """Small words before the time: what is unusual about when and how this came."""
    if message.edited_at and not message.revoked_at:
        bubble.marks.append("edited")
    if message.historic:
        bubble.marks.append("from the phone's history")
    bubble.late, bubble.late_reason = message_times.lateness(message, bubble.at)
    if message.standby and message.origin != Origin.AI_AGENT:
        bubble.marks.append("Meta Business Agent answers")


def _outcome(bubble: Bubble, message: Message) -> None:
    if message.inbound:
        # Where the content is missing altogether, what stands in its place says why.
        if (
            message.error_code
            and not (bubble.notice or bubble.line)
            and not (bubble.media and bubble.media.state == Media.State.FAILED)
        ):
            received = explain_received(message.error_code)
            bubble.code, bubble.detail = message.error_code, message.error
            bubble.remark = f"{received.words} {received.next_step}"
        return
    if message.error_code:
        explanation = explain(message.error_code)
        bubble.code, bubble.detail = message.error_code, message.error
        reason = f"{explanation.words} {explanation.next_step}"
    else:
        reason = message.error or "WhatsApp gave no reason."
    bubble.unsettled = message.unsettled
    bubble.sent_again = message.resent_at is not None
    again = not bubble.sent_again and resending.can_succeed(message)
    if message.status == Status.FAILED:
        bubble.problem = reason
        bubble.again = "Send again" if again else ""
    elif message.status == Status.QUEUED:
        bubble.waiting, bubble.cancellable = bool(message.error or message.error_code), True
        bubble.waiting_for = reason if bubble.waiting else ""
    elif message.failed_at:
        # It did arrive: the ticks stay, and so does what WhatsApp said afterwards.
        bubble.remark = f"Arrived, and WhatsApp reported afterwards: {reason}"
    elif message.status == Status.UNKNOWN:
        bubble.doubt = message.error or "the line broke before WhatsApp answered. A receipt will settle it."
        bubble.again = "Send again anyway" if again else ""
