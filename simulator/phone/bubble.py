"""What one bubble on the phone has to show and to press."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Press:
    """A button on a bubble: pressing it sends this ``payload`` as a message of this ``kind``, or opens ``link``. With
    neither it is only looked at. ``section`` is the heading that it stands under in a list."""

    label: str
    kind: str = ""
    payload: str = ""
    link: str = ""
    hint: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Slide:
    """One card of a carousel."""

    text: str
    presses: list[Press] = field(default_factory=list)


@dataclass(slots=True)
class Bubble:
    """One bubble, ready to draw. ``version`` changes with anything that can be seen."""

    id: str
    wamid: str
    mine: bool
    kind: str
    day: str
    clock: str
    text: SafeString = field(default_factory=SafeString)
    header: str = ""
    footer: str = ""
    quote: str = ""
    forwarded: bool = False
    file: dict[str, Any] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)
    cards: list[dict[str, str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    choices: list[Press] = field(default_factory=list)
    choice_label: str = ""
    slides: list[Slide] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    placeholder: str = ""
    status: str = ""
    failure: str = ""
    note: str = ""
    #: The receipts that the player can give, and whether each was given.
    receipts: list[tuple[str, str, bool]] = field(default_factory=list)
    voice: bool = False
    version: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether a receipt of this message is still to come."""
        return any(not given for _, _, given in self.receipts)

    @property
    def can_change(self) -> bool:
        return self.mine and self.note != "revoked" and self.kind in ("text", "image", "video", "document")
