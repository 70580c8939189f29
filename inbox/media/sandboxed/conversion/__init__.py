"""Convert hostile files into what WhatsApp takes (`whatsapp.limits`).

Each module makes one form: ``convert(source, target, content_type)`` leaves ``converted`` with an extension in
``target`` where the original will not do, and returns an Outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.sandbox import Limits
from inbox.media.sandboxed import gettext_noop

#: Encoding uses two threads, so processor time passes faster than the wall's.
LIMITS = Limits(
    memory_bytes=2 * 1024 * 1024 * 1024, cpu_seconds=18 * 60, wall_seconds=10 * 60, file_bytes=128 * 1024 * 1024
)

#: Pictures above this are not decoded whole: 64 million pixels are 256 MB, and some steps hold two of them.
MAX_PIXELS = 64_000_000
#: A JPEG can be decoded at an eighth of its size, so the largest cameras pass: 16,320 × 12,240.
MAX_JPEG_PIXELS = 210_000_000

#: What was removed from a photo or film: hidden data, with or without a place in it.
LOCATION_REMOVED = gettext_noop("Location and camera details removed")
DETAILS_REMOVED = gettext_noop("Hidden details removed")
CONVERTED = gettext_noop("Converted from %(old)s to %(new)s")
CONVERTED_TO_STICKER = gettext_noop("Converted from %(old)s to a sticker")
CUT = gettext_noop("Cut after %(seconds)s seconds")


@dataclass
class Outcome:
    """The result. ``content_type`` is that of the file to send: of ``converted`` if there is one, else the original."""

    content_type: str
    #: The name of the new file in the target directory; empty: the original goes unchanged.
    file: str = ""
    changes: list[str] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    animated: bool | None = None


def work_for(form: str, content_type: str) -> str:
    """The function that the sandbox runs to make this form (image, sticker, voice, audio or video) of this type."""
    if form == "video" and content_type.startswith("image/"):
        return "inbox.media.sandboxed.conversion.animations:convert"
    return {
        "image": "inbox.media.sandboxed.conversion.pictures:convert",
        "sticker": "inbox.media.sandboxed.conversion.stickers:convert",
        "video": "inbox.media.sandboxed.conversion.films:convert",
        "voice": "inbox.media.sandboxed.conversion.sounds:convert_voice",
    }.get(form, "inbox.media.sandboxed.conversion.sounds:convert")
