"""The base of everything that templates draw."""

from __future__ import annotations

from typing import Any


class Drawn:
    """Something whose attributes templates read. A template tries an index before the attribute, and an index that
    fails is what a page of bubbles would spend most of its time on: so the index is the attribute."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except TypeError:  # an index that is a number
            raise KeyError(name) from None
