"""Word documents (.docx), by the pages that Word last saw."""

from __future__ import annotations

# The first two are imported by python-docx and zipfile only while they read a file.
import encodings.cp437
import encodings.utf_8_sig  # noqa: F401
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import docx.table
import docx.text.paragraph
from docx.opc.exceptions import PackageNotFoundError

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.document_text import PAGE, Text

UNKNOWN_FORMAT = gettext_noop("This kind of Word document can’t be shown here.")
#: Breaks between pages: those that an author made, and where Word's own layout broke when it last saved.
PAGE_BREAK = "boolean(.//w:br[@w:type='page'] | .//w:lastRenderedPageBreak)"


def read(source: Path, text: Text) -> None:
    """Headings, paragraphs, lists and tables, in order. Headers, notes and comments are left out."""
    try:
        document = docx.Document(str(source))
    except (ValueError, PackageNotFoundError) as error:
        raise RefusalError(UNKNOWN_FORMAT) from error
    page = 1
    text.part(PAGE % {"number": page})
    for block in document.iter_inner_content():
        if isinstance(block, docx.table.Table):
            text.table(_rows(block))
            continue
        if text.parts[-1]["blocks"] and block._p.xpath(PAGE_BREAK):
            page += 1
            text.part(PAGE % {"number": page})
        _paragraph(block, text)


def _paragraph(paragraph: docx.text.paragraph.Paragraph, text: Text) -> None:
    style = (paragraph.style.style_id if paragraph.style is not None else "") or ""
    words = paragraph.text
    if not words.strip():
        return
    if style.startswith(("Heading", "Title")):
        text.heading(words)
    elif style.startswith("List") or paragraph._p.xpath("boolean(./w:pPr/w:numPr)"):
        text.paragraph(f"• {words}")
    else:
        text.paragraph(words)


def _rows(table: Any) -> Iterator[list[str]]:
    # Without python-docx's cells: it resolves merged columns for each of them, which takes minutes in long tables.
    for row in table._tbl.tr_lst:
        yield ["\n".join(_words(paragraph) for paragraph in cell.iter("{*}p")) for cell in row.tc_lst]


def _words(paragraph: Any) -> str:
    return "".join(run.text or "" for run in paragraph.iter("{*}t"))
