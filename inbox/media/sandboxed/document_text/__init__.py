"""Read the text of hostile documents, by page, sheet or slide.

`child.read` runs in the sandbox. Each format has a module that fills a `Text`, which keeps everything within limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from inbox.media.sandboxed import gettext_noop

#: Where the child leaves what it read, as JSON: {"parts": [{"title", "blocks": [...]}], "cut": bool}.
CONTENTS_NAME = "contents.json"

#: Limits of what is shown. A longer document is cut, and can be downloaded.
MOST_CHARACTERS = 300_000
MOST_PARTS = 200
MOST_BLOCKS = 5_000
MOST_ROWS = 500
MOST_COLUMNS = 60
MOST_CELL_CHARACTERS = 1_000

#: Titles of parts.
PAGE = gettext_noop("Page %(number)s")
SLIDE = gettext_noop("Slide %(number)s")

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLD_EXCEL = "application/vnd.ms-excel"
POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPEN_TEXT = "application/vnd.oasis.opendocument.text"
OPEN_SHEET = "application/vnd.oasis.opendocument.spreadsheet"
OPEN_SLIDES = "application/vnd.oasis.opendocument.presentation"
EMAIL = "message/rfc822"
CARD = "text/vcard"
TYPES = frozenset({WORD, EXCEL, OLD_EXCEL, POWERPOINT, OPEN_TEXT, OPEN_SHEET, OPEN_SLIDES, EMAIL, CARD})

#: Control characters and lone surrogates, which neither a page nor the database can hold.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Full(Exception):
    """The text is as long as it may become."""


class Text:
    """A document's text while it is being read: parts with headings, paragraphs and tables.

    Every method may raise `Full`; what was added before is complete then.
    """

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []
        self.cut = False
        self._left = MOST_CHARACTERS
        self._blocks = 0

    def part(self, title: str) -> None:
        """Begin a page, sheet or slide."""
        if len(self.parts) == MOST_PARTS:
            raise Full
        self.parts.append({"title": self._take(title, MOST_CELL_CHARACTERS), "blocks": []})

    def heading(self, text: str) -> None:
        """Add a heading to the part that was begun last."""
        self._add({"heading": self._take(text, MOST_CELL_CHARACTERS)})

    def paragraph(self, text: str) -> None:
        """Add a paragraph and keep its lines; without text it is left out."""
        if text.strip():
            self._add({"text": self._take(text, MOST_CHARACTERS)})

    def table(self, rows: Iterable[Iterable[str]]) -> None:
        """Add rows of equal length, without empty ones at the end."""
        taken: list[list[str]] = []
        try:
            for row in rows:
                if len(taken) == MOST_ROWS:
                    self.cut = True
                    break
                taken.append(self._row(row))
        finally:
            while taken and not any(taken[-1]):
                taken.pop()
            width = max((len(row) for row in taken), default=0)
            if width:
                self._add({"rows": [row + [""] * (width - len(row)) for row in taken]})

    def _row(self, cells: Iterable[str]) -> list[str]:
        row: list[str] = []
        for cell in cells:
            if len(row) == MOST_COLUMNS:
                self.cut = True
                break
            row.append(self._take(cell, MOST_CELL_CHARACTERS))
        while row and not row[-1]:
            row.pop()
        return row

    def _add(self, block: dict[str, Any]) -> None:
        if self._blocks == MOST_BLOCKS:
            raise Full
        self._blocks += 1
        self.parts[-1]["blocks"].append(block)

    def _take(self, text: str, most: int) -> str:
        """The readable characters that there is room for."""
        if self._left <= 0:
            raise Full
        readable = _UNREADABLE.sub("", text).strip()
        taken = readable[: min(most, self._left)]
        self.cut = self.cut or len(taken) < len(readable)
        self._left -= len(taken) + 1
        return taken
