"""The text of a stored document, for the viewer: what the sandboxed child left, checked again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from inbox.media import sentences
from inbox.media.sandboxed.document_text import (
    CARD,
    EMAIL,
    EXCEL,
    MOST_COLUMNS,
    MOST_ROWS,
    OLD_EXCEL,
    OPEN_SHEET,
    TYPES,
)
from inbox.media.storage import media_storage
from inbox.models import Media
from inbox.models.media import contents_key

#: More than any contents can come to: each character may take six bytes as JSON.
MOST_BYTES = 4 * 1024 * 1024
SHEETS = frozenset({EXCEL, OLD_EXCEL, OPEN_SHEET})
#: Types whose tables have labels of ours in the first column.
LABELLED = frozenset({CARD, EMAIL})


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, or the rows of a table. Hostile text, for a template to escape."""

    heading: str = ""
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """A page, sheet, slide, e-mail or contact card."""

    title: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class Contents:
    """A document's text. ``cut``: the document goes on. ``folded``: its parts are opened one by one, as sheets are."""

    parts: list[Part]
    cut: bool
    folded: bool = False

    def text(self) -> str:
        """All of it as plain text, for search: titles and cells too."""
        lines: list[str] = []
        for part in self.parts:
            lines.append(part.title)
            for block in part.blocks:
                lines += [block.heading or block.text, *("\t".join(row) for row in block.rows)]
        return "\n".join(line for line in lines if line)


def type_of(media: Media) -> str:
    """The type whose reader reads this file's text; empty when none does. An e-mail is plain text named .eml."""
    if media.content_type == "text/plain" and media.file_name.lower().endswith(".eml"):
        return EMAIL
    return media.content_type if media.content_type in TYPES else ""


def read(media: Media) -> Contents | None:
    """The text of a stored document, its titles and labels in the reader's language; None when there is none.

    Raises StorageError, MissingFileError.
    """
    contents = parse(media_storage().beginning(contents_key(media), MOST_BYTES))
    if contents is None:
        return None
    content_type = type_of(media)
    parts = [_translated(part, labelled=content_type in LABELLED) for part in contents.parts]
    return Contents(parts, contents.cut, folded=content_type in SHEETS and len(parts) > 1)


def _translated(part: Part, *, labelled: bool) -> Part:
    """The part with our own words translated: its title, headings, and the labels in the first column."""
    blocks = [
        replace(
            block,
            heading=sentences.shown(block.heading) if labelled else block.heading,
            rows=[[sentences.shown(row[0]), *row[1:]] for row in block.rows] if labelled else block.rows,
        )
        for block in part.blocks
    ]
    return Part(sentences.shown(part.title), blocks)


def parse(content: bytes) -> Contents | None:
    """What a child left, without anything malformed: it read a hostile file. None when nothing remains."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("parts"), list):
        return None
    parts = [Part(_text(part.get("title")), _blocks(part)) for part in found["parts"] if isinstance(part, dict)]
    parts = [part for part in parts if part.blocks]
    return Contents(parts, found.get("cut") is True) if parts else None


def _blocks(part: dict[str, Any]) -> list[Block]:
    blocks = part.get("blocks")
    made = [_block(block) for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    return [block for block in made if block != Block()]


def _block(block: dict[str, Any]) -> Block:
    rows = block.get("rows")
    table = (
        [[_text(cell) for cell in row[:MOST_COLUMNS]] for row in rows[:MOST_ROWS] if isinstance(row, list)]
        if isinstance(rows, list)
        else []
    )
    return Block(heading=_text(block.get("heading")), text=_text(block.get("text")), rows=table)


def _text(value: Any) -> str:
    """A text without NUL and lone surrogates, which PostgreSQL refuses; else an empty one."""
    return re.sub("[\0\ud800-\udfff]", "", value) if isinstance(value, str) else ""
