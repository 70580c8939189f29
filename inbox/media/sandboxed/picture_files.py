"""Open pictures, for previews and conversion: one decoder for each type, and a limit of pixels."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from core.sandbox import RefusalError
from inbox.media.sandboxed.pillow_plugins import prepare

__all__ = ["FORMATS", "ORIENTATION_TAG", "opened", "prepare"]

#: Pillow's one decoder for each type: without it Pillow tries every decoder it has, whatever the bytes say.
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
ORIENTATION_TAG = 0x0112


def opened(source: Path, content_type: str, most_pixels: int, too_many: str) -> Image.Image:
    """The picture in ``source``, not decoded yet.

    Raises RefusalError with the sentence ``too_many`` above ``most_pixels``, what Pillow raises for a damaged file.
    """
    Image.MAX_IMAGE_PIXELS = None  # Pillow only warns; the check below refuses
    warnings.simplefilter("ignore")
    image = Image.open(source, formats=(FORMATS[content_type],))
    if image.width * image.height > most_pixels:
        raise RefusalError(too_many)
    return image
