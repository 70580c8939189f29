"""The times of a message: when it was sent, what happened to it since, and whether it reached us late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.safestring import SafeString

from core.translation import gettext as _
from inbox.formatting import humanize
from inbox.models import Message
from inbox.web import icons
from whatsapp.events import Origin

#: Messages that arrive more than this after WhatsApp's own time are marked as late; in seconds.
LATE = 10 * 60
#: Of these, the exact moment names both times.
DELAYED = 60


@dataclass(frozen=True, slots=True)
class Meta:
    """What stands in the corner of a bubble. ``moment`` is the whole story of the message, shown on hover."""

    iso: str
    time: str
    moment: str
    tick: SafeString
    marks: tuple[str, ...] = ()
    late: str = ""
    late_reason: str = ""

    @property
    def marked(self) -> bool:
        return bool(self.marks or self.late)


def meta(message: Message, at: datetime) -> Meta:
    """``at`` is when it was sent, in the reader's time zone."""
    late, late_reason = _lateness(message, at)
    tick = icons.NOTHING if message.inbound else icons.tick(message.status)
    return Meta(at.isoformat(), humanize.hour(at), _moment(message, at), tick, _marks(message), late, late_reason)


def _marks(message: Message) -> tuple[str, ...]:
    """What is unusual about how this message came, in a word or two each."""
    marks = []
    if message.edited_at and not message.revoked_at:
        marks.append(_("edited"))
    if message.historic:
        marks.append(_("from phone history"))
    if message.standby and message.origin != Origin.AI_AGENT:
        marks.append(_("Meta Business Agent is answering"))
    return tuple(marks)


def _moment(message: Message, at: datetime) -> str:
    """The moment to the second, and every step after it: "20 November 2026, 10:42:05 · delivered 10:42"."""
    parts = [humanize.moment(at)]
    if message.delivered_at:
        parts.append(_("delivered %(time)s") % {"time": _hour(message.delivered_at)})
    if message.read_at:
        parts.append(_("read %(time)s") % {"time": _hour(message.read_at)})
    if message.played_at:
        parts.append(_("played %(time)s") % {"time": _hour(message.played_at)})
    if message.failed_at:
        parts.append(_("failed %(time)s") % {"time": _hour(message.failed_at)})
    if message.bad_timestamp:
        parts.append(_("WhatsApp gave no usable time"))
    elif message.inbound and not message.historic and message.late_by > DELAYED:
        parts.append(_("received %(time)s") % {"time": exact(message.created_at)})
    return " · ".join(parts)


def exact(at: datetime) -> str:
    """A moment to the second in the reader's time zone."""
    return humanize.moment(timezone.localtime(at))


def _hour(at: datetime) -> str:
    return humanize.hour(timezone.localtime(at))


def _lateness(message: Message, at: datetime) -> tuple[str, str]:
    """What is unusual about its time, in a few words and in a sentence; empty for a message that came in time."""
    if message.historic:
        return "", ""
    if message.bad_timestamp:
        return _("time unknown"), _("WhatsApp gave no usable time. This is when we received the message.")
    if message.inbound and message.late_by > LATE:
        received = exact(message.created_at)
        return (
            _("arrived %(time)s late") % {"time": humanize.wait(message.late_by)},
            _("Sent %(sent)s, received %(received)s") % {"sent": humanize.moment(at), "received": received},
        )
    return "", ""
