"""A message or call that arrives, with the rows it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from whatsapp.events import CallChanged, MessageReceived
from whatsapp.models import PhoneNumber


@dataclass(frozen=True, slots=True)
class Arrival:
    """``author``: the contact who wrote it in a group; None elsewhere."""

    event: MessageReceived | CallChanged
    number: PhoneNumber
    conversation: int
    author: int | None
    notification: int
    received_at: datetime
