"""Room for request bodies that are still arriving, shared out so that one sender cannot take all of it."""

from __future__ import annotations

from collections import defaultdict


class NoRoomError(Exception):
    """The sender, or everybody together, has as many bytes on the way as may be held."""


class HeldBytes:
    """Bytes held at the moment, counted by sender. It belongs to one event loop, and protects one process's memory or
    disk: other processes have their own."""

    def __init__(self, *, each: int, total: int) -> None:
        self._each = each
        self._limit = total
        self._by_sender: defaultdict[str, int] = defaultdict(int)
        self.total = 0

    def add(self, sender: str, size: int) -> None:
        """Count ``size`` bytes more. Raises NoRoomError where that is too much; they are counted all the same, until
        ``release``."""
        self._by_sender[sender] += size
        self.total += size
        if self._by_sender[sender] > self._each or self.total > self._limit:
            raise NoRoomError

    def release(self, sender: str, size: int) -> None:
        """Forget bytes that were added."""
        self.total -= size
        self._by_sender[sender] -= size
        if self._by_sender[sender] <= 0:
            del self._by_sender[sender]
