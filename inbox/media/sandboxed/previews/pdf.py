"""PDF documents: the first page as a thumbnail, the text they begin with, and single pages for the viewer.

Forms and scripts in a document are never started: PDFium only does so when it is told to.
"""

from __future__ import annotations

# Python imports these two when they are first used, which is after the lock.
import encodings.utf_16
import encodings.utf_16_le  # noqa: F401
import re
from pathlib import Path
from typing import Any

import pypdfium2

from core.sandbox import RefusalError
from inbox.media.sandboxed import PROTECTED, gettext_noop
from inbox.media.sandboxed.previews import PAGE_PIXELS, THUMBNAIL_PIXELS
from inbox.media.sandboxed.previews.pictures import save_thumbnail

#: For text in a font that is not embedded, PDFium reads all of them.
READABLE_FOLDERS = ("/usr/share/fonts", "/usr/share/X11/fonts", "/usr/local/share/fonts")
#: The excerpt comes from the first pages.
PAGES_READ = 5
LONG_PAGE = 50_000
EXCERPT_CHARACTERS = 2000
#: FPDF_ERR_PASSWORD in PDFium's fpdfview.h
NEEDS_PASSWORD = 4
DAMAGED = gettext_noop("This document is damaged, so it has no preview.")
EMPTY = gettext_noop("This document has no pages.")


def draw(source: Path, target: Path, _content_type: str) -> dict[str, Any]:
    """Draw the first page, count the pages and read the beginning of the text."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise RefusalError(PROTECTED if getattr(error, "err_code", None) == NEEDS_PASSWORD else DAMAGED) from None
    with document:
        pages = len(document)
        if not pages:
            raise RefusalError(EMPTY)
        return {"pages": pages, "excerpt": _excerpt(document)} | _thumbnail(document, target)


def draw_pages(source: Path, target: Path, first: str, last: str) -> dict[str, Any]:
    """Draw the pages ``first`` to ``last``, counted from 1, as ``<page>.webp``. Returns which could be drawn."""
    drawn = []
    with pypdfium2.PdfDocument(source) as document:
        for number in range(int(first), min(int(last), len(document)) + 1):
            try:
                image = _render(document[number - 1], PAGE_PIXELS)
            except (pypdfium2.PdfiumError, ValueError):
                continue  # this page is broken, and the others are not
            image.convert("RGB").save(target / f"{number}.webp", "WEBP", quality=80, method=2)
            drawn.append(number)
    return {"pages": drawn}


def _thumbnail(document: Any, target: Path) -> dict[str, Any]:
    """A document that opens is not damaged because its first page cannot be drawn."""
    try:
        image = _render(document[0], THUMBNAIL_PIXELS)
    except (pypdfium2.PdfiumError, ValueError):
        return {}
    return {"thumbnail": save_thumbnail(image, target)}


def _render(page: Any, side: int) -> Any:
    """The page as a picture whose longer side is ``side``, however large the page is."""
    image = page.render(scale=side / max(*page.get_size(), 1), may_draw_forms=False).to_pil()
    page.close()
    return image


def _excerpt(document: Any) -> str:
    """The first 2,000 characters of the text, without what PostgreSQL refuses (NUL, lone surrogates)."""
    text = ""
    for index in range(min(len(document), PAGES_READ)):
        try:
            page = document[index].get_textpage()
        except pypdfium2.PdfiumError:
            continue  # this page is broken, and the others are not
        count = page.count_chars()
        # The second one loses characters beyond 16 bits, but need not copy the whole text of an endless page.
        text += page.get_text_bounded() if count < LONG_PAGE else page.get_text_range(0, EXCERPT_CHARACTERS)
        text += "\n"
        if len(text) > EXCERPT_CHARACTERS:
            break
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]+", " ", text)
    return text.strip()[:EXCERPT_CHARACTERS]
