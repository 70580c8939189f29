"""Pictures of stored files, and copies that browsers play or show, drawn by a child process that may fail."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from prometheus_client import Counter

from core.sandbox import parent as sandbox
from core.sandbox.parent import Cause, CrashError, NoSandboxError, UndecodableError
from inbox import conversations
from inbox.changes import pages
from inbox.media import conversion, document_contents, stored_files, text_preview
from inbox.media import fetch as files
from inbox.media.content_types import ENCRYPTED, HEAD_BYTES, sniff
from inbox.media.sandboxed import document_text
from inbox.media.sandboxed.previews import LIMITS, OUTPUTS, work_for
from inbox.media.storage.local import MissingFileError, StorageError, media_storage
from inbox.models import Media
from inbox.models import media as media_model
from inbox.models.media import contents_key, playable_key, thumbnail_key

log = structlog.get_logger(__name__)
drawings = Counter("inbox_previews_total", "Attempts to draw a preview, by what came of them", ["outcome"])

#: What inbox.media.previews knows how to draw. Every other file shows its kind and size.
DRAWABLE_TYPES = frozenset(
    {*conversion.PICTURES, *conversion.FILMS, *conversion.SOUNDS, "application/pdf", *document_text.TYPES}
)
#: What is said while nothing is decoded on this server, for want of a sandbox.
PREVIEWS_ARE_OFF = "Previews are off on this server."
#: What is said when the file is to blame and the decoder has no better words.
IMPOSSIBLE = {
    Cause.DAMAGED: "This file is damaged or unusual, so it has no preview.",
    Cause.MEMORY: "Drawing a preview of this file takes more memory than it may.",
    Cause.TIME: "Drawing a preview of this file takes more time than it may.",
}
LEASE = timedelta(minutes=5)
DIRECTORY_PREFIX = "inbox-preview-"
LEFTOVER_SECONDS = 3600
STORAGE_WAIT = timedelta(minutes=2)
CRASH_WAIT = timedelta(seconds=30)
MAX_CRASHES = 3
THUMBNAIL_BYTES = 2 * 1024 * 1024
MAX_SIDE = 1_000_000
EXCERPT_CHARACTERS = 2000
#: Of a text or an office document all that the page shows is kept, so that search can find it.
TEXT_CHARACTERS = 100_000
#: What is said of a file that nobody can look into without its password.
PROTECTED = "This document is protected by a password."
#: What is said of a recording in a format that browsers do not play, when there is no copy either.
UNPLAYABLE = "This recording cannot be played here. Download it to listen."
#: What the child may leave as a copy, by its type.
COPIES = {"audio/mp4": "playable.m4a", "image/webp": "copy.webp"}


@dataclass
class Drawing:
    """What the child found, checked: it decoded a hostile file, so its word is not taken for anything."""

    impossible: str = ""
    because: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    thumbnail: Path | None = None
    #: A copy that every browser plays or shows, and its type.
    copy: Path | None = None
    copy_type: str = ""
    #: Whether every browser plays the file, or this copy of it.
    plays: bool = True
    contents: Path | None = None


def make(media_id: uuid.UUID) -> None:
    """Draw the previews of a stored file and record them, or why there are none; once.

    Safe to run twice and in parallel. A broken file costs its preview at the first attempt, one that kills the child
    at the third. A storage that is away costs nothing: the row waits for it, as it does for a sandbox.
    """
    media = _claim(media_id)
    if media is None:
        return
    if media.attempts > MAX_CRASHES:
        return _settle(media, Drawing(impossible="Drawing a preview of this file failed several times."))
    try:
        stored_files.inspect(media)
        content_type = document_contents.type_of(media) or media.content_type
        if content_type in text_preview.TYPES - document_text.TYPES:
            # Nothing but bytes into characters, in Python: it needs no child process.
            text, _ = text_preview.beginning(media)
            return _settle(media, Drawing(facts={"excerpt": text[:TEXT_CHARACTERS].strip()}))
        if content_type not in DRAWABLE_TYPES:
            protected = media.content_type == ENCRYPTED.content_type
            return _settle(media, Drawing(impossible=PROTECTED if protected else "Files of this kind have no preview."))
        sandbox.check()
        _clear_leftovers()
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix=DIRECTORY_PREFIX) as directory:
            drawing = _draw(media, content_type, Path(directory))
            _put(media, drawing)
    except MissingFileError:
        log.error("stored_file_missing", media=str(media_id), message=media.message_id)
        return _settle(media, Drawing(impossible="The stored file is missing; an administrator has to look for it."))
    except NoSandboxError:
        _leave_for_later(media)
    except (StorageError, OSError) as error:  # the storage is away, or there is no room for a temporary file
        _postpone(media, STORAGE_WAIT, attempts=media.attempts - 1)
        log.warning("preview_postponed", media=str(media_id), message=media.message_id, reason=str(error))
    except CrashError as error:
        _postpone(media, CRASH_WAIT, attempts=media.attempts)
        drawings.labels("crashed").inc()
        log.warning("preview_crashed", media=str(media_id), message=media.message_id, reason=str(error))
    else:
        _settle(media, drawing)


def _claim(media_id: uuid.UUID) -> Media | None:
    """Take the row for as long as a drawing may last; a worker that dies with it gives it back by itself."""
    with transaction.atomic():
        media = (
            Media.objects.select_for_update(skip_locked=True)
            .annotate(now=Now())
            .filter(
                Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now()),
                pk=media_id,
                state=Media.State.STORED,
                preview_state=Media.PreviewState.NONE,
            )
            .first()
        )
        if media is None:
            return None
        media.attempts += 1
        media.next_try_at = media.now + LEASE
        media.save(update_fields=["attempts", "next_try_at"])
        return media


def _clear_leftovers() -> None:
    """Delete the copies of customers' files that a killed worker could not delete itself."""
    for entry in os.scandir(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()):
        if entry.name.startswith(DIRECTORY_PREFIX) and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(FileNotFoundError):  # another worker has just finished with it
                facts = entry.stat(follow_symlinks=False)
                if facts.st_uid == os.getuid() and facts.st_mtime < time.time() - LEFTOVER_SECONDS:
                    shutil.rmtree(entry.path, ignore_errors=True)


def _draw(media: Media, content_type: str, directory: Path) -> Drawing:
    source, target = directory / "source", directory / "target"
    target.mkdir()
    with source.open("xb") as file:
        media_storage().copy_to(media.file.name or "", file)
    try:
        found = sandbox.run(work_for(content_type), source, target, content_type, limits=LIMITS, outputs=OUTPUTS)
    except UndecodableError as error:
        return Drawing(impossible=str(error) or IMPOSSIBLE[error.cause], because=error.because)
    return _read(target, found)


def _read(target: Path, result: dict[str, Any]) -> Drawing:
    """The child's result, with everything out of bounds left out."""
    drawing = Drawing()
    for name in ("width", "height", "pages"):
        value = result.get(name)
        if isinstance(value, int) and 0 < value <= MAX_SIDE:
            drawing.facts[name] = value
    duration = result.get("duration")
    if isinstance(duration, int | float) and 0 < duration < 10_000_000:
        drawing.facts["duration"] = float(duration)
    waveform = result.get("waveform")
    if isinstance(waveform, list) and all(isinstance(point, int) and 0 <= point <= 100 for point in waveform):
        drawing.facts["waveform"] = waveform[:64]
    if result.get("animated") is True:
        drawing.facts["animated"] = True
    if isinstance(result.get("excerpt"), str):
        excerpt = result["excerpt"].replace("\0", " ").encode("utf-8", "replace").decode()
        drawing.facts["excerpt"] = excerpt[:EXCERPT_CHARACTERS]
    _read_files(target, result, drawing)
    return drawing


def _read_files(target: Path, result: dict[str, Any], drawing: Drawing) -> None:
    thumbnail, size = target / "thumbnail.webp", result.get("thumbnail")
    if isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and 0 < side < 5000 for side in size):
        if sniff(sandbox.read(thumbnail, THUMBNAIL_BYTES)[:HEAD_BYTES]).content_type != "image/webp":
            raise CrashError("left a picture that is none")
        drawing.thumbnail = thumbnail
        drawing.facts |= {"thumbnail_width": size[0], "thumbnail_height": size[1]}
    drawing.plays = result.get("plays") is not False
    content_type = result.get("copy")
    if content_type in COPIES:
        copy = target / COPIES[content_type]
        if sniff(sandbox.read(copy, HEAD_BYTES, whole=False)).content_type != content_type:
            raise CrashError("left a copy that is none")
        drawing.copy, drawing.copy_type = copy, content_type
    if result.get("contents") is True:
        drawing.contents = target / document_text.CONTENTS_NAME
        contents = document_contents.parse(sandbox.read(drawing.contents, document_contents.MOST_BYTES))
        if contents is None:
            raise CrashError("left a text that is none")
        drawing.facts["excerpt"] = contents.text()[:TEXT_CHARACTERS]


def _put(media: Media, drawing: Drawing) -> None:
    for path, key, content_type in (
        (drawing.thumbnail, thumbnail_key(media, ""), "image/webp"),
        (drawing.copy, _copy_key(media, drawing), drawing.copy_type),
        (drawing.contents, contents_key(media), "application/json"),
    ):
        if path is not None:
            with path.open("rb") as file:
                media_storage().put(key, file, content_type=content_type)


def _copy_key(media: Media, drawing: Drawing) -> str:
    return playable_key(media, media_model.COPIES.get(drawing.copy_type, ""))


def _settle(media: Media, drawing: Drawing) -> None:
    """Record the result and tell the pages, in one transaction. Does nothing when it is recorded already.

    A film that not every browser plays is left to `playable_copies`, which takes minutes.
    """
    state, note = Media.PreviewState.READY, ""
    if drawing.impossible:
        state, note = Media.PreviewState.IMPOSSIBLE, drawing.impossible
    elif not drawing.plays and media.content_type in conversion.FILMS:
        state = Media.PreviewState.COPYING
    elif not drawing.plays:
        note = UNPLAYABLE
    with transaction.atomic():
        conversations.lock_those_of([media.message_id])
        settled = Media.objects.filter(
            pk=media.pk,
            state=Media.State.STORED,
            preview_state=Media.PreviewState.NONE,
            # Not of a file that was fetched again, or given another name, meanwhile.
            file=media.file.name,
            stored_at=media.stored_at,
        ).update(
            preview_state=state,
            preview_error=note,
            thumbnail=thumbnail_key(media, "") if drawing.thumbnail else "",
            playable=_copy_key(media, drawing) if drawing.copy else "",
            next_try_at=None,
            # From here on it counts attempts at the copy.
            attempts=0 if state == Media.PreviewState.COPYING else media.attempts,
            **drawing.facts,
        )
        if settled:
            pages.touch([media.message_id])
            conversations.refresh_previews([media.message_id])
            if state == Media.PreviewState.COPYING:
                files.enqueue_copy(media.pk)
    if settled:
        drawings.labels(str(state)).inc()
        log.info(
            "preview_settled",
            media=str(media.pk),
            message=media.message_id,
            preview=str(state),
            content_type=media.content_type,
            because=drawing.because,
        )


def _leave_for_later(media: Media) -> None:
    """Say that previews are off. `media.sweep` has the row drawn once a worker runs that may."""
    with transaction.atomic():
        conversations.lock_those_of([media.message_id])
        Media.objects.filter(pk=media.pk, next_try_at=media.next_try_at, preview_state=Media.PreviewState.NONE).update(
            preview_error=PREVIEWS_ARE_OFF, next_try_at=None, attempts=media.attempts - 1
        )
        pages.touch([media.message_id])


def _postpone(media: Media, wait: timedelta, *, attempts: int) -> None:
    Media.objects.filter(pk=media.pk, next_try_at=media.next_try_at).update(next_try_at=Now() + wait, attempts=attempts)
