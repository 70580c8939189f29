"""Pillow's formats: it would import each when it first meets it, which is after the lock."""

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
