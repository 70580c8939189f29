"""When a message was sent and what came of it, in words: the exact moment, and whether it reached us late."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from inbox.formatting import humanize
from inbox.models import Message

#: Arrivals later than this after WhatsApp's own time say so beside their time.
LATE = 10 * 60
#: And later than this, the exact moment names both times.
DELAYED = 60


def moment(message: Message, at: datetime) -> str:
    """The moment to the second, and every step after it: "20 November 2026, 10:42:05 · delivered 10:42".

    ``at`` is when it was sent, in the reader's zone.
    """
    steps = (
        ("delivered", message.delivered_at),
        ("read", message.read_at),
        ("played", message.played_at),
        ("failed", message.failed_at),
    )
    words = [f"{word} {humanize.hour(timezone.localtime(when))}" for word, when in steps if when]
    if message.bad_timestamp:
        words.append("WhatsApp gave no usable time")
    elif message.inbound and not message.historic and message.late_by > DELAYED:
        words.append(f"reached us {humanize.moment(timezone.localtime(message.created_at))}")
    return " · ".join([humanize.moment(at), *words])


def lateness(message: Message, at: datetime) -> tuple[str, str]:
    """What is unusual about its time, in a word or two and in a sentence; empty for what came in time."""
    if message.historic:
        return "", ""
    if message.bad_timestamp:
        return "no time given", "WhatsApp gave no usable time: this is when it reached us."
    if message.inbound and message.late_by > LATE:
        arrived = humanize.moment(timezone.localtime(message.created_at))
        return (
            f"arrived {humanize.wait(message.late_by)} late",
            f"Sent {humanize.moment(at)}, reached us {arrived}",
        )
    return "", ""
