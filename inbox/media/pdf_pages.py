"""Pages of documents as pictures: drawn by a confined child when somebody turns to them, then kept in the storage."""

from __future__ import annotations

import collections
import math
import tempfile
import threading
import time
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files.storage import default_storage

from core.sandbox import parent as sandbox
from core.sandbox.parent import CrashError, NoSandboxError, UndecodableError
from inbox.media.content_types import HEAD_BYTES, sniff
from inbox.media.previews.preview_jobs import DIRECTORY_PREFIX
from inbox.media.sandboxed.previews import LIMITS
from inbox.media.storage.local import MissingFileError, StorageError, media_storage
from inbox.models import Media
from inbox.models.media import page_key

log = structlog.get_logger(__name__)

#: Pages that one child draws: to start it costs more than to draw the next page too.
TOGETHER = 4
#: The viewer shows no further pages; who needs them downloads the file.
MOST = 300
#: Somebody waits for them.
PAGE_LIMITS = LIMITS._replace(wall_seconds=30)
PAGE_BYTES = 8 * 1024 * 1024
#: Requests of this process that draw or wait for it at the same time; the others wait a little, then come back.
PLACES = 3
PATIENCE_SECONDS = 4
#: Groups of pages that could not be drawn, so that nobody waits for them again soon: a busy machine, or one short of
#: memory, may draw them later.
REMEMBERED = 500
REFUSED_SECONDS = 300.0

_places = threading.BoundedSemaphore(PLACES)
_one_at_a_time = threading.Lock()
#: When that was, by the group's first page, on the monotonic clock.
_refused: collections.OrderedDict[str, float] = collections.OrderedDict()


class NoPageError(Exception):
    """There is no such page, or it cannot be drawn."""


class BusyError(Exception):
    """Too many pages are being drawn just now."""


def picture(media: Media, number: int) -> str:
    """The key of the WebP picture of a stored document's page, counted from 1; drawn now if nobody saw it before.

    Safe to repeat and in parallel. Raises NoPageError, BusyError, StorageError.
    """
    if media.content_type != "application/pdf" or not 0 < number <= min(media.pages or 0, MOST):
        raise NoPageError
    key = page_key(media, number)
    if _there(key):
        return key
    first = (number - 1) // TOGETHER * TOGETHER + 1
    group = f"{page_key(media, first)} and those after it"
    if time.monotonic() < max(_refused.get(each, -math.inf) for each in (group, key)) + REFUSED_SECONDS:
        raise NoPageError
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError
    try:
        with _one_at_a_time:
            if not _there(key):  # whoever was before us may have drawn it
                _draw(media, first, group)
    finally:
        _places.release()
    if group in _refused or key in _refused:
        raise NoPageError
    return key


def _there(key: str) -> bool:
    try:
        return default_storage.exists(key)
    except Exception as error:  # django-storages raises what boto3 does, of which there are many
        raise StorageError("The file storage did not answer.") from error


def _draw(media: Media, first: int, group: str) -> None:
    last = min(first + TOGETHER - 1, media.pages or 0, MOST)
    keys = {page: page_key(media, page) for page in range(first, last + 1)}
    for key in (group, *keys.values()):
        _refused.pop(key, None)
    try:
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix=DIRECTORY_PREFIX) as directory:
            drawn = _drawn(media, Path(directory), first)
            _put(media, drawn)
            # A broken page costs itself, not its neighbours.
            _refuse(*(key for page, key in keys.items() if page not in drawn))
    except (CrashError, NoSandboxError, UndecodableError, MissingFileError) as error:
        _refuse(group)
        log.warning("page_not_drawn", media=str(media.pk), message=media.message_id, first=first, reason=repr(error))
    except OSError as error:  # no room for a temporary file
        raise StorageError("There is no room to draw the page.") from error


def _refuse(*keys: str) -> None:
    for key in keys:
        _refused[key] = time.monotonic()
    while len(_refused) > REMEMBERED:
        _refused.popitem(last=False)


def _drawn(media: Media, directory: Path, first: int) -> dict[int, Path]:
    """The child's pictures by page, each checked to be one: the child read a hostile file."""
    source, target = directory / "source", directory / "target"
    target.mkdir()
    with source.open("xb") as file:
        media_storage().copy_to(media.file.name or "", file)
    last = min(first + TOGETHER - 1, media.pages or 0, MOST)
    wanted = {page: target / f"{page}.webp" for page in range(first, last + 1)}
    outputs = [path.name for path in wanted.values()]
    work, numbers = "inbox.media.sandboxed.previews.document_pages:draw", (str(first), str(last))
    found = sandbox.run(work, source, target, *numbers, limits=PAGE_LIMITS, outputs=outputs).get("pages")
    drawn = {page: path for page, path in wanted.items() if isinstance(found, list) and page in found}
    if not drawn:
        raise CrashError("did not draw the pages")
    for path in drawn.values():
        if sniff(sandbox.read(path, PAGE_BYTES)[:HEAD_BYTES]).content_type != "image/webp":
            raise CrashError("left a picture that is none")
    return drawn


def _put(media: Media, pictures: dict[int, Path]) -> None:
    for page, path in pictures.items():
        with path.open("rb") as file:
            media_storage().put(page_key(media, page), file, content_type="image/webp")
