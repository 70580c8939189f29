"""When something happened: WhatsApp's time where it can be true, otherwise the time of receipt."""

from __future__ import annotations

from datetime import datetime, timedelta

#: How far WhatsApp's time may be ahead of our clock and still be believed.
CLOCK_TOLERANCE = timedelta(minutes=5)


def resolve(at: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
    """The time to keep for an event, and whether WhatsApp's ``at`` was missing or wrong.

    A time in the future (one of the two clocks is wrong) would sort the message after all later ones forever.
    """
    if at is None or at > received_at + CLOCK_TOLERANCE:
        return received_at, True
    return at, False
