"""OpenDocument texts and presentations (.odt, .odp), by page or slide."""

from __future__ import annotations

import encodings.cp437  # noqa: F401  zipfile decodes names with it, and imports it only then
import zipfile
from pathlib import Path
from typing import Any

from inbox.media.sandboxed.document_text import PAGE, SLIDE, Text
from inbox.media.sandboxed.document_text.packages import local, refuse_encrypted, xml

#: Elements that are not part of the text itself.
LEFT_OUT = ("annotation", "note", "tracked-changes", "sequence-decls", "notes", "forms")
#: Elements that stand for characters (OpenDocument 1.3, part 3, 6.1).
CHARACTERS = {"tab": "\t", "line-break": "\n"}


def read(source: Path, text: Text) -> None:
    """Headings, paragraphs, lists and tables, in order. Raises RefusalError when a password protects them."""
    with zipfile.ZipFile(source) as package:
        refuse_encrypted(package)
        root = xml(package, "content.xml")
    body = next(root.iter("{*}body"))
    for content in body:
        if local(content) == "presentation":
            for number, slide in enumerate(content.iterchildren("{*}page"), start=1):
                text.part(SLIDE % {"number": number})
                _blocks(slide, text)
        else:
            text.part(PAGE % {"number": 1})
            _blocks(content, text)


def _blocks(element: Any, text: Text, bullet: str = "") -> None:
    for child in element:
        name = local(child)
        if name == "soft-page-break":
            _next_page(text)
        elif name in ("h", "p"):
            if child.find(".//{*}soft-page-break") is not None:
                _next_page(text)
            words = _words(child)
            if name == "h" and words.strip():
                text.heading(words)
            elif words.strip():
                text.paragraph(bullet + words)
        elif name == "table":
            text.table(
                [_cell(cell) for cell in row.iterchildren("{*}table-cell")] for row in child.iter("{*}table-row")
            )
        elif name == "list-item":
            _blocks(child, text, "• ")
        elif name and name not in LEFT_OUT:
            _blocks(child, text, bullet)


def _next_page(text: Text) -> None:
    if text.parts[-1]["blocks"] and text.parts[-1]["title"].startswith("Page"):
        text.part(PAGE % {"number": len(text.parts) + 1})


def _cell(cell: Any) -> str:
    return "\n".join(_words(paragraph) for paragraph in cell.iter("{*}p"))


def _words(element: Any) -> str:
    """All text of a paragraph. Spaces that count are elements of their own there."""
    words = element.text or ""
    for child in element:
        name = local(child)
        if name == "s":
            words += " " * min(int(child.get(f"{{{child.nsmap[child.prefix]}}}c", "1")), 100)
        elif name in CHARACTERS:
            words += CHARACTERS[name]
        elif name and name not in LEFT_OUT:
            words += _words(child)
        words += child.tail or ""
    return words
