"""WhatsApp's markup: words in characters become bold, struck, code, a list or a quote."""

from __future__ import annotations

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: WhatsApp's markup: one character around words. Code comes first, for nothing inside it counts.
_MARKUP = re.compile(r"```(.+?)```|`(.+?)`|\*(\S(?:.*?\S)?)\*|_(\S(?:.*?\S)?)_|~(\S(?:.*?\S)?)~", re.DOTALL)
_QUOTED = re.compile(r"> ")
_LISTED = re.compile(r"[-*] ")
_ELEMENTS = ("code", "code", "b", "i", "s")


def to_html(text: str) -> SafeString:
    """WhatsApp's bold, italic, struck and code, its lists and quotes as elements, everything else escaped."""
    drawn = []
    for position, line in enumerate(text.split("\n")) if "```" not in text else [(0, text)]:
        after = SafeString("\n") if position else SafeString()
        if found := _QUOTED.match(line):
            drawn.append(format_html('{}<span class="speech__cited">{}</span>', after, _inline(line[found.end() :])))
        elif found := _LISTED.match(line):
            drawn.append(format_html("{}• {}", after, _inline(line[found.end() :])))
        else:
            drawn.append(format_html("{}{}", after, _inline(line)))
    return format_html_join("", "{}", ((part,) for part in drawn))


def _inline(text: str) -> SafeString:
    parts: list[SafeString] = []
    at = 0
    for found in _MARKUP.finditer(text):
        parts.append(format_html("{}", text[at : found.start()]))
        element = _ELEMENTS[(found.lastindex or 1) - 1]
        inner = found.group(found.lastindex or 1)
        shown = format_html("{}", inner) if element == "code" else _inline(inner)
        parts.append(format_html("<{}>{}</{}>", SafeString(element), shown, SafeString(element)))
        at = found.end()
    parts.append(format_html("{}", text[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def plain(text: str) -> str:
    """The words without the characters around them."""
    return _MARKUP.sub(lambda found: found.group(found.lastindex or 0), text)
