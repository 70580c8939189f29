"""File names for downloads: the sender's name made safe, or one of ours."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from pathlib import PurePosixPath

from inbox.media.content_types import EXTENSIONS, OLE_STORAGE
from inbox.models import Media

MAX_LENGTH = 150
#: Control characters, directional marks and isolates, invisible ones, and what separates or decorates paths.
UNSAFE = re.compile('[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff/\\\\:*?"<>|]+')
#: Names that Windows takes for devices, whatever their extension.
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
#: Other extensions that fit a type as well as the one we give it.
SYNONYMS = {
    ".jpg": {".jpeg", ".jpe", ".jfif"},
    ".mp4": {".m4v", ".m4a"},
    ".m4a": {".mp4", ".m4b"},
    ".mov": {".qt"},
    ".3gp": {".3gpp", ".3g2"},
    ".ogg": {".oga", ".opus"},
    ".mp3": {".mpga"},
    ".tif": {".tiff"},
    ".heic": {".heif"},
    ".xml": {".kml", ".gpx", ".xhtml"},
    ".html": {".htm", ".xhtml"},
    ".docx": {".docm", ".dotx"},
    ".xlsx": {".xlsm", ".xltx"},
    ".pptx": {".pptm", ".ppsx"},
}
#: Types that many formats share: the sender's extension says more than ours.
GENERAL = {".txt", ".zip", ".gz", ".xml", ".exe"}


def download_name(media: Media) -> str:
    """``saved_as`` for the file of ``media``."""
    return saved_as(media.file_name, media.extension, media.message.kind, media.message.sent_at)


def saved_as(file_name: str, extension: str, kind: str, sent_at: datetime) -> str:
    """The name of a file when it is saved: at most 150 characters, no path, nothing that hides the extension, and an
    extension that is true to the bytes where their type is known. ``file_name`` is the sender's, ``extension`` that of
    the sniffed type."""
    name = clean(file_name)
    if not name:
        name = f"{kind}-{sent_at:%Y%m%d-%H%M%S}"
    suffix = PurePosixPath(name).suffix.lower()
    true = extension
    if true and suffix != true and suffix not in SYNONYMS.get(true, ()) and not (suffix and true in GENERAL):
        name = name[: MAX_LENGTH - len(true)] + true
    return name


def told_ending(media: Media) -> str:
    """How the name of a file ends as far as that can be believed, with its dot; may be empty.

    Bytes that only say "text" or "archive" leave it to the sender's name (.csv, .eml, .numbers), unless that claims
    what the bytes would have shown.
    """
    named = re.search(r"\.[A-Za-z0-9]{1,7}$", media.file_name)
    ending = named[0].lower() if named else ""
    if media.extension in GENERAL - {".exe"} or not media.extension:
        believed = ending not in EXTENSIONS or media.content_type in ("application/encrypted", OLE_STORAGE.content_type)
        return ending if ending and believed else media.extension
    return media.extension


def clean(name: str) -> str:
    """``name`` without characters that leave the folder, hide the extension or break a header; may become empty."""
    name = unicodedata.normalize("NFC", name[: MAX_LENGTH * 8])
    name = UNSAFE.sub(" ", name)
    name = re.sub(r"%(?=[0-9A-Fa-f]{2})", "_", name)  # some browsers decode %2f in a file name
    name = " ".join(name.split()).strip(". ")
    if DEVICES.match(name):
        name = f"_{name}"
    if len(name) > MAX_LENGTH:
        suffix = PurePosixPath(name).suffix[:16]
        name = name[: MAX_LENGTH - len(suffix)].rstrip(". ") + suffix
    return name
