"""Words as they are kept: without what the database refuses or nobody can read."""

from __future__ import annotations

# Python imports each of them when it is first used, which is after the lock.
import encodings.utf_16
import encodings.utf_16_le  # noqa: F401
import re

EXCERPT_CHARACTERS = 2000


def cleaned(text: str) -> str:
    """The first 2,000 characters without what PostgreSQL refuses (NUL, lone surrogates) or nobody can read."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]+", " ", text)
    return text.strip()[:EXCERPT_CHARACTERS]
