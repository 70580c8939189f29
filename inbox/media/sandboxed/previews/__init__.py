"""Previews of one hostile file, drawn in the sandbox.

Each module here draws one kind of file: ``draw(source, target, content_type)`` leaves ``thumbnail.webp``,
``copy.webp`` and ``playable.m4a`` in ``target`` where there is something to see or hear, and returns what it found
out. `pages` draws single pages of a document. Nothing here imports Django, reads settings or opens a connection.
"""

from __future__ import annotations

from core.sandbox import Limits, RefusalError
from inbox.media.sandboxed import document_text

LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, cpu_seconds=60, wall_seconds=120, file_bytes=64 * 1024 * 1024)
#: What may be written, besides the result.
OUTPUTS = ("thumbnail.webp", "copy.webp", "playable.m4a", document_text.CONTENTS_NAME)
#: The longer side of a thumbnail.
THUMBNAIL_PIXELS = 640
#: The longer side of a document's page that somebody reads.
PAGE_PIXELS = 1800
#: The longer side of the copy of a picture that browsers do not show.
COPY_PIXELS = 2560
#: Pictures above this are not decoded: 50 million pixels, the most that phones take, are 200 MB.
MAX_PIXELS = 50_000_000


class ImpossibleError(RefusalError):
    """There will be no preview of this file. The text is a sentence for agents."""


def work_for(content_type: str) -> str:
    """What the sandbox runs for this type. Each child imports one decoder."""
    if content_type in document_text.TYPES:
        return "inbox.media.sandboxed.document_text.child:read"
    kind = content_type.partition("/")[0]
    if kind == "image":
        return "inbox.media.sandboxed.previews.pictures:draw"
    if kind in ("video", "audio"):
        return "inbox.media.sandboxed.previews.recordings:draw"
    return "inbox.media.sandboxed.previews.documents:draw"
