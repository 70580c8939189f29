"""Files as WhatsApp takes them, made from hostile ones in the sandbox.

Each module here makes one form: ``convert(source, target, content_type)`` leaves ``converted`` with an extension in
``target`` where the original will not do, and returns an Outcome as a dictionary. Nothing here imports Django, reads
settings or opens a connection. What WhatsApp takes is in `whatsapp.limits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.sandbox import Limits, RefusalError

__all__ = ["DETAILS_REMOVED", "LIMITS", "LOCATION_REMOVED", "MAX_JPEG_PIXELS", "MAX_PIXELS", "Outcome", "RefusalError"]

#: Encoding uses two threads, so processor time passes faster than the wall's.
LIMITS = Limits(
    memory_bytes=2 * 1024 * 1024 * 1024, cpu_seconds=18 * 60, wall_seconds=10 * 60, file_bytes=128 * 1024 * 1024
)

#: Pictures above this are not decoded whole: 64 million pixels are 256 MB, and some steps hold two of them.
MAX_PIXELS = 64_000_000
#: A JPEG can be decoded at an eighth of its size, so the largest cameras pass: 16,320 × 12,240.
MAX_JPEG_PIXELS = 210_000_000

#: What is said of a photo's or a film's hidden data, by whether it told a place.
LOCATION_REMOVED = "Location and camera details removed"
DETAILS_REMOVED = "Hidden details removed"


@dataclass
class Outcome:
    """What became of a file. ``content_type`` is of what shall be sent: of the file ``converted`` if there is one."""

    content_type: str
    #: The name of the new file in the target directory; empty: the original goes unchanged.
    file: str = ""
    changes: list[str] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    animated: bool | None = None


def work_for(form: str, content_type: str) -> str:
    """What the sandbox runs to make this form of this type: image, sticker, voice, audio or video."""
    if form == "video" and content_type.startswith("image/"):
        return "inbox.media.sandboxed.conversion.animations:convert"
    return {
        "image": "inbox.media.sandboxed.conversion.pictures:convert",
        "sticker": "inbox.media.sandboxed.conversion.stickers:convert",
        "video": "inbox.media.sandboxed.conversion.films:convert",
        "voice": "inbox.media.sandboxed.conversion.sounds:convert_voice",
    }.get(form, "inbox.media.sandboxed.conversion.sounds:convert")
