"""What presenters share: objects that templates read quickly, and sentences that were stored in English."""

from __future__ import annotations

import uuid
from functools import cache

from django.urls import reverse

from inbox.media import sentences
from inbox.web.drawn import Drawn

__all__ = ["Drawn", "address", "stored"]


@cache
def address(name: str, kind: type[int] | type[uuid.UUID] = int) -> str:
    """The address of one row's page with a place for its id: "/conversations/{}/". A page has dozens of them."""
    sample = str(uuid.UUID(int=0)) if kind is uuid.UUID else "0"
    return reverse(name, args=[sample]).replace(f"/{sample}/", "/{}/")


def stored(sentence: str) -> str:
    """A sentence of ours that a row keeps in English, in the reader's language. Other text comes back as it is."""
    return sentences.shown(sentence)
