"""What presenters share: objects that templates read quickly, and sentences that were stored in English."""

from __future__ import annotations

from typing import Any

from inbox.media import sentences


class Drawn:
    """An object whose attributes Django's templates read. They try an index before the attribute, and a failing index
    is expensive: so the index is the attribute."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except TypeError:  # an index that is a number
            raise KeyError(name) from None


def stored(sentence: str) -> str:
    """A sentence of ours that a row keeps in English, in the reader's language. Other text comes back as it is."""
    return sentences.shown(sentence)
