"""Pictures as JPEG or PNG: the right way up, 8 bits a colour, without what the camera wrote into them, 5 MB at most."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop, picture_files
from inbox.media.sandboxed.conversion import (
    CONVERTED,
    DETAILS_REMOVED,
    LOCATION_REMOVED,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    Outcome,
)
from inbox.media.sandboxed.conversion.strip_metadata import DamagedError, strip_jpeg, strip_png
from inbox.media.sandboxed.picture_files import FORMATS, ORIENTATION_TAG, prepare
from whatsapp.events import Kind
from whatsapp.file_sizes import BYTES

__all__ = ["convert", "load", "opened", "prepare", "upright"]

NAMES = {"HEIF": "HEIC", "WEBP": "WebP", "JPEG2000": "JPEG 2000"}
GPS_TAG = 0x8825
#: The EXIF orientations that are not upright (TIFF 6.0 §36).
TURNED = range(2, 9)
#: What cameras and scanners write: photos, which are smaller as JPEG, even with transparent parts.
PHOTOS = frozenset({"HEIF", "AVIF", "TIFF", "BMP", "JPEG2000"})
DAMAGED = gettext_noop("This picture is damaged, so it can’t be sent.")
NO_PICTURE = gettext_noop("This file is not a picture that can be converted.")
TOO_MANY_PIXELS = gettext_noop("This picture has too many pixels. Make it smaller.")
#: What is said when a file has more than one picture.
FEW_OF_MANY = dict.fromkeys(
    ("GIF", "WEBP", "PNG", "AVIF"), gettext_noop("Only the first picture of the animation is sent")
)
FEW_OF_MANY["TIFF"] = gettext_noop("Only the first page is sent")
#: Tried in this order until the picture fits: the quality of the JPEG, and the factor for width and height.
STEPS = ((92, 1.0), (84, 1.0), (84, 0.8), (84, 0.6), (80, 0.45), (78, 0.3), (75, 0.15))
SMALLER = gettext_noop("Made smaller to fit WhatsApp’s 5 MB")
TURNED_UPRIGHT = gettext_noop("Turned upright")
FEWER_COLOURS = gettext_noop("Colours converted to 8-bit RGB")
WHITE = gettext_noop("Transparent parts are white now")
TOO_LARGE = gettext_noop("This picture can’t be made small enough for WhatsApp.")


def convert(source: Path, target: Path, content_type: str) -> Outcome:
    """The picture as WhatsApp takes it; of an animation the first one. Lossless where the pixels may stay."""
    origin = FORMATS.get(content_type, "")
    with opened(source, content_type) as image:
        load(image)
        exif = image.getexif()
        orientation = 1 if origin == "HEIF" else exif.get(ORIENTATION_TAG, 1)  # libheif has turned it already
        plain = _plain(image, source, origin)
        if plain and orientation not in TURNED:
            outcome = _stripped(source, target, content_type, located=GPS_TAG in exif)
            if outcome is not None:
                outcome.width, outcome.height = _true_size(source, content_type)
                return outcome
        changes = []
        if getattr(image, "is_animated", False) and origin in FEW_OF_MANY:
            changes.append(FEW_OF_MANY[origin])
        if orientation in TURNED:
            changes.append(TURNED_UPRIGHT)
        if not plain and origin in ("JPEG", "PNG"):
            changes.append(FEWER_COLOURS)
        # Every tag of a TIFF counts as EXIF, those that say how it is stored too.
        if GPS_TAG in exif or (origin != "TIFF" and (exif or "xmp" in image.info or image.info.get("comment"))):
            changes.append(LOCATION_REMOVED if GPS_TAG in exif else DETAILS_REMOVED)
        return _encoded(upright(image, orientation), target, changes, origin)


def opened(source: Path, content_type: str) -> Image.Image:
    """The picture in ``source``, not decoded yet. Raises RefusalError for one that is damaged or too large."""
    if content_type not in FORMATS:
        raise RefusalError(NO_PICTURE)
    most = MAX_JPEG_PIXELS if content_type == "image/jpeg" else MAX_PIXELS
    try:
        image = picture_files.opened(source, content_type, most, TOO_MANY_PIXELS)
    except (OSError, ValueError, SyntaxError):
        raise RefusalError(DAMAGED, broken=True) from None
    if image.width * image.height > MAX_PIXELS:
        scale = math.sqrt(image.width * image.height / MAX_PIXELS)
        image.draft(None, (int(image.width / scale / 2), int(image.height / scale / 2)))
    return image


def _true_size(source: Path, content_type: str) -> tuple[int, int]:
    """The size in the file: a large JPEG is decoded smaller."""
    with picture_files.opened(source, content_type, MAX_JPEG_PIXELS, TOO_MANY_PIXELS) as image:
        return image.size


def load(image: Image.Image) -> None:
    """Decode the picture; raises RefusalError for one that is cut off or damaged."""
    try:
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError, IndexError):
        raise RefusalError(DAMAGED, broken=True) from None


def _plain(image: Image.Image, source: Path, origin: str) -> bool:
    """Whether it is one still of 8-bit RGB or RGBA as JPEG or PNG, all that Meta's reference allows."""
    if origin == "PNG":
        with source.open("rb") as file:
            depth, colour_type = file.read(26)[24:26]
        return depth == 8 and colour_type in (2, 6) and not getattr(image, "is_animated", False)
    # What follows the first picture of a JPEG is cut off without loss: see strip_jpeg.
    return origin == "JPEG" and image.mode == "RGB"


def _stripped(source: Path, target: Path, content_type: str, *, located: bool) -> Outcome | None:
    """The same picture without hidden data; None when it is too large, or walks differently than it decodes."""
    content = source.read_bytes()
    try:
        clean = strip_jpeg(content) if content_type == "image/jpeg" else strip_png(content)
    except DamagedError:
        return None
    if len(clean) > BYTES[Kind.IMAGE]:
        return None
    if clean == content:
        return Outcome(content_type)
    name = "converted.jpg" if content_type == "image/jpeg" else "converted.png"
    (target / name).write_bytes(clean)
    return Outcome(content_type, name, [LOCATION_REMOVED if located else DETAILS_REMOVED])


def upright(image: Image.Image, orientation: int = 1) -> Image.Image:
    """8-bit RGB or RGBA, turned as its EXIF says; its colours keep their profile or become sRGB."""
    profile = image.info.get("icc_profile")
    pixels = _eight_bits(image, profile)
    if image.mode in ("RGB", "RGBA") and isinstance(profile, bytes):
        pixels.info["icc_profile"] = profile
    if orientation in TURNED:
        keep = pixels.info.get("icc_profile")
        pixels.getexif()[ORIENTATION_TAG] = orientation
        pixels = ImageOps.exif_transpose(pixels)
        pixels.info["icc_profile"] = keep
    return pixels


def _eight_bits(image: Image.Image, profile: Any) -> Image.Image:
    if image.mode == "CMYK" and isinstance(profile, bytes):
        try:
            inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            printed = ImageCms.profileToProfile(image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if printed is not None:
                return printed
        except PermissionError:
            raise  # the lock is to blame, not the picture
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: the plain conversion is close
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "La", "PA", "RGBa") or "transparency" in image.info:
        pixels = image.convert("RGBA")
        lowest, _ = pixels.getchannel("A").getextrema()
        return pixels if lowest != 255 else pixels.convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()


def _encoded(image: Image.Image, target: Path, changes: list[str], origin: str) -> Outcome:
    """Write ``image`` so that it fits: as PNG when it was one, or is transparent and no photo; else as JPEG."""
    profile = image.info.get("icc_profile")
    if origin == "PNG" or (image.mode == "RGBA" and origin not in PHOTOS):
        content = _png(image, profile)
        if len(content) <= BYTES[Kind.IMAGE]:
            if origin != "PNG":
                changes.insert(0, CONVERTED % {"old": NAMES.get(origin, origin), "new": "PNG"})
            (target / "converted.png").write_bytes(content)
            return Outcome("image/png", "converted.png", changes, *image.size)
    if image.mode == "RGBA":
        changes.append(WHITE)
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if origin != "JPEG":
        changes.insert(0, CONVERTED % {"old": NAMES.get(origin, origin), "new": "JPEG"})
    for step, (content, size) in enumerate(_jpegs(image, profile)):
        if len(content) <= BYTES[Kind.IMAGE]:
            if step:
                changes.append(SMALLER)
            (target / "converted.jpg").write_bytes(content)
            return Outcome("image/jpeg", "converted.jpg", changes, *size)
    raise RefusalError(TOO_LARGE)


def _png(image: Image.Image, profile: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", icc_profile=profile, exif=b"")
    return file.getvalue()


def _jpegs(image: Image.Image, profile: Any) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for quality, scale in STEPS:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        smaller = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        file = io.BytesIO()
        smaller.save(file, "JPEG", quality=quality, icc_profile=profile, exif=b"", comment=b"")
        yield file.getvalue(), size
