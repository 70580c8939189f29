"""Plain text: the words it begins with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

EXCERPT_CHARACTERS = 2000


def draw(source: Path, _target: Path, _content_type: str) -> dict[str, Any]:
    with source.open("rb") as file:
        return {"excerpt": cleaned(file.read(EXCERPT_CHARACTERS * 4).decode("utf-8-sig", "replace"))}


def cleaned(text: str) -> str:
    """The first 2,000 characters without what PostgreSQL refuses (NUL, lone surrogates) or nobody can read."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]+", " ", text)
    return text.strip()[:EXCERPT_CHARACTERS]
