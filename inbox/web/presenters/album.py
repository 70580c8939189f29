"""Albums: pictures and films that one sender sent together stand in one grid. static/js/album.js has the same rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inbox.web.presenters.message import Bubble

#: Fewer stand as they are; so WhatsApp does it.
LEAST = 4
#: The grid shows so many, and how many more there are.
SHOWN = 4
#: Between one and the next.
APART = timedelta(seconds=60)


def arrange(bubbles: Iterable[Bubble]) -> None:
    """Mark where albums begin and end among the bubbles of one day, in the thread's order."""
    run: list[Bubble] = []
    for bubble in bubbles:
        if not (bubble.tile and run and _together(run[-1], bubble)):
            _mark(run)
            run = []
        if bubble.tile:
            run.append(bubble)
    _mark(run)


def _together(one: Bubble, other: Bubble) -> bool:
    return one.group == other.group and not other.unread and other.at - one.at <= APART


def _mark(run: list[Bubble]) -> None:
    if len(run) >= LEAST:
        run[0].album, run[-1].album_ends = str(len(run)), True
        run[0].album_more = f"+{len(run) - SHOWN}" if len(run) > SHOWN else ""
