"""Local copies of stored files, for as long as a decoder works on them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from inbox.media.storage import media_storage

PREFIX = "inbox-media-"
LEFTOVER_SECONDS = 3600


@contextlib.contextmanager
def local_copy(key: str) -> Iterator[tuple[Path, Path]]:
    """A copy of a stored file, and an empty folder beside it for results. Both are deleted afterwards.

    Raises StorageError, MissingFileError, OSError when there is no room.
    """
    _delete_leftovers()
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix=PREFIX) as directory:
        source, results = Path(directory, "source"), Path(directory, "target")
        results.mkdir()
        with source.open("xb") as file:
            media_storage().copy_to(key, file)
        yield source, results


def _delete_leftovers() -> None:
    """Delete the copies of customers' files that a killed worker could not delete itself."""
    for entry in os.scandir(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()):
        if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(FileNotFoundError):  # another worker has just deleted it
                facts = entry.stat(follow_symlinks=False)
                if facts.st_uid == os.getuid() and facts.st_mtime < time.time() - LEFTOVER_SECONDS:
                    shutil.rmtree(entry.path, ignore_errors=True)
