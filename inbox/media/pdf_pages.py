"""Pages of PDF documents as pictures: drawn in the sandbox when somebody opens them, then kept in the storage."""

from __future__ import annotations

import collections
import math
import threading
import time
from pathlib import Path

import structlog
from django.core.files.storage import default_storage

from core.sandbox import parent as sandbox
from core.sandbox.parent import CrashError, NoSandboxError, UndecodableError
from inbox.media import scratch
from inbox.media.content_types import HEAD_BYTES, sniff
from inbox.media.sandboxed.previews import LIMITS
from inbox.media.storage import MissingFileError, StorageError, media_storage
from inbox.models import Media
from inbox.models.media import page_key

log = structlog.get_logger(__name__)

#: Pages that one child draws: starting it costs more than drawing the next page too.
TOGETHER = 4
#: The viewer shows no further pages; the whole file can be downloaded.
MOST = 300
#: Shorter than for previews: a person waits.
PAGE_LIMITS = LIMITS._replace(wall_seconds=30)
PAGE_BYTES = 8 * 1024 * 1024
#: How many requests of this process may draw, or wait for drawing, at a time; the others wait a little, then give up.
MOST_REQUESTS = 3
REQUEST_WAIT_SECONDS = 4
#: Pages that could not be drawn are not tried again at once: a busy machine may draw them later.
REMEMBERED = 500
REFUSED_SECONDS = 300.0

_requests = threading.BoundedSemaphore(MOST_REQUESTS)
_one_at_a_time = threading.Lock()
#: When drawing a page or a group of pages failed, on the monotonic clock.
_refused: collections.OrderedDict[str, float] = collections.OrderedDict()


class NoPageError(Exception):
    """There is no such page, or it cannot be drawn."""


class BusyError(Exception):
    """Too many pages are being drawn at the moment."""


def picture(media: Media, number: int) -> str:
    """The key of the WebP picture of page ``number``, counted from 1; it is drawn now if nobody opened it before.

    Safe to repeat and in parallel. Raises NoPageError, BusyError, StorageError.
    """
    if media.content_type != "application/pdf" or not 0 < number <= min(media.pages or 0, MOST):
        raise NoPageError
    key = page_key(media, number)
    if _exists(key):
        return key
    first = (number - 1) // TOGETHER * TOGETHER + 1
    group = f"{page_key(media, first)} and those after it"
    if time.monotonic() < max(_refused.get(each, -math.inf) for each in (group, key)) + REFUSED_SECONDS:
        raise NoPageError
    if not _requests.acquire(timeout=REQUEST_WAIT_SECONDS):
        raise BusyError
    try:
        with _one_at_a_time:
            if not _exists(key):  # the request before us may have drawn it
                _draw(media, first, group)
    finally:
        _requests.release()
    if group in _refused or key in _refused:
        raise NoPageError
    return key


def _exists(key: str) -> bool:
    try:
        return default_storage.exists(key)
    except Exception as error:  # django-storages raises what boto3 does, of which there are many
        raise StorageError("The file storage did not answer.") from error


def _draw(media: Media, first: int, group: str) -> None:
    """Draw a group of pages and store them; remember those that could not be drawn. Raises StorageError."""
    numbers = range(first, min(first + TOGETHER - 1, media.pages or 0, MOST) + 1)
    keys = {number: page_key(media, number) for number in numbers}
    for key in (group, *keys.values()):
        _refused.pop(key, None)
    try:
        with scratch.local_copy(media.file.name or "") as (source, target):
            drawn = _drawn(numbers, source, target)
            for number, path in drawn.items():
                with path.open("rb") as file:
                    media_storage().put(keys[number], file, content_type="image/webp")
            # A broken page costs itself, not its neighbours.
            _refuse(*(key for number, key in keys.items() if number not in drawn))
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


def _drawn(numbers: range, source: Path, target: Path) -> dict[int, Path]:
    """The child's pictures by page. The child read a hostile file, so each is checked to be WebP."""
    paths = {number: target / f"{number}.webp" for number in numbers}
    work, bounds = "inbox.media.sandboxed.previews.pdf:draw_pages", (str(numbers[0]), str(numbers[-1]))
    outputs = [path.name for path in paths.values()]
    found = sandbox.run(work, source, target, *bounds, limits=PAGE_LIMITS, outputs=outputs).get("pages")
    drawn = {number: path for number, path in paths.items() if isinstance(found, list) and number in found}
    if not drawn:
        raise CrashError("did not draw the pages")
    for path in drawn.values():
        if sniff(sandbox.read(path, PAGE_BYTES)[:HEAD_BYTES]).content_type != "image/webp":
            raise CrashError("left a page that is not WebP")
    return drawn
