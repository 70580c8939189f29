"""Calls, and what nobody wrote, as lines of a thread: a line with a file becomes a bubble that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inbox.formatting import humanize, system_lines
from inbox.models import Message
from inbox.web import icons
from inbox.web.presenters.attachment import Attachment
from whatsapp.events import Direction, Kind

if TYPE_CHECKING:
    from inbox.web.presenters.message import Bubble

#: Kinds that stand in a thread as lines.
KINDS = frozenset({Kind.SYSTEM, Kind.CALL})


def draw(bubble: Bubble, message: Message, name: str) -> None:
    """Put the line of a message of these KINDS into its bubble; ``name`` is what the contact is called."""
    words, icon = _words(message, name)
    media = getattr(message, "media", None)
    if media is None:
        bubble.line, bubble.line_icon, bubble.group = words, icons.icon(icon, icons.SMALL), ""
        bubble.line_detail = system_lines.detail(message.payload)
        return
    bubble.notice, bubble.notice_icon = words, icons.icon(icon, icons.SMALL)
    bubble.media = Attachment.of(media, message.kind, name)
    bubble.body, bubble.shape = bubble.media.template, bubble.media.shape


def _words(message: Message, name: str) -> tuple[str, str]:
    """(words, icon) of what stands in the thread as one line: calls, and what nobody wrote."""
    payload = message.payload
    if message.kind == Kind.SYSTEM:
        return system_lines.words(payload, name), system_lines.icon(payload)
    from_us = message.direction == Direction.OUTBOUND
    by = f"to {name}" if from_us else f"from {name}"
    match payload.get("outcome"):
        case "answered":
            duration = payload.get("duration")
            length = f", {humanize.clock(duration)}" if isinstance(duration, int | float) and duration else ""
            return f"Voice call {by}{length}", "call"
        case "rejected":
            return f"Declined voice call {by}", "call-missed"
        case "ringing":
            return f"Voice call {by}, ringing", "call"
        case "failed":
            return f"Failed voice call {by}" + (f": {message.error}" if message.error else ""), "call-missed"
        case "missed":
            return (f"Unanswered voice call {by}" if from_us else f"Missed voice call {by}"), "call-missed"
        case _:
            return f"Voice call {by}", "call"
