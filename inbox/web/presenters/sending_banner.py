"""The banner above the list while a number is not sending, or sends slower than agents write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.formatting import humanize
from inbox.web.presenters.base import Drawn, stored
from inbox.web.presenters.conversation_row import badge
from inbox.web.queries.list_state import WAITING_LIMIT, Outbox
from whatsapp import limits

#: Seconds that the last of the waiting messages has to wait for the page to say so.
SLOW = 4


@dataclass(frozen=True, slots=True)
class Banner(Drawn):
    """One number that sends nothing at the moment, or slowly."""

    name: str
    paused: bool
    words: str


def of(outboxes: Iterable[Outbox]) -> list[Banner]:
    """The banners for those numbers of an agent that do not send, or send slowly."""
    banners = []
    for outbox in outboxes:
        rate = outbox.send_rate or limits.per_second(outbox.throughput)
        if outbox.reason is not None:
            text = " ".join(filter(None, [stored(outbox.reason), _held(outbox.waiting)]))
            banners.append(Banner(outbox.number.name, paused=True, words=text))
        elif outbox.waiting > SLOW * rate:
            banners.append(Banner(outbox.number.name, paused=False, words=_slowed(outbox.waiting, rate)))
    return banners


def _held(waiting: int) -> str:
    if not waiting:
        return ""
    held = ngettext(
        "%(count)s message is waiting and will be sent.", "%(count)s messages are waiting and will be sent.", waiting
    )
    return held % {"count": badge(waiting)}


def _slowed(waiting: int, rate: int) -> str:
    time = humanize.wait(waiting / rate)
    allowed = ngettext(
        "WhatsApp accepts %(rate)s message a second from it.",
        "WhatsApp accepts %(rate)s messages a second from it.",
        rate,
    )
    if waiting < WAITING_LIMIT:
        queue = ngettext(
            "%(count)s message is waiting; sending it takes about %(time)s.",
            "%(count)s messages are waiting; sending them takes about %(time)s.",
            waiting,
        )
    else:
        queue = _("More than %(count)s messages are waiting; sending them takes over %(time)s.")
    return f"{allowed % {'rate': rate}} {queue % {'count': number_format(waiting), 'time': time}}"
