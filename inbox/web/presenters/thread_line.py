"""Calls and system messages as single lines of a thread."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inbox.formatting import humanize, system_lines
from inbox.models import Message
from inbox.web import icons
from whatsapp.events import Direction, Kind

#: Kinds that stand in a thread as lines.
KINDS = frozenset({Kind.SYSTEM, Kind.CALL})


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    icon: SafeString
    detail: str


def of(message: Message, name: str) -> Line:
    """The line of a message of these KINDS; ``name`` is what the contact is called."""
    payload = message.payload
    if message.kind == Kind.SYSTEM:
        text, icon = system_lines.line(payload, name), system_lines.icon(payload)
    else:
        text, icon = _call(message, name)
    return Line(text, icons.icon(icon, icons.SMALL), system_lines.detail(payload))


def _call(message: Message, name: str) -> tuple[str, str]:
    """(text, icon) of a call."""
    outgoing, outcome = message.direction == Direction.OUTBOUND, message.payload.get("outcome")
    text = _outgoing(outcome) if outgoing else _incoming(outcome)
    text %= {"name": name}
    duration = message.payload.get("duration")
    if outcome == "answered" and isinstance(duration, int | float) and duration:
        text = _("%(call)s, %(length)s") % {"call": text, "length": humanize.clock(duration)}
    if outcome == "failed" and message.error:
        text = _("%(call)s: %(reason)s") % {"call": text, "reason": message.error}
    return text, "call-missed" if outcome in ("rejected", "failed", "missed") else "call"


def _outgoing(outcome: object) -> str:
    match outcome:
        case "rejected":
            return _("Declined voice call to %(name)s")
        case "ringing":
            return _("Voice call to %(name)s, ringing")
        case "failed":
            return _("Failed voice call to %(name)s")
        case "missed":
            return _("Unanswered voice call to %(name)s")
    return _("Voice call to %(name)s")


def _incoming(outcome: object) -> str:
    match outcome:
        case "rejected":
            return _("Declined voice call from %(name)s")
        case "ringing":
            return _("Voice call from %(name)s, ringing")
        case "failed":
            return _("Failed voice call from %(name)s")
        case "missed":
            return _("Missed voice call from %(name)s")
    return _("Voice call from %(name)s")
