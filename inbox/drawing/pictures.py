"""Pictures: a small WebP the right way up, without what the camera wrote into it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from PIL import Image

import inbox.drawing.plugins  # noqa: F401 - nothing can be imported after the lock
from inbox.drawing import MAX_PIXELS, THUMBNAIL_PIXELS, ImpossibleError

#: Without this list Pillow tries every decoder it has, whatever the file was sniffed as.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
ORIENTATION_TAG = 0x0112
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


def draw(source: Path, target: Path, _content_type: str) -> dict[str, Any]:
    """Draw the picture (the first one of an animation) and say how large it really is."""
    # Pillow only warns between its limit and twice that; the check below is ours.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        image = Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImpossibleError("The picture has too many pixels for a preview.") from None
    with image:
        width, height = image.size
        check_pixels(width, height)
        animated = bool(getattr(image, "is_animated", False))
        image.seek(0)
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
        image.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        size = save_thumbnail(image, target, UPRIGHT.get(orientation))
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return {"width": width, "height": height, "animated": animated, "thumbnail": size}


def check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImpossibleError(f"The picture has too many pixels for a preview ({width} × {height}).")


def save_thumbnail(image: Image.Image, target: Path, turn: Image.Transpose | None = None) -> tuple[int, int]:
    """Write ``thumbnail.webp`` from an open picture, and return its size. Pixels only: no EXIF, no colour profile."""
    if image.mode not in ("RGB", "RGBA", "L", "CMYK", "YCbCr"):  # palettes cannot be made small smoothly
        transparent = "A" in image.mode or "a" in image.mode or "transparency" in image.info
        image = image.convert("RGBA" if transparent else "RGB")
    image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn is not None:
        image = image.transpose(turn)
    pixels = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    pixels.save(target / "thumbnail.webp", "WEBP", quality=78, method=2, exif=b"", icc_profile=b"", xmp=b"")
    return pixels.size
