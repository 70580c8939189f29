"""Import Pillow's decoders before the lock; Pillow itself would import each one when it first meets its format."""

# ruff: noqa: F401

from __future__ import annotations

import copy  # by GIF

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    JpegPresets,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

Image.preinit()


def prepare(content_type: str) -> None:
    """Import a decoder that takes long to import, for the types that need it."""
    if content_type in ("image/heic", "image/heif"):
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=2)
    elif content_type == "image/avif":
        from PIL import AvifImagePlugin
    elif content_type in ("image/jp2", "image/j2c"):
        from PIL import Jpeg2KImagePlugin
