"""Previews of one hostile file, drawn in a process of their own.

``python -m inbox.drawing SOURCE TARGET TYPE`` reads the file SOURCE, whose sniffed type is TYPE, and leaves in the
directory TARGET: ``result.json``, and ``thumbnail.webp`` and ``playable.m4a`` where there is something to see or hear.
With two more words, FIRST and LAST, it draws these pages of a document, as ``<page>.webp``, and nothing else.
Nothing here imports Django, reads settings or opens a connection: the process has no secrets and no business elsewhere.
"""

from __future__ import annotations

#: The longer side of a thumbnail.
THUMBNAIL_PIXELS = 640
#: The longer side of a document's page that somebody reads.
PAGE_PIXELS = 1800
#: Pictures above this are not decoded: 40 million pixels are 160 MB.
MAX_PIXELS = 40_000_000


class ImpossibleError(Exception):
    """There will be no preview of this file. The text is a sentence for agents."""
