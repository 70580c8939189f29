"""PDF documents: the first page as a picture, how many pages, and the words they begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2

from inbox.media.sandboxed import PROTECTED
from inbox.media.sandboxed.previews import THUMBNAIL_PIXELS, ImpossibleError
from inbox.media.sandboxed.previews.clean_text import EXCERPT_CHARACTERS, cleaned
from inbox.media.sandboxed.previews.pictures import save_thumbnail

#: PDFium reads all of them for the first page with a font that is not embedded.
READABLE_FOLDERS = ("/usr/share/fonts", "/usr/share/X11/fonts", "/usr/local/share/fonts")
#: Pages that are read for the excerpt.
PAGES_READ = 5
LONG_PAGE = 50_000
#: FPDF_ERR_PASSWORD in PDFium's fpdfview.h
NEEDS_PASSWORD = 4


def draw(source: Path, target: Path, _content_type: str) -> dict[str, Any]:
    """Draw the first page. Forms and scripts are not started: PDFium only does so when it is asked to."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == NEEDS_PASSWORD:
            raise ImpossibleError(PROTECTED) from None
        raise ImpossibleError("The document is damaged, so it has no preview.") from None
    with document:
        pages = len(document)
        if not pages:
            raise ImpossibleError("The document has no pages.")
        return {"pages": pages, "excerpt": _words(document)} | _first_page(document, target)


def _first_page(document: Any, target: Path) -> dict[str, Any]:
    """The thumbnail. A document that opens is not damaged because its first page cannot be drawn."""
    try:
        page = document[0]
        scale = THUMBNAIL_PIXELS / max(*page.get_size(), 1)
        image = page.render(scale=scale, may_draw_forms=False).to_pil()
    except (pypdfium2.PdfiumError, ValueError):
        return {}
    return {"thumbnail": save_thumbnail(image, target)}


def _words(document: Any) -> str:
    words = ""
    for index in range(min(len(document), PAGES_READ)):
        try:
            text = document[index].get_textpage()
        except pypdfium2.PdfiumError:
            continue  # that page only
        count = text.count_chars()
        # The second one loses characters beyond 16 bits, and does not write out a whole library first.
        words += text.get_text_bounded() if count < LONG_PAGE else text.get_text_range(0, EXCERPT_CHARACTERS)
        words += "\n"
        if len(words) > EXCERPT_CHARACTERS:
            break
    return cleaned(words)
