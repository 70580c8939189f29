"""What WhatsApp finds when it looks into a file that the business sends: type, size, pixels, codec, channels.

It looks after it has accepted the message, so all of it comes back as a failed status with code 131053.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError

KB, MB = 1024, 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
#: What a message of each kind may carry, and the most bytes (reference: "Media", 2025-12-11).
KINDS: dict[str, tuple[tuple[str, ...], int]] = {
    "image": (("image/jpeg", "image/png"), 5 * MB),
    "video": (("video/mp4", "video/3gpp"), 16 * MB),
    "audio": (("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MB),
    "document": (
        (
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
        ),
        100 * MB,
    ),
    "sticker": (("image/webp",), 500 * KB),
}
STICKER_PIXELS = (512, 512)
STILL_STICKER = 100 * KB
#: How the name of a file of each type ends. Meta goes by the name as well as by the type that is declared: it takes
#: an upload whose name says something else, and fails the message later (reference §13, "Media upload").
_ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "video/mp4": (".mp4",),
    "video/3gpp": (".3gp", ".3gpp"),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/ogg": (".ogg",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    f"{_OFFICE}wordprocessingml.document": (".docx",),
    f"{_OFFICE}spreadsheetml.sheet": (".xlsx",),
    f"{_OFFICE}presentationml.presentation": (".pptx",),
}
_PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
#: The codec of the sound, by type.
_CODECS = {
    "audio/ogg": ("opus",),
    "audio/mpeg": ("mp3", "mp3float"),
    "audio/aac": ("aac",),
    "audio/mp4": ("aac",),
    "audio/amr": ("amr_nb", "amr_wb", "amrnb", "amrwb"),
}


def types_of(kind: str) -> tuple[str, ...]:
    """The types that a message of this kind may carry: a document any that can be uploaded."""
    if kind == "document":
        return tuple(each for types, _ in KINDS.values() for each in types)
    return KINDS[kind][0]


def fault_of(path: Path, kind: str, mime_type: str, *, voice: bool = False, file_name: str = "") -> str:
    """Why WhatsApp cannot send this file in a message of this kind, a sentence; empty when it can.

    ``mime_type`` is what was declared, with or without parameters; ``voice`` asks what a voice note must be;
    ``file_name`` is what it was uploaded as, empty when it was fetched from a link.
    """
    essence = mime_type.split(";")[0].strip().lower()
    most, size = KINDS[kind][1], path.stat().st_size
    if essence not in types_of(kind):
        return f"{essence or 'A file without a type'} is not supported in a message of type {kind}."
    suffix = PurePosixPath(file_name).suffix.lower()
    if file_name and suffix not in _ENDINGS[essence]:
        return f"The file was declared as {essence}, but its name ends in {suffix or 'nothing'}."
    if not 0 < size <= most:
        return f"The file has {size} bytes; a message of type {kind} can have at most {most}."
    try:
        if kind in ("image", "sticker"):
            return _picture(path, kind, essence, size)
        if kind == "video":
            return _video(path)
        if kind == "audio":
            return _audio(path, essence, voice=voice)
    except (FFmpegError, UnidentifiedImageError, OSError, ValueError):
        return f"The bytes are not {essence}."
    with path.open("rb") as file:
        wrong = essence == "application/pdf" and b"%PDF-" not in file.read(KB)
    return "The bytes are not application/pdf." if wrong else ""


def _picture(path: Path, kind: str, essence: str, size: int) -> str:
    with Image.open(path) as picture:
        if picture.format != _PICTURES[essence]:
            return f"Received a file of type {picture.format}, declared as {essence}."
        if kind == "image" and picture.mode not in ("RGB", "RGBA"):
            return f"Images must be 8-bit, RGB or RGBA; this is {picture.mode}."
        if kind == "sticker" and picture.size != STICKER_PIXELS:
            return f"Sticker dimensions must be 512x512; received {picture.width}x{picture.height}."
        if kind == "sticker" and not getattr(picture, "is_animated", False) and size > STILL_STICKER:
            return f"A static sticker can have at most {STILL_STICKER} bytes; this has {size}."
    return ""


def _video(path: Path) -> str:
    with av.open(str(path), format="mov") as container:
        if not container.streams.video:
            return "There is no video in the file."
        codec = container.streams.video[0].codec_context.name
        if codec != "h264":
            return f"Only H.264 video is supported; received {codec}."
        if len(container.streams.audio) > 1:
            return "Only one audio track, or none, is supported."
        if container.streams.audio and container.streams.audio[0].codec_context.name != "aac":
            return f"Only AAC sound is supported; received {container.streams.audio[0].codec_context.name}."
    return ""


def _audio(path: Path, essence: str, *, voice: bool) -> str:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return "There is no sound in the file."
        sound = container.streams.audio[0].codec_context
        if sound.name not in _CODECS[essence] and not (essence == "audio/ogg" and sound.name == "libopus"):
            return f"{essence} with the codec {sound.name} is not supported."
        if essence == "audio/ogg" and sound.channels != 1:
            return "Only mono OGG/OPUS is supported."
    if voice and essence != "audio/ogg":
        return "A voice note must be OGG with the codec OPUS."
    return ""
