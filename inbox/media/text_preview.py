"""What a text file says, for reading it in the page: its beginning as plain words, or as a table."""

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
#: Types that are words and nothing else. Markup is left out: it is only ever downloaded.
TYPES = frozenset({"text/plain", "text/vcard", "text/calendar"})
TABLES = (".csv", ".tsv")
#: What nobody can read and no page should carry.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Words:
    """``rows`` of a table, or else ``text``. ``cut``: the file goes on. Hostile text, for a template to escape."""

    text: str = ""
    rows: list[list[str]] = field(default_factory=list)
    cut: bool = False


def read(media: Media) -> Words:
    """The beginning of a stored text file. Raises StorageError, MissingFileError."""
    text, cut = beginning(media)
    if cut:  # not in the middle of a line
        text = text.rpartition("\n")[0] or text
    if media.file_name.lower().endswith(TABLES) and (rows := _table(text)):
        return Words(rows=rows[:ROWS], cut=cut or len(rows) > ROWS)
    return Words(text=text, cut=cut)


def beginning(media: Media) -> tuple[str, bool]:
    """What a stored text file says at its beginning, and whether it goes on. Raises StorageError, MissingFileError."""
    content = media_storage().beginning(media.file.name or "", LIMIT)
    cut = (media.size or 0) > len(content)
    return CONTROL.sub("", text_encodings.decode(content, whole=not cut)), cut


def _table(text: str) -> list[list[str]]:
    """Rows of equal length; none when it is no table after all."""
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        rows = [row[:COLUMNS] for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    except csv.Error:
        return []
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows] if width > 1 else []
