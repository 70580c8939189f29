"""Hostile text and structures as the admin shows them: escaped, isolated, and never longer than a page can bear."""

from __future__ import annotations

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

#: Characters of one value that a page shows; the rest is a download away.
LIMIT = 200_000
EXCERPT = 90


def person(name: str) -> SafeString:
    """A name that strangers chose, isolated so that its writing direction cannot reorder what stands around it."""
    return format_html("<bdi>{}</bdi>", name)


def excerpt(text: str, length: int = EXCERPT) -> SafeString:
    """The beginning of a text on one line."""
    line = " ".join(text[: length * 2].split())
    return format_html("<bdi>{}</bdi>", line if len(line) <= length else line[: length - 1] + "…")


def whole(text: str) -> SafeString:
    """A text with its lines, up to LIMIT characters."""
    shown = text.replace("\0", "␀")[:LIMIT]
    left = len(text) - len(shown)
    note = f"… and {left:,} more characters" if left > 0 else ""
    return format_html('<pre class="whole" dir="auto">{}</pre>{}', shown, note)


def as_json(value: Any) -> SafeString | str:
    """A JSON value, indented; a dash for nothing."""
    if value in ({}, [], "", None):
        return "-"
    return whole(json.dumps(value, indent=2, ensure_ascii=False))
