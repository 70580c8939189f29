"""Text and CSV files in the viewer: their beginning as text, or as a table."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

from core import text_encodings
from inbox.media.storage import media_storage
from inbox.models import Media

#: Longer files are read from their beginning only.
LIMIT = 200_000
ROWS = 1000
COLUMNS = 60
DELIMITERS = ",;\t|"
#: Types that are plain text. Markup is only ever downloaded.
TYPES = frozenset({"text/plain", "text/vcard", "text/calendar"})
TABLES = (".csv", ".tsv")
#: Control characters, which no page should contain.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TextPreview:
    """``rows`` of a table, or else ``text``. ``cut``: the file goes on. Hostile text, for a template to escape."""

    text: str = ""
    rows: list[list[str]] = field(default_factory=list)
    cut: bool = False


def read(media: Media) -> TextPreview:
    """The beginning of a stored text file. Raises StorageError, MissingFileError."""
    text, cut = beginning(media)
    if cut:  # not in the middle of a line
        text = text.rpartition("\n")[0] or text
    if media.file_name.lower().endswith(TABLES) and (rows := _table(text)):
        return TextPreview(rows=rows[:ROWS], cut=cut or len(rows) > ROWS)
    return TextPreview(text=text, cut=cut)


def beginning(media: Media) -> tuple[str, bool]:
    """The beginning of a stored text file, and whether it goes on. Raises StorageError, MissingFileError."""
    content = media_storage().beginning(media.file.name or "", LIMIT)
    cut = (media.size or 0) > len(content)
    return CONTROL.sub("", text_encodings.decode(content, whole=not cut)), cut


def _table(text: str) -> list[list[str]]:
    """Rows of equal length; none when the text is not a table."""
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        rows = [row[:COLUMNS] for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    except csv.Error:
        return []
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows] if width > 1 else []
