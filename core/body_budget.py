"""A limit for the bytes of request bodies that are arriving, per sender and in total."""

from __future__ import annotations

from collections import defaultdict


class NoRoomError(Exception):
    """The sender, or all senders together, are over the limit."""


class HeldBytes:
    """Bytes held now, by sender. For one event loop; it protects the memory or disk of one process only."""

    def __init__(self, *, each: int, total: int) -> None:
        self._each = each
        self._limit = total
        self._by_sender: defaultdict[str, int] = defaultdict(int)
        self.total = 0

    def add(self, sender: str, size: int) -> None:
        """Count ``size`` more bytes. Raises NoRoomError when over a limit; they still count, until ``release``."""
        self._by_sender[sender] += size
        self.total += size
        if self._by_sender[sender] > self._each or self.total > self._limit:
            raise NoRoomError

    def release(self, sender: str, size: int) -> None:
        """Stop counting bytes that were added."""
        self.total -= size
        self._by_sender[sender] -= size
        if self._by_sender[sender] <= 0:
            del self._by_sender[sender]
