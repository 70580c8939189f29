"""Events into rows, a batch at a time."""

from __future__ import annotations


def drain() -> int:
    raise NotImplementedError
