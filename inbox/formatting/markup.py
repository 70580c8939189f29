"""WhatsApp's text formatting as safe HTML: bold, italic, strike, code, lists, quotes, links, and nothing else.

All text is escaped; only the tags written here are not. Each step reads the text once, so 64 kB of asterisks cost as
much as 64 kB of words.
"""

from __future__ import annotations

import re
from html import escape, unescape
from itertools import groupby

from django.utils.safestring import SafeString

TAGS = {"*": "strong", "_": "em", "~": "s"}
#: Text without any of these is only escaped.
SPECIAL = re.compile(r"[*_~`]|https?://|www\.|^(?:[-*>] |\d{1,9}\. )", re.IGNORECASE | re.MULTILINE)
#: A link ends where text directions change, so that it cannot show one address and lead to another.
ADDRESS = r"(?:https?://|www\.)[^\s<>\"`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
INLINE = re.compile(rf"`[^`]+`|{ADDRESS}|[*_~]", re.IGNORECASE)
LIST_LINE = re.compile(r"(?:(?P<bullet>[-*])|(?P<number>\d{1,9})\.) (?P<words>.*)", re.DOTALL)
#: What ends a sentence around a link rather than the link.
AFTER_LINK = ".,;:!?)]}'*_~"


def render(text: str) -> SafeString:
    """The text of a message as safe HTML, for an element with white-space: pre-wrap."""
    if not SPECIAL.search(text):
        return SafeString(escape(text))
    parts = text.split("```")
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pieces.append(_lines(part))
        elif index == len(parts) - 1 or not part.strip():
            pieces.append("```" + _lines(part) + ("```" if index < len(parts) - 1 else ""))
        else:
            pieces.append("<code>" + escape(part.strip("\n")) + "</code>")
    return SafeString("".join(pieces))


#: The tags written here; the text's own brackets are escaped by then.
TAG = re.compile(r"</?(\w+)[^>]*>")
#: Where one of these begins, a new line does.
BLOCKS = {"li", "blockquote"}


def plain(text: str) -> str:
    """A text without WhatsApp's formatting marks, for plain lines: "*Now*" → "Now". Not HTML."""
    if not SPECIAL.search(text):
        return text
    return unescape(TAG.sub(lambda tag: "\n" if tag[1] in BLOCKS else "", render(text)))


def _lines(text: str) -> str:
    blocks: list[tuple[str, str]] = []
    for kind, lines in groupby(text.split("\n"), key=_kind):
        if kind == "quote":
            inside = "\n".join(_inline(line[2:]) for line in lines)
            blocks.append((kind, f"<blockquote>{inside}</blockquote>"))
        elif kind in ("ul", "ol"):
            blocks.append((kind, _list(kind, list(lines))))
        else:
            blocks.append((kind, "\n".join(_inline(line) for line in lines)))
    return "".join(html for _, html in blocks)


def _kind(line: str) -> str:
    if line.startswith("> "):
        return "quote"
    match = LIST_LINE.match(line)
    if not match:
        return "words"
    # "* one *" is bold begun badly, "* one" is an item.
    if match["bullet"] == "*" and "*" in match["words"]:
        return "words"
    return "ul" if match["bullet"] else "ol"


def _list(tag: str, lines: list[str]) -> str:
    matches = [match for line in lines if (match := LIST_LINE.match(line))]
    items = "".join(f"<li>{_inline(match['words'])}</li>" for match in matches)
    start = f' start="{int(matches[0]["number"])}"' if tag == "ol" and matches[0]["number"] != "1" else ""
    return f"<{tag}{start}>{items}</{tag}>"


def _inline(line: str) -> str:
    """One line as HTML. As on WhatsApp, a mark opens and closes at the edge of a word, within the line."""
    pieces: list[str] = []
    #: Marks that are open, as (mark, index of its piece). A mark is open once at most.
    opened: list[tuple[str, int]] = []
    position = 0
    while match := INLINE.search(line, position):
        if position < match.start():
            pieces.append(escape(line[position : match.start()]))
        found = match[0]
        if found in TAGS:
            _mark(line, match.start(), pieces, opened)
        elif found[0] == "`":
            pieces.append(f"<code>{escape(found[1:-1])}</code>")
        else:
            found = found.rstrip(AFTER_LINK) or found
            pieces.append(_link(found))
        position = match.start() + len(found)
    pieces.append(escape(line[position:]))
    return "".join(pieces)


def _mark(line: str, at: int, pieces: list[str], opened: list[tuple[str, int]]) -> None:
    """Append the mark at this place: as a closing tag, as a possible opening tag, or as text."""
    mark = line[at]
    before, after = line[at - 1 : at] if at else "", line[at + 1 : at + 2]
    is_open = any(mark == other for other, _ in opened)
    if is_open and before and not before.isspace() and not after.isalnum():
        # What opened inside and did not close stays as the characters it is.
        while opened[-1][0] != mark:
            opened.pop()
        _, beginning = opened.pop()
        pieces[beginning] = f"<{TAGS[mark]}>"
        pieces.append(f"</{TAGS[mark]}>")
        return
    if not is_open and after and not after.isspace() and after != mark and not before.isalnum():
        opened.append((mark, len(pieces)))
    pieces.append(mark)


def _link(address: str) -> str:
    url = address if "://" in address else f"https://{address}"
    # Not format_html, which would be half of what a page of links costs.
    return (
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow"><bdi>{escape(address)}</bdi></a>'
    )
