"""Draw the previews of one hostile file.

Each module draws one kind of file: ``draw(source, target, content_type)`` leaves ``thumbnail.webp``, ``copy.webp`` and
``playable.m4a`` in ``target`` where there is something to see or hear, and returns what it found out as a dictionary.
"""

from __future__ import annotations

from core.sandbox import Limits
from inbox.media.sandboxed import document_text, gettext_noop

LIMITS = Limits(memory_bytes=1024 * 1024 * 1024, cpu_seconds=60, wall_seconds=120, file_bytes=64 * 1024 * 1024)
#: The files that a child may write, besides its result.
OUTPUTS = ("thumbnail.webp", "copy.webp", "playable.m4a", document_text.CONTENTS_NAME)
#: The longer side of a thumbnail.
THUMBNAIL_PIXELS = 640
#: The longer side of a document's page in the viewer.
PAGE_PIXELS = 1800
#: The longer side of the copy of a picture that browsers do not show.
COPY_PIXELS = 2560
#: Pictures above this are not decoded: 50 million pixels, the most that phones take, are 200 MB.
MAX_PIXELS = 50_000_000
TOO_MANY_PIXELS = gettext_noop("This picture has too many pixels for a preview.")


def work_for(content_type: str) -> str:
    """The function that the sandbox runs for this type. Each child imports one decoder."""
    if content_type in document_text.TYPES:
        return "inbox.media.sandboxed.document_text.child:read"
    kind = content_type.partition("/")[0]
    if kind == "image":
        return "inbox.media.sandboxed.previews.pictures:draw"
    if kind in ("video", "audio"):
        return "inbox.media.sandboxed.previews.recordings:draw"
    return "inbox.media.sandboxed.previews.pdf:draw"
