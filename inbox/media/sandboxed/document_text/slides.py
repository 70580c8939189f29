"""PowerPoint presentations (.pptx), by slide, in the order in which they are shown."""

from __future__ import annotations

import encodings.cp437  # noqa: F401  zipfile decodes names with it, and imports it only then
import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inbox.media.sandboxed.document_text import SLIDE, Text
from inbox.media.sandboxed.document_text.packages import local, xml

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read(source: Path, text: Text) -> None:
    """The text of every slide's shapes and tables. Speakers' notes are left out: the audience does not see them."""
    with zipfile.ZipFile(source) as package:
        for number, name in enumerate(_slides(package), start=1):
            root = xml(package, name)
            text.part(SLIDE % {"number": number})
            for shape in root.iter("{*}sp", "{*}graphicFrame"):
                _shape(shape, text)


def _slides(package: zipfile.ZipFile) -> Iterator[str]:
    """The members that hold the slides, in order (ECMA-376, part 1, 19.2.1.34)."""
    relations = {
        relation.get("Id"): relation.get("Target", "")
        for relation in xml(package, "ppt/_rels/presentation.xml.rels").iter("{*}Relationship")
    }
    for slide in xml(package, "ppt/presentation.xml").iter("{*}sldId"):
        if target := relations.get(slide.get(RELATION)):
            yield posixpath.normpath(posixpath.join("ppt", target)).lstrip("/")


def _shape(shape: Any, text: Text) -> None:
    if local(shape) == "graphicFrame":
        for table in shape.iter("{*}tbl"):
            text.table([_words(cell) for cell in row.iter("{*}tc")] for row in table.iter("{*}tr"))
        return
    placeholder = next(shape.iter("{*}ph"), None)
    words = _words(shape)
    if placeholder is not None and placeholder.get("type") in ("title", "ctrTitle") and words.strip():
        text.heading(words)
    else:
        text.paragraph(words)


def _words(element: Any) -> str:
    """Paragraphs as lines; a line break within one as a space."""
    return "\n".join(
        "".join(run.text or "" if local(run) == "t" else " " for run in paragraph.iter("{*}t", "{*}br"))
        for paragraph in element.iter("{*}p")
    )
