"""What the player made go wrong: switches that the courier, the media endpoints and the send endpoint look at."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, fields
from typing import Any


class ConnectionDropped(Exception):
    """Close the connection without an answer."""


class MediaFault(enum.StrEnum):
    """What is wrong with a file. The value is the word used in the control API."""

    NONE = ""
    EXPIRED = "media_expired"  # the address in the webhook is dead; a fresh one, asked for by id, works
    UNAVAILABLE_ONCE = "media_unavailable_once"  # two answers 503, then it works
    UNAVAILABLE = "media_unavailable"  # 503 until told otherwise
    GONE = "media_gone"  # the id is past its seven days
    WRONG_HASH = "media_wrong_hash"  # other bytes than announced
    TRUNCATED = "media_truncated"  # the connection ends halfway
    REFUSED = "media_refused"  # WhatsApp could not take it: error 131052 instead of a file


class Line(enum.StrEnum):
    """When the connection breaks while the product sends a message."""

    WORKS = ""
    BEFORE = "before"  # nothing was accepted
    AFTER = "after"  # accepted and delivered, and the answer is lost


class Receipts(enum.StrEnum):
    AUTO = "auto"  # sent, delivered soon, read when the chat is open on the phone
    BY_HAND = "by_hand"  # sent; the rest when the player presses
    HELD = "held"  # not even sent until the player presses


class WindowError(enum.StrEnum):
    """How a message outside the customer service window is refused. The reference names the code and not the way; in
    2026 it came as a failed status."""

    LATER = "later"
    AT_ONCE = "at_once"


#: Faults of one webhook, beside those of its file.
WEBHOOK_FAULTS = ("twice", "late")
LATE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Faults:
    """The switches. The defaults are a WhatsApp that works."""

    webhook_twice: bool = False
    webhook_late: float = 0.0
    webhook_disorder: bool = False
    webhook_batch: bool = False
    receipts: Receipts = Receipts.AUTO
    receipts_first: bool = False
    media: MediaFault = MediaFault.NONE
    line: Line = Line.WORKS
    refuse: int = 0
    #: The access token is dead: every call is answered with 190.
    token_dead: bool = False
    #: Seconds that the answer to a send takes, after the message was accepted.
    slow: float = 0.0
    #: Whether the pair rate and the throughput count; off for load tests.
    rates: bool = True
    #: Messages in a second that one number may send.
    throughput: int = 80
    window_error: WindowError = WindowError.LATER
    #: When "24 hours have passed" was pressed (unix time): whoever has not written since is outside the window.
    window_closed_at: float = 0.0

    def changed(self, changes: dict[str, Any]) -> Faults:
        """These switches with ``changes`` applied. Raises ValueError, a sentence, for what it does not know."""
        known = {each.name: type(getattr(self, each.name)) for each in fields(self)}
        values = asdict(self)
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"There is no switch called {name!r}. There are: {', '.join(known)}.")
            try:
                values[name] = known[name](value)
            except (TypeError, ValueError):
                raise ValueError(f"{value!r} is not a setting of {name}.") from None
        return Faults(**values)
