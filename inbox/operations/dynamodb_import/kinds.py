"""What an old message is: the old system wrote "text" for what it sent with a file, and a file's name as its words."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath

from inbox.operations.dynamodb_import.reading import SUFFIXED, FileItem, MessageItem
from whatsapp.events import MEDIA_KINDS, Direction, Kind

#: What the old page wrote where a file had no caption.
PLACEHOLDERS = {f"[{word}]" for word in ("image", "video", "audio", "voice", "document", "sticker", "media", "file")}
#: Extensions that are one type, of those that WhatsApp carries; the library's table differs between machines.
TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "3gp": "video/3gpp",
    "3gpp": "video/3gpp",
    "mov": "video/quicktime",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "pdf": "application/pdf",
}


@dataclass(slots=True)
class OldFile:
    """The file of an old message: declared, not yet looked for. ``media_id`` is WhatsApp's, empty when unknown."""

    media_id: str = ""
    object_key: str = ""
    content_type: str = ""
    file_name: str = ""
    voice: bool = False


def old_file(item: MessageItem, row: FileItem | None) -> OldFile | None:
    """The file that a message had, None when it had none. Adds to the message's problems."""
    key = item.object_key or (row.object_key if row else "")
    if not (key or item.media_id or row or item.word in MEDIA_KINDS):
        return None
    found = OldFile(object_key=key)
    suffixed = SUFFIXED.fullmatch(key) if item.direction == Direction.INBOUND else None
    if suffixed:
        item.problems.append("key_with_suffix")
    if item.direction == Direction.INBOUND:
        if item.media_id:
            item.problems.append("media_id_is_row" if row else "media_row_missing")
        found.media_id = (row.media_id if row else "") or (suffixed["media_id"] if suffixed else "")
    elif item.media_id.isascii() and item.media_id.isalnum():
        found.media_id = item.media_id[:128]
    if key and not item.media_id:
        item.problems.append("no_media_id")
    if not key:
        item.problems.append("file_without_key")
    found.content_type = (row.content_type if row else "") or type_of(key)
    return found


def type_of(name: str) -> str:
    """The content type that a name's extension declares; empty when it declares none."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    return TYPES.get(extension) or mimetypes.guess_type(f"x.{extension}", strict=True)[0] or ""


def settle(item: MessageItem, file: OldFile | None) -> tuple[Kind, str, dict[str, str]]:
    """The kind, text and payload of a message. Fills in the file's name and voice flag, adds problems."""
    if file is None:
        return _without_file(item)
    kind = _kind(item, file)
    words = item.text
    if words.lower() in PLACEHOLDERS:
        words = ""
    if kind == Kind.DOCUMENT and words and _is_name(words, file):
        file.file_name, words = words, ""
        item.problems.append("name_from_content")
    # The old inbound handler kept no voice flag; ogg from a customer is what the microphone button makes.
    file.voice = kind == Kind.AUDIO and file.content_type == "audio/ogg"
    if kind == Kind.DOCUMENT and not file.file_name and file.object_key.startswith("media/"):
        file.file_name = PurePosixPath(file.object_key).name
    return kind, words, {}


def _kind(item: MessageItem, file: OldFile) -> Kind:
    told = Kind(item.word) if item.word in MEDIA_KINDS else None
    if told is None and item.word in ("text", "") and file.content_type:
        item.problems.append("kind_from_file")
    major = file.content_type.partition("/")[0]
    if told in (Kind.STICKER, Kind.DOCUMENT):
        return told
    if major in ("image", "video", "audio"):
        return Kind(major)
    if file.content_type:
        return Kind.DOCUMENT
    if told is None:
        item.problems.append("kind_unknown")
    return told or Kind.DOCUMENT


def _is_name(words: str, file: OldFile) -> bool:
    """Whether a document's content is its name rather than its caption: it ends with the file's own extension."""
    extension = PurePosixPath(words).suffix.lower()
    if "\n" in words or not extension or len(words) > 255:
        return False
    return extension == PurePosixPath(file.object_key).suffix.lower() or type_of(words) == (file.content_type or None)


def _without_file(item: MessageItem) -> tuple[Kind, str, dict[str, str]]:
    if item.word in ("", "text"):
        return Kind.TEXT, item.text, {}
    if item.text:
        item.problems.append("kind_reduced")
        return Kind.TEXT, item.text, {}
    item.problems.append("kind_reduced")
    return Kind.UNSUPPORTED, "", {"type": item.word[:64]}
