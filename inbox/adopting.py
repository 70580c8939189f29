"""Files that lay in the storage before their rows did: what they are, told from their bytes."""

from __future__ import annotations

import hashlib
import io
import tempfile
from typing import IO, Any

from django.conf import settings

from inbox.downloads import Downloaded
from inbox.models import Media
from inbox.sniffing import HEAD_BYTES, TAIL_BYTES, sniff
from inbox.storage import media_storage

PIECE = 256 * 1024


def examine(file: IO[bytes]) -> Downloaded:
    """Size, digest and type of an open file, read once with flat memory; left at its beginning."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
        size += len(piece)
    file.seek(max(0, size - TAIL_BYTES), io.SEEK_SET)
    tail = file.read(TAIL_BYTES)
    file.seek(0)
    return Downloaded(size, digest.hexdigest(), sniff(head, tail))


def columns(facts: Downloaded) -> dict[str, Any]:
    """The columns of a media row that say what its file is."""
    return {
        "size": facts.size,
        "sha256": facts.sha256,
        "content_type": facts.file_type.content_type,
        "extension": facts.file_type.extension,
    }


def inspect(media: Media) -> None:
    """Read an adopted file and keep on its row, which is stored, what it is: until then it is only downloaded as bytes.

    Does nothing for a row that knows it. Safe to repeat. Raises StorageError, MissingFileError, OSError.
    """
    if media.content_type or media.sha256:
        return
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
        media_storage().copy_to(media.file.name or "", file)
        found = columns(examine(file))
    Media.objects.filter(pk=media.pk, state=Media.State.STORED, file=media.file.name).update(**found)
    for name, value in found.items():
        setattr(media, name, value)
