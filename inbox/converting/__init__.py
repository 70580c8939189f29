"""Files as WhatsApp takes them, made from hostile ones in a process of their own.

``python -m inbox.converting SOURCE TARGET TYPE FORM`` reads the file SOURCE, whose sniffed type is TYPE, and leaves in
the directory TARGET ``result.json`` and, where the original will not do, ``converted`` with an extension. FORM is what
it shall become: image, sticker, voice, audio or video.
Nothing here imports Django, reads settings or opens a connection: the process has no secrets and no business elsewhere.
What WhatsApp takes is in `whatsapp.limits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Pictures above this are not decoded whole: 64 million pixels are 256 MB, and some steps hold two of them.
MAX_PIXELS = 64_000_000
#: A JPEG can be decoded at an eighth of its size, so the largest cameras pass: 16,320 × 12,240.
MAX_JPEG_PIXELS = 210_000_000

#: What is said of a photo's or a film's hidden data, by whether it told a place.
LOCATION_REMOVED = "Location and camera details removed"
DETAILS_REMOVED = "Hidden details removed"


class RefusalError(Exception):
    """The file will not go in this form. The text is a sentence for agents; ``broken``: it will not go in any."""

    def __init__(self, sentence: str, *, broken: bool = False) -> None:
        super().__init__(sentence)
        self.broken = broken


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
