"""Files that lay in the storage before their rows did: what they are, told from their bytes."""

from __future__ import annotations

import tempfile
from typing import Any

from django.conf import settings

from inbox.media import inspection
from inbox.media.inspection import Inspected
from inbox.media.storage.local import media_storage
from inbox.models import Media


def columns(facts: Inspected) -> dict[str, Any]:
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
        found = columns(inspection.inspect(file))
    Media.objects.filter(pk=media.pk, state=Media.State.STORED, file=media.file.name).update(**found)
    for name, value in found.items():
        setattr(media, name, value)
