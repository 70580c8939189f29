"""Bringing the files of imported messages from the old storage into ours, one by one, from the rows that wait."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from django.conf import settings
from django.db import connection, transaction

from inbox.changes import pages
from inbox.media import fetch, inspection, jobs
from inbox.media.inspection import Inspected
from inbox.media.storage import MediaStorage, MissingFileError, StorageError, media_storage
from inbox.models import ImportedItem, Media
from inbox.models.media import storage_key

THREADS = 4
PAGE = 200


def copy(source: MediaStorage, progress: Callable[[int], None]) -> tuple[int, int]:
    """Copy every file that was found and is not here yet. Returns how many were copied and how many failed.

    Safe to repeat and to interrupt: a file is recorded once it is whole in our storage, under our key.
    """
    copied = failed = 0
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = _waiting()
        while page := list(islice(waiting, PAGE)):
            for done in pool.map(lambda pair: _copy(source, *pair), page):
                copied, failed = copied + done, failed + (not done)
            progress(copied + failed)
    return copied, failed


def _waiting() -> Iterator[tuple[Media, str]]:
    """The media rows without a file, with the key that the import found, in the order of their messages."""
    last = 0
    while True:
        items = (
            ImportedItem.objects.filter(table=ImportedItem.Table.MESSAGE, message_id__gt=last)
            .exclude(found_key="")
            .order_by("message_id")
            .values_list("message_id", "found_key")[:PAGE]
        )
        keys = dict(items)
        if not keys:
            return
        last = max(key for key in keys if key)
        for row in Media.objects.filter(message_id__in=keys).exclude(state=Media.State.STORED).order_by("message_id"):
            yield row, keys[row.message_id]


def _copy(source: MediaStorage, row: Media, key: str) -> bool:
    try:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
            source.copy_to(key, file)
            inspected = inspection.inspect(file)
            row.extension = inspected.file_type.extension
            name = storage_key(row, "")
            content_type = inspected.file_type.content_type or "application/octet-stream"
            media_storage().put(name, file, content_type=content_type)
        _record(row, name, inspected)
    except (StorageError, MissingFileError, OSError) as error:
        sentence = str(error)
        if isinstance(error, MissingFileError):
            sentence = "The file is gone from the old storage."
        elif isinstance(error, OSError):
            sentence = fetch.DISK_FULL
        Media.objects.filter(pk=row.pk).exclude(state=Media.State.STORED).update(error=sentence)
        return False
    finally:
        connection.close()  # this thread's
    return True


def _record(row: Media, name: str, inspected: Inspected) -> None:
    with transaction.atomic():
        unsettled = Media.objects.filter(pk=row.pk).exclude(state=Media.State.STORED)
        stored = unsettled.update(**inspected.stored_as(name))
        if stored:
            pages.touch([row.message_id])
            jobs.enqueue_previews(row.pk)
