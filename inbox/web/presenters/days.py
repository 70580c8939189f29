"""Messages as the days of a thread: which bubbles stand together as a group, and which pictures as an album."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.translation import ngettext

from inbox.formatting import humanize
from inbox.models import Message
from inbox.web.presenters import message as message_presenter
from inbox.web.presenters.base import Drawn
from inbox.web.presenters.message import Bubble

#: Messages of one sender form a group while less than this lies between two of them.
GROUP_GAP = timedelta(minutes=5)
#: Pictures and films of one sender form an album, as on WhatsApp: at least so many, with at most this between two.
ALBUM_LEAST = 4
ALBUM_GAP = timedelta(seconds=60)
#: An album shows so many, and how many more there are.
ALBUM_SHOWN = 4
#: What scripts need to group messages that arrive, as data attributes of the thread.
RULES = {
    "group_gap": GROUP_GAP.seconds,
    "album_least": ALBUM_LEAST,
    "album_gap": ALBUM_GAP.seconds,
    "album_shown": ALBUM_SHOWN,
}


@dataclass(frozen=True, slots=True)
class Album:
    label: str
    #: "+3" when there are three more than it shows.
    more: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A bubble in its place. ``first`` and ``last`` of its group; the ``album`` that begins with it, and whether one
    ends with it; ``unread``: the line above it that counts the unread messages."""

    bubble: Bubble
    first: bool
    last: bool
    unread: str
    album: Album | None
    album_ends: bool


@dataclass(frozen=True, slots=True)
class Day(Drawn):
    key: str
    name: str
    entries: list[Entry]


def of(
    messages: Sequence[Message],
    *,
    name: str,
    unread: int = 0,
    first_unread: int | None = None,
    whole_text: bool = False,
    deleted: bool = False,
    window_open: bool = False,
) -> list[Day]:
    """Messages in the thread's order as days of bubbles; ``name`` is what the contact is called.

    ``unread``: how many messages are unread; a line says so above the message ``first_unread``. The others are as in
    inbox.web.presenters.message.bubble().
    """
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    bubbles = [
        message_presenter.bubble(one, zone, name=name, whole_text=whole_text, deleted=deleted, window_open=window_open)
        for one in messages
    ]
    line_above = str(first_unread) if first_unread is not None else ""
    label = ngettext("%(count)s new message", "%(count)s new messages", unread) % {"count": unread} if unread else ""
    return [
        Day(day.isoformat(), humanize.day_name(day, today), _entries(list(inside), line_above, label))
        for day, inside in groupby(bubbles, key=lambda bubble: bubble.at.date())
    ]


def _entries(bubbles: list[Bubble], line_above: str, label: str) -> list[Entry]:
    """The bubbles of one day in their places; ``label`` stands above the one whose id is ``line_above``."""
    albums, ends = _albums(bubbles, line_above)
    joined = [index > 0 and _joins(bubbles[index - 1], one, line_above) for index, one in enumerate(bubbles)]
    joined.append(False)
    return [
        Entry(
            bubble=one,
            first=not joined[index],
            last=not joined[index + 1],
            unread=label if one.id == line_above else "",
            album=albums.get(index),
            album_ends=index in ends,
        )
        for index, one in enumerate(bubbles)
    ]


def _joins(one: Bubble, other: Bubble, line_above: str) -> bool:
    """Whether two neighbours stand close together as one group."""
    return one.line is None and one.group == other.group and other.at - one.at < GROUP_GAP and other.id != line_above


def _albums(bubbles: list[Bubble], line_above: str) -> tuple[dict[int, Album], set[int]]:
    """The albums by the index of their first bubble, and the indexes of their last ones."""
    albums, ends = {}, set()
    for run in _runs(bubbles, line_above):
        count = len(run)
        if count >= ALBUM_LEAST:
            label = ngettext("%(count)s picture sent together", "%(count)s pictures sent together", count)
            more = f"+{count - ALBUM_SHOWN}" if count > ALBUM_SHOWN else ""
            albums[run[0]] = Album(label % {"count": count}, more)
            ends.add(run[-1])
    return albums, ends


def _runs(bubbles: list[Bubble], line_above: str) -> Iterator[list[int]]:
    """The indexes of pictures and films that one sender sent together."""
    run: list[int] = []
    for index, one in enumerate(bubbles):
        tile = one.tile
        if run and not (tile and _together(bubbles[index - 1], one, line_above)):
            yield run
            run = []
        if tile:
            run.append(index)
    yield run


def _together(one: Bubble, other: Bubble, line_above: str) -> bool:
    return one.group == other.group and other.at - one.at <= ALBUM_GAP and other.id != line_above
