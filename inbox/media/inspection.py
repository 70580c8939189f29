"""What a file is: its size, its digest and its type. Every file goes through here, whoever it is from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from inbox.media import content_types
from inbox.media.content_types import FileType

PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the bytes of a file say. ``sha256`` is lower-case hex."""

    size: int
    sha256: str
    file_type: FileType


def inspect(file: IO[bytes], *, on_progress: Callable[[], None] = lambda: None) -> Inspected:
    """Size, digest and type of an open, seekable file, with flat memory; the file is left at its beginning.

    ``on_progress`` is called with every piece that is read and may raise to stop. Raises OSError. Safe to repeat.
    """
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
        on_progress()
    found = Inspected(size, digest.hexdigest(), type_of(file, size))
    file.seek(0)
    return found


def type_of(file: IO[bytes], size: int) -> FileType:
    """The type of an open, seekable file of so many bytes: from its beginning, its end, and where its own directory is
    when that lies in between."""
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
    """The beginning of the ``moov`` box of an MP4 file, which names its tracks; it often stands behind the pictures."""
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
