"""Whole numbers in addresses and forms."""

from __future__ import annotations

#: The most digits that always fit PostgreSQL's bigint.
BIGINT_DIGITS = 18


def small_integer(text: str, digits: int = BIGINT_DIGITS) -> int | None:
    """The number that ``text`` writes in up to ``digits`` ASCII digits, None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
