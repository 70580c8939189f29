"""Thumbnails of pictures: a small WebP the right way up, without the camera's metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from inbox.media.sandboxed import picture_files
from inbox.media.sandboxed.picture_files import ORIENTATION_TAG, prepare
from inbox.media.sandboxed.previews import COPY_PIXELS, MAX_PIXELS, THUMBNAIL_PIXELS, TOO_MANY_PIXELS

__all__ = ["draw", "prepare", "save_thumbnail"]

#: The types that every browser shows; the others get a copy.
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
#: What undoes each EXIF orientation (TIFF 6.0 §36).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def draw(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Draw the picture (the first one of an animation or of several pages). Returns its true size."""
    with picture_files.opened(source, content_type, MAX_PIXELS, TOO_MANY_PIXELS) as image:
        width, height = image.size
        animated = bool(getattr(image, "is_animated", False))
        image.seek(0)
        # Pillow turns TIFF itself when it decodes it, libheif HEIF.
        orientation = 1 if image.format in ("HEIF", "TIFF") else image.getexif().get(ORIENTATION_TAG, 1)
        image.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        pixels, turn = smooth(image), UPRIGHT.get(orientation)
        if content_type not in SHOWN:
            pixels = save(pixels, target / "copy.webp", COPY_PIXELS, turn)
            turn = None
        size = save(pixels, target / "thumbnail.webp", THUMBNAIL_PIXELS, turn).size
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    facts = {"width": width, "height": height, "animated": animated, "thumbnail": size}
    return facts if content_type in SHOWN else facts | {"copy": "image/webp"}


def smooth(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a colour and no palette, so that it scales without steps."""
    if image.mode.startswith(("I;16", "I", "F")):  # 16 bits of grey, as scanners and X-ray machines write them
        low, high = image.getextrema()
        scale = 255 / ((high - low) or 1)  # type: ignore[operator]
        return image.point(lambda value: value * scale - low * scale).convert("L")  # type: ignore[operator]
    if image.mode not in ("RGB", "RGBA", "L", "CMYK", "YCbCr"):
        transparent = "A" in image.mode or "a" in image.mode or "transparency" in image.info
        return image.convert("RGBA" if transparent else "RGB")
    return image


def save(image: Image.Image, path: Path, side: int, turn: Image.Transpose | None = None) -> Image.Image:
    """Write a picture as WebP, at most ``side`` pixels long, without EXIF and colour profile. Returns what it wrote."""
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn is not None:
        image = image.transpose(turn)
    pixels = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    pixels.save(path, "WEBP", quality=78, method=2, exif=b"", icc_profile=b"", xmp=b"")
    return pixels


def save_thumbnail(image: Image.Image, target: Path, turn: Image.Transpose | None = None) -> tuple[int, int]:
    """Write ``thumbnail.webp`` from an open picture, and return its size."""
    return save(smooth(image), target / "thumbnail.webp", THUMBNAIL_PIXELS, turn).size
