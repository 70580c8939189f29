"""Animated pictures as films without sound, which is how WhatsApp sends a GIF."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.conversion import CONVERTED, CUT, Outcome
from inbox.media.sandboxed.conversion.films import MP4_OPTIONS, NAME, TOO_LONG
from inbox.media.sandboxed.conversion.frames import add_h264, fitted
from inbox.media.sandboxed.conversion.pictures import NAMES, load, opened, prepare
from inbox.media.sandboxed.conversion.stickers import frames
from whatsapp.events import Kind
from whatsapp.file_sizes import BYTES

__all__ = ["convert", "prepare"]

NOT_MOVING = gettext_noop("This picture doesn’t move, so it can’t be sent as a video. Send it as a picture.")
LONGEST_MS = 120_000
MOST_FRAMES = 3000
SIDE = 1280
BITS = 1_000_000


def convert(source: Path, target: Path, content_type: str) -> Outcome:
    """The animation as MP4, its transparent parts white. Raises RefusalError for a picture that does not move."""
    with opened(source, content_type) as image:
        if not getattr(image, "is_animated", False):
            raise RefusalError(NOT_MOVING)
        load(image)
        indices, lasting, more = frames(image, MOST_FRAMES, LONGEST_MS)
        size = fitted(*image.size, SIDE)
        with av.open(str(target / NAME), "w", format="mp4", options=MP4_OPTIONS) as out:
            stream = add_h264(out, rate=30, bits=BITS)
            stream.width, stream.height = size
            stream.codec_context.time_base = Fraction(1, 1000)
            at = 0
            # The last picture is shown for as long as it lasts, which takes a second frame.
            for index, duration in [*zip(indices, lasting, strict=True), (indices[-1], 0)]:
                image.seek(index)
                frame = av.VideoFrame.from_image(_opaque(image, size))
                frame.pts, frame.time_base = max(0, at - (1 if not duration else 0)), Fraction(1, 1000)
                out.mux(stream.encode(frame))
                at += duration
            out.mux(stream.encode(None))
        if (target / NAME).stat().st_size > BYTES[Kind.VIDEO]:
            raise RefusalError(TOO_LONG)
        changes = [CONVERTED % {"old": NAMES.get(image.format or "", image.format), "new": "MP4"}]
        if more:
            changes.append(CUT % {"seconds": max(1, round(at / 1000))})
        return Outcome("video/mp4", NAME, changes, *size, duration=at / 1000)


def _opaque(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    picture = image.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white if white.size == size else white.resize(size, Image.Resampling.LANCZOS)
