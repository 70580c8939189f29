"""From messages to bubbles: everything that the templates of a message show, decided here once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from core.postgres import keyset
from core.translation import gettext as _
from inbox.formatting import humanize
from inbox.models import Message, Revision
from inbox.web import icons
from inbox.web.presenters import message_body, message_content, message_outcome, message_times, quote, thread_line
from inbox.web.presenters.message_body import Body
from inbox.web.presenters.message_content import Referral
from inbox.web.presenters.message_outcome import Outcome
from inbox.web.presenters.message_times import Meta
from inbox.web.presenters.quote import Quote
from inbox.web.presenters.thread_line import Line
from whatsapp.events import Kind, Origin

#: Icon and name of a sender on our side, by the message's origin.
ORIGINS = {
    Origin.API: ("bot", gettext_lazy("Via the API")),
    Origin.PHONE_APP: ("phone-app", gettext_lazy("From the phone app")),
    Origin.AI_AGENT: ("bot", "Meta Business Agent"),
    Origin.AGENT: ("", gettext_lazy("A colleague")),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the content: who wrote it, that it was forwarded, the advertisement it came from, what it
    answers."""

    author: str = ""
    author_icon: SafeString = icons.NOTHING
    flag: str = ""
    flag_icon: SafeString = icons.NOTHING
    referral: Referral | None = None
    quote: Quote | None = None

    @property
    def inside(self) -> bool:
        """Whether any of it stands inside the bubble."""
        return bool(self.flag or self.referral or self.quote)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it is drawn. With a ``line`` it is a line of the thread and has no other content."""

    id: str
    place: str
    changed: str
    direction: str
    #: Neighbours with the same group and little time between them stand close together.
    group: str
    at: datetime
    header: Header
    body: Body
    meta: Meta
    outcome: Outcome
    line: Line | None = None
    #: Names a message that an agent sent: the browser showed it before it had a row.
    token: str = ""
    deleted: bool = False
    #: WhatsApp knows it, so that it can be answered and reacted to.
    answerable: bool = False
    #: It has a menu.
    actions: bool = True
    #: (emoji, by whom, ours).
    reactions: tuple[tuple[str, str, bool], ...] = ()
    #: Earlier versions: (until when, text).
    revisions: tuple[tuple[str, str], ...] = ()

    @property
    def tile(self) -> bool:
        """Whether it is nothing but a picture or film, which may stand in an album."""
        more = self.header.inside or self.meta.marked or self.revisions or self.outcome.state
        return self.body.is_tile and not more

    @property
    def after(self) -> bool:
        """Whether anything stands below the bubble."""
        return bool(self.reactions or self.revisions or self.outcome.state)


def bubble(
    message: Message,
    zone: tzinfo,
    *,
    name: str,
    whole_text: bool = False,
    deleted: bool = False,
    window_open: bool = False,
    actions: bool = True,
) -> Bubble:
    """A message as a bubble. It came from inbox.web.queries.thread.fetch(); ``name`` is what the contact is called.

    ``zone`` is the reader's time zone. ``whole_text``: however long the text is. ``deleted``: the reader sees what its
    writer deleted. ``window_open``: the conversation takes free-form messages now. ``actions``: with a menu.
    """
    at = message.sent_at.astimezone(zone)
    shown = deleted or not message.revoked_at
    line = None
    if shown and message.kind in thread_line.KINDS and getattr(message, "media", None) is None:
        line = thread_line.of(message, name)
    body = Body() if line else message_body.of(message, name, whole_text=whole_text, deleted=deleted)
    explained = line is not None or body.says_why_missing
    return Bubble(
        id=str(message.pk),
        place=str(keyset.Place(message.sent_at, message.pk)),
        changed=str(message.changed_xid),
        direction=message.direction,
        group=_group(message) if line is None else "",
        at=at,
        header=_header(message, name, shown=shown),
        body=body,
        meta=message_times.meta(message, at),
        outcome=message_outcome.of(message, window_open=window_open, explained=explained),
        line=line,
        token=str(message.client_token) if message.client_token and message.agent_id else "",
        deleted=message.revoked_at is not None,
        answerable=message.answerable,
        actions=actions and line is None,
        reactions=message_content.reactions(message),
        revisions=_revisions(message) if shown and message.edited_at and line is None else (),
    )


def _group(message: Message) -> str:
    return f"{message.direction}.{message.author_id or ''}.{message.agent_id or ''}.{message.origin}"


def _revisions(message: Message) -> tuple[tuple[str, str], ...]:
    revisions: list[Revision] = list(message.revisions.all())
    return tuple((message_times.exact(one.at), one.previous_text) for one in revisions)


def _header(message: Message, name: str, *, shown: bool) -> Header:
    author, author_icon = _author(message)
    author_icon = icons.icon(author_icon, icons.SMALL)
    if not shown:
        return Header(author, author_icon)
    flag, flag_icon = _flag(message)
    referral = message_content.referral(message.context) if message.context else None
    return Header(author, author_icon, flag, flag_icon, referral, quote.of(message, name))


def _author(message: Message) -> tuple[str, str]:
    """(name, icon) above a group: agents and programs on our side, members of a group on the other."""
    if message.inbound:
        return (humanize.display_name(message.author), "") if message.author else ("", "")
    icon, origin = ORIGINS.get(Origin(message.origin), ("", ""))
    return (str(message.agent) if message.agent else str(origin)), icon


def _flag(message: Message) -> tuple[str, SafeString]:
    if message.kind == Kind.TEMPLATE:
        return _("Template"), icons.icon("template", icons.SMALL)
    if message.forwarded or message.frequently_forwarded:
        text = _("Forwarded many times") if message.frequently_forwarded else _("Forwarded")
        return text, icons.icon("forward", "icon--small icon--directional")
    return "", icons.NOTHING
