"""Objects whose attributes templates read quickly."""

from __future__ import annotations

from typing import Any


class Drawn:
    """An object whose attributes Django's templates read. They try an index before the attribute, and a failing index
    is expensive: so the index is the attribute."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except TypeError:  # an index that is a number
            raise KeyError(name) from None
