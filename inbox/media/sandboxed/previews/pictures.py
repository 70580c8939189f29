"""Pictures: a small WebP the right way up, without what the camera wrote into it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from inbox.media.sandboxed.previews import COPY_PIXELS, MAX_PIXELS, THUMBNAIL_PIXELS, ImpossibleError
from inbox.media.sandboxed.previews.pillow_plugins import prepare

__all__ = ["check_pixels", "draw", "prepare", "save_thumbnail"]

#: Pillow's one decoder for each type: without it Pillow tries every decoder it has, whatever the file was sniffed as.
FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
    "image/avif": "AVIF",
    "image/tiff": "TIFF",
    "image/bmp": "BMP",
    "image/jp2": "JPEG2000",
    "image/j2c": "JPEG2000",
}
#: What every browser shows as it is; of the others there is a copy.
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
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


def draw(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Draw the picture (the first one of an animation or of several pages) and say how large it really is."""
    # Pillow only warns between its limit and twice that; the check below is ours.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        image = Image.open(source, formats=(FORMATS[content_type],))
    except Image.DecompressionBombError:
        raise ImpossibleError("The picture has too many pixels for a preview.") from None
    with image:
        width, height = image.size
        check_pixels(width, height)
        animated = bool(getattr(image, "is_animated", False))
        image.seek(0)
        # Pillow and libheif turn these by themselves.
        orientation = 1 if image.format in ("HEIF", "TIFF") else image.getexif().get(ORIENTATION_TAG, 1)
        image.draft("RGB", (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        pixels, turn = smooth(image), UPRIGHT.get(orientation)
        if content_type not in SHOWN:
            pixels = save(pixels, target / "copy.webp", COPY_PIXELS, turn)
            turn = None
        size = save(pixels, target / "thumbnail.webp", THUMBNAIL_PIXELS, turn).size
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    found = {"width": width, "height": height, "animated": animated, "thumbnail": size}
    return found if content_type in SHOWN else found | {"copy": "image/webp"}


def check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImpossibleError(f"The picture has too many pixels for a preview ({width} × {height}).")


def smooth(image: Image.Image) -> Image.Image:
    """The picture in colours that can be made small without steps: 8 bits a colour, no palette."""
    if image.mode.startswith(("I;16", "I", "F")):  # 16 bits of grey, as scanners and X-ray machines write them
        low, high = image.getextrema()
        scale = 255 / ((high - low) or 1)  # type: ignore[operator]
        return image.point(lambda value: value * scale - low * scale).convert("L")  # type: ignore[operator]
    if image.mode not in ("RGB", "RGBA", "L", "CMYK", "YCbCr"):
        transparent = "A" in image.mode or "a" in image.mode or "transparency" in image.info
        return image.convert("RGBA" if transparent else "RGB")
    return image


def save(image: Image.Image, path: Path, side: int, turn: Image.Transpose | None = None) -> Image.Image:
    """Write a picture as WebP, its longer side so many pixels at most, and return what was written. Pixels only: no
    EXIF, no colour profile."""
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn is not None:
        image = image.transpose(turn)
    pixels = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    pixels.save(path, "WEBP", quality=78, method=2, exif=b"", icc_profile=b"", xmp=b"")
    return pixels


def save_thumbnail(image: Image.Image, target: Path, turn: Image.Transpose | None = None) -> tuple[int, int]:
    """Write ``thumbnail.webp`` from an open picture, and return its size."""
    return save(smooth(image), target / "thumbnail.webp", THUMBNAIL_PIXELS, turn).size
