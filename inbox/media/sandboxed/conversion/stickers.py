"""Stickers: WebP of exactly 512 × 512 pixels, still in 100 KB or animated in 500 KB."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.conversion import CONVERTED_TO_STICKER, CUT, DETAILS_REMOVED, Outcome
from inbox.media.sandboxed.conversion.pictures import DAMAGED, NAMES, load, opened, prepare, upright
from inbox.media.sandboxed.conversion.strip_metadata import DamagedError, strip_webp
from inbox.media.sandboxed.picture_files import ORIENTATION_TAG
from whatsapp.events import Kind
from whatsapp.file_sizes import BYTES, STICKER_ANIMATED_BYTES, STICKER_SIDE

__all__ = ["convert", "fitted", "frames", "prepare"]

#: Above this an animation is cut: WhatsApp plays ten seconds of a sticker (github.com/WhatsApp/stickers).
LONGEST_MS = 10_000
#: A frame of an animated sticker lasts at least 8 ms (github.com/WhatsApp/stickers); GIFs below 20 ms play at 100 ms.
SHORTEST_MS = 20
MOST_FRAMES = 200
#: Quality of the colours and of the transparency, and which part of the detail is kept.
STILL_STEPS = ((80, 100, 1.0), (60, 90, 1.0), (40, 50, 1.0), (20, 20, 1.0), (10, 0, 0.5), (1, 0, 0.25))
#: Quality, and every how many frames one is kept.
ANIMATED_STEPS = ((70, 1), (45, 1), (45, 2), (25, 2), (20, 3), (10, 4), (1, 6))
SIZE = (STICKER_SIDE, STICKER_SIDE)
NAME = "converted.webp"
FITTED = gettext_noop("Fitted into 512 × 512 pixels")
SMALLER = gettext_noop("Made smaller to fit a sticker")
STILL_TOO_LARGE = gettext_noop("This picture can’t be made small enough for a sticker. Send it as a picture.")
ANIMATION_TOO_LARGE = gettext_noop("This animation can’t be made small enough for a sticker. Send it as a video.")


def convert(source: Path, target: Path, content_type: str) -> Outcome:
    """The picture or animation as a sticker, its shape kept, on a transparent square."""
    with opened(source, content_type) as image:
        animated = bool(getattr(image, "is_animated", False))
        most = STICKER_ANIMATED_BYTES if animated else BYTES[Kind.STICKER]
        load(image)
        outcome = Outcome("image/webp", "", [], *SIZE, animated=animated)
        if image.format == "WEBP" and image.size == SIZE and not _too_long(image):
            content = source.read_bytes()
            try:
                clean = strip_webp(content)
            except DamagedError:
                raise RefusalError(DAMAGED, broken=True) from None
            if clean == content and len(content) <= most:
                return outcome
            if len(clean) <= most:
                outcome.changes.append(DETAILS_REMOVED)
                return _written(outcome, target, clean)
        if image.format != "WEBP":
            outcome.changes.append(CONVERTED_TO_STICKER % {"old": NAMES.get(image.format or "", image.format)})
        elif image.size != SIZE:
            outcome.changes.append(FITTED)
        else:
            outcome.changes.append(SMALLER)
        return _written(outcome, target, _animation(image, outcome.changes) if animated else _still(image))


def _written(outcome: Outcome, target: Path, content: bytes) -> Outcome:
    (target / NAME).write_bytes(content)
    outcome.file = NAME
    return outcome


def _still(image: Image.Image) -> bytes:
    orientation = image.getexif().get(ORIENTATION_TAG, 1) if image.format != "HEIF" else 1
    square = fitted(upright(image, orientation))
    for quality, alpha_quality, detail in STILL_STEPS:
        if detail < 1:
            side = round(STICKER_SIDE * detail)
            square = square.resize((side, side), Image.Resampling.BOX).resize(SIZE, Image.Resampling.BICUBIC)
        file = io.BytesIO()
        square.save(
            file,
            "WEBP",
            quality=quality,
            alpha_quality=alpha_quality,
            method=4,
            exif=b"",
            xmp=b"",
            icc_profile=b"",
        )
        if file.tell() <= BYTES[Kind.STICKER]:
            return file.getvalue()
    raise RefusalError(STILL_TOO_LARGE)


def fitted(image: Image.Image) -> Image.Image:
    """``image`` in the middle of a transparent square, as large as fits."""
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    scale = STICKER_SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    square = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    square.paste(image, ((STICKER_SIDE - size[0]) // 2, (STICKER_SIDE - size[1]) // 2))
    return square


def frames(image: Image.Image, most: int, longest_ms: int) -> tuple[list[int], list[int], bool]:
    """Of an animation, the indices of the frames that fit, how many milliseconds each lasts, and whether some do not.

    Frames are decoded one after the other and not kept. A frame that cannot be decoded ends the animation.
    """
    indices: list[int] = []
    lasting: list[int] = []
    count = int(getattr(image, "n_frames", 1))
    for index in range(count):
        if len(indices) >= most or sum(lasting) >= longest_ms:
            return indices, lasting, True
        try:
            image.seek(index)
            image.load()
        except PermissionError:
            raise  # the lock is to blame, not the picture
        except (EOFError, OSError, ValueError, SyntaxError):
            break
        duration = int(image.info.get("duration") or 0)
        indices.append(index)
        lasting.append(min(duration if duration >= SHORTEST_MS else 100, longest_ms))
    if not indices:
        raise RefusalError(DAMAGED, broken=True)
    return indices, lasting, False


def _too_long(image: Image.Image) -> bool:
    if not getattr(image, "is_animated", False):
        return False
    _, _, more = frames(image, 10_000, LONGEST_MS)
    image.seek(0)
    return more


def _animation(image: Image.Image, changes: list[str]) -> bytes:
    indices, lasting, more = frames(image, MOST_FRAMES, LONGEST_MS)
    if more:
        changes.append(CUT % {"seconds": max(1, round(sum(lasting) / 1000))})
    pictures = []
    for index in indices:
        image.seek(index)
        pictures.append(fitted(image.convert("RGBA")))
    for quality, part in ANIMATED_STEPS:
        kept = pictures[::part]
        durations = [sum(lasting[start : start + part]) for start in range(0, len(pictures), part)]
        file = io.BytesIO()
        kept[0].save(
            file,
            "WEBP",
            save_all=True,
            append_images=kept[1:],
            duration=durations,
            loop=0,
            quality=quality,
            method=2,
            minimize_size=False,
            exif=b"",
            xmp=b"",
            icc_profile=b"",
        )
        if file.tell() <= STICKER_ANIMATED_BYTES:
            return file.getvalue()
    raise RefusalError(ANIMATION_TOO_LARGE)
