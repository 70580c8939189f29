"""The text of a stored document for the viewer, as its sandboxed child left it in the storage; nothing is believed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from inbox.media.sandboxed.document_text import EMAIL, EXCEL, MOST_COLUMNS, MOST_ROWS, OLD_EXCEL, OPEN_SHEET, TYPES
from inbox.media.storage import media_storage
from inbox.models import Media
from inbox.models.media import contents_key

#: More than any contents can come to: each character may take six bytes as JSON.
MOST_BYTES = 4 * 1024 * 1024
SHEETS = frozenset({EXCEL, OLD_EXCEL, OPEN_SHEET})


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph, or the rows of a table. Hostile text, for a template to escape."""

    heading: str = ""
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """A page, sheet, slide, message or card."""

    title: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class Contents:
    """``cut``: the document goes on. ``folded``: its parts are opened one by one, as sheets are."""

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
    """The content type that a stored file is read as, empty when its text is not read. An e-mail is plain text whose
    name says that it is one."""
    if media.content_type == "text/plain" and media.file_name.lower().endswith(".eml"):
        return EMAIL
    return media.content_type if media.content_type in TYPES else ""


def read(media: Media) -> Contents | None:
    """What was read of a stored document; None when nothing was. Raises StorageError, MissingFileError."""
    contents = parse(media_storage().beginning(contents_key(media), MOST_BYTES))
    if contents is None:
        return None
    return replace(contents, folded=type_of(media) in SHEETS and len(contents.parts) > 1)


def parse(content: bytes) -> Contents | None:
    """What a child left: it read a hostile file, so whatever is not as it should be is left out. None: nothing is."""
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
    """Without what PostgreSQL refuses."""
    return re.sub("[\0\ud800-\udfff]", "", value) if isinstance(value, str) else ""
