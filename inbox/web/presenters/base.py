"""What presenters share: objects that templates read quickly, and sentences that were stored in English."""

from __future__ import annotations

from inbox.media import sentences
from inbox.web.drawn import Drawn

__all__ = ["Drawn", "stored"]


def stored(sentence: str) -> str:
    """A sentence of ours that a row keeps in English, in the reader's language. Other text comes back as it is."""
    return sentences.shown(sentence)
