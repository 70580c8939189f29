"""Customers' text and JSON as the admin shows them: escaped, isolated and of bounded length."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

#: Characters of one value on a page. The raw webhook can be downloaded.
LIMIT = 200_000
EXCERPT = 90


def moment(at: datetime) -> str:
    """A time as the columns of a list show it."""
    return formats.localize(timezone.localtime(at))


def isolated(name: str) -> SafeString:
    """A name from outside, isolated so that its writing direction cannot reorder the text around it."""
    return format_html("<bdi>{}</bdi>", name)


def excerpt(text: str, length: int = EXCERPT) -> SafeString:
    """The beginning of a text on one line."""
    line = " ".join(text[: length * 2].split())
    return format_html("<bdi>{}</bdi>", line if len(line) <= length else line[: length - 1] + "…")


def full_text(text: str) -> SafeString:
    """A whole text with its line breaks, up to LIMIT characters."""
    shown = text.replace("\0", "␀")[:LIMIT]
    left = len(text) - len(shown)
    note = (
        ngettext("… and %(count)s more character", "… and %(count)s more characters", left) % {"count": intcomma(left)}
        if left > 0
        else ""
    )
    return format_html('<pre class="whole" dir="auto">{}</pre>{}', shown, note)


def json_block(value: Any) -> SafeString | str:
    """A JSON value, indented; a dash for nothing."""
    if value in ({}, [], "", None):
        return "-"
    return full_text(json.dumps(value, indent=2, ensure_ascii=False))
