"""The rows of the conversation list as one agent sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.safestring import SafeString

from core.postgres import keyset
from inbox.formatting import humanize, summary
from inbox.models import Conversation
from inbox.web import icons
from inbox.web.presenters import message_content
from inbox.web.presenters.base import Drawn, address
from inbox.web.queries.conversation_list import closes_soon
from inbox.web.queries.list_state import COUNT_LIMIT, Number
from whatsapp.events import Direction, Kind, Status

#: Colours of avatars.
HUES = ("clay", "moss", "sky", "plum", "sand", "slate")


@dataclass(frozen=True, slots=True)
class Row(Drawn):
    id: str
    place: str
    changed: str
    href: str
    name: str
    initials: str
    hue: str
    time: str
    at: str
    preview: str
    #: The beginning of the agent's unsent draft; empty without one.
    draft: str
    icon: SafeString
    tick: SafeString
    #: The last message failed.
    failed: bool
    #: An earlier message failed, or may have failed.
    failing: bool
    unread: str
    closes_at: str
    closes_in: str
    closing: bool
    #: The name of our number; empty when the agent sees only one.
    number: str
    swatch: int


def rows(
    conversations: Iterable[Conversation], numbers: Sequence[Number], drafts: Mapping[int, str], query: str = ""
) -> list[Row]:
    """The rows of these conversations, which were read with their contacts.

    ``drafts`` are the agent's, by conversation (`list_state`); ``query`` is the part of every link that keeps the
    list's filters.
    """
    by_id = {number.id: number for number in numbers}
    now = timezone.now()
    today = timezone.localdate(now)
    several = len(numbers) > 1
    listed = list(conversations)
    previews = summary.of_last_messages(listed)
    return [
        _row(one, by_id[one.number_id], several, drafts.get(one.pk, ""), previews[one.pk], query, now, today)
        for one in listed
    ]


def _row(
    conversation: Conversation,
    number: Number,
    several: bool,
    draft: str,
    preview: str,
    query: str,
    now: datetime,
    today: date,
) -> Row:
    name = humanize.display_name(conversation.contact)
    at = timezone.localtime(conversation.last_message_at)
    outbound = conversation.last_message_direction == Direction.OUTBOUND
    closes_at = conversation.window_closes_at
    open_until = closes_at if closes_at is not None and closes_at > now else None
    failing = conversation.oldest_failure_at is not None
    # The tick of the last message already says so.
    shown_by_tick = outbound and conversation.last_message_status in (Status.FAILED, Status.UNKNOWN)
    return Row(
        id=str(conversation.pk),
        place=str(keyset.Place(at, conversation.pk)),
        changed=str(conversation.changed_xid),
        href=address("inbox:conversation").format(conversation.pk) + query,
        name=name,
        initials=humanize.initials(name),
        hue=hue(conversation),
        time=humanize.row_time(at, today) if conversation.last_message_id else "",
        at=at.isoformat(),
        preview=preview,
        draft=draft,
        icon=icons.icon(_icon(conversation.last_message_kind, conversation.last_message_preview), icons.SMALL),
        tick=icons.tick(conversation.last_message_status) if outbound else icons.NOTHING,
        failed=failing and shown_by_tick,
        failing=failing and not shown_by_tick,
        unread=badge(conversation.unread_count),
        closes_at=open_until.isoformat() if open_until else "",
        closes_in=humanize.time_left((open_until - now).total_seconds()) if open_until else "",
        closing=closes_soon(closes_at, now),
        number=number.name if several else "",
        swatch=number.swatch,
    )


def hue(conversation: Conversation) -> str:
    """The colour of the contact's avatar: the same for one contact everywhere."""
    return HUES[conversation.contact_id % len(HUES)]


def badge(count: int) -> str:
    """A count as badges show it: "", "7" or "99+"."""
    return "99+" if count >= COUNT_LIMIT else str(count or "")


def _icon(kind: str, preview: str) -> str:
    """The icon of the last message. Only the preview tells a voice note from other audio, and a missed call."""
    if kind == Kind.CALL and preview.startswith(("Missed", "Declined", "Failed")):
        return "call-missed"
    return message_content.icon(kind, voice=preview.startswith("Voice "))
