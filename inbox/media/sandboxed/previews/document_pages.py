"""Some pages of a PDF document as pictures, large enough to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2

import inbox.media.sandboxed.previews.pillow_plugins  # noqa: F401 - nothing can be imported after the lock
from inbox.media.sandboxed.previews import PAGE_PIXELS
from inbox.media.sandboxed.previews.documents import READABLE_FOLDERS

__all__ = ["READABLE_FOLDERS", "draw"]


def draw(source: Path, target: Path, first: str, last: str) -> dict[str, Any]:
    """Draw the pages ``first`` to ``last``, counted from 1, as ``<page>.webp``; says which of them there are.

    Forms and scripts are not started: PDFium only does so when it is asked to.
    """
    drawn = []
    with pypdfium2.PdfDocument(source) as document:
        for number in range(int(first), min(int(last), len(document)) + 1):
            try:
                page = document[number - 1]
                # Some pages are as large as a wall: what counts is how large the picture becomes.
                scale = PAGE_PIXELS / max(*page.get_size(), 1)
                image = page.render(scale=scale, may_draw_forms=False).to_pil()
            except (pypdfium2.PdfiumError, ValueError):
                continue  # this page is broken, and the others are not
            image.convert("RGB").save(target / f"{number}.webp", "WEBP", quality=80, method=2)
            drawn.append(number)
            page.close()
    return {"pages": drawn}
