"""What a file is: its size, its digest and its type, read from its bytes. Every file goes through here."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, cast

from django.conf import settings
from django.db.models.functions import Now

from inbox.media import content_types
from inbox.media.content_types import FileType
from inbox.media.storage import media_storage
from inbox.models import Media

PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the bytes of a file say. ``sha256`` is lower-case hex."""

    size: int
    sha256: str
    file_type: FileType

    def columns(self) -> dict[str, Any]:
        """The columns of a media row that say what its file is."""
        return {
            "size": self.size,
            "sha256": self.sha256,
            "content_type": self.file_type.content_type,
            "extension": self.file_type.extension,
        }

    def stored_as(self, key: str) -> dict[str, Any]:
        """All columns of a media row whose file has just been stored under ``key``, its attempts at previews unused."""
        return self.columns() | {
            "file": key,
            "state": Media.State.STORED,
            "stored_at": Now(),
            "error": "",
            "remote_url": "",
            "next_try_at": None,
            "attempts": 0,
        }


def inspect(file: IO[bytes], *, on_progress: Callable[[], None] = lambda: None) -> Inspected:
    """Read an open, seekable file with flat memory, and leave it at its beginning.

    ``on_progress`` is called after each piece and may raise to stop. Raises OSError. Safe to repeat.
    """
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
        on_progress()
    inspected = Inspected(size, digest.hexdigest(), type_of(file, size))
    file.seek(0)
    return inspected


def inspect_stored(key: str, *, on_progress: Callable[[], None] = lambda: None) -> Inspected:
    """The same of a file in the storage. Raises StorageError, MissingFileError, OSError when there is no room."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
        media_storage().copy_to(key, cast(IO[bytes], _Watched(file, on_progress)))
        return inspect(file, on_progress=on_progress)


def inspect_adopted(media: Media) -> None:
    """Inspect a file that was stored before its row existed; until then it is only downloaded as bytes.

    Updates the row and ``media``. Does nothing when the row already says what the file is. Raises as `inspect_stored`.
    """
    if media.content_type or media.sha256:
        return
    columns = inspect_stored(media.file.name or "").columns()
    Media.objects.filter(pk=media.pk, state=Media.State.STORED, file=media.file.name).update(**columns)
    for name, value in columns.items():
        setattr(media, name, value)


class _Watched:
    """A file that reports each write, so that a lease is renewed during a long download."""

    def __init__(self, file: IO[bytes], on_progress: Callable[[], None]) -> None:
        self._file, self._on_progress = file, on_progress

    def write(self, chunk: bytes) -> int:
        self._on_progress()
        return self._file.write(chunk)


def type_of(file: IO[bytes], size: int) -> FileType:
    """The type of an open, seekable file of ``size`` bytes: from its beginning, its end, and the directory of archives
    and films, which may stand in between."""
    head = _read(file, 0, content_types.HEAD_BYTES)
    tail = _read(file, max(0, size - content_types.TAIL_BYTES), content_types.TAIL_BYTES)
    parts = [_read(file, at, length) for at, length in content_types.directory(head, tail, size)]
    if head[4:8] == b"ftyp" and not parts:
        parts = [_movie_directory(file, size)]
    return content_types.sniff(head, tail, b"".join(parts))


def _read(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at, os.SEEK_SET)
    return file.read(length)


def _movie_directory(file: IO[bytes], size: int) -> bytes:
    """The beginning of the ``moov`` box of an MP4 file, which names its tracks and often follows the pictures."""
    at = 0
    for _ in range(content_types.MOST_BOXES):
        header = _read(file, at, 16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - at
        if kind == b"moov":
            return _read(file, at, min(length, content_types.MOVIE_BYTES))
        at += length
        if length < 8 or at >= size:
            break
    return b""
