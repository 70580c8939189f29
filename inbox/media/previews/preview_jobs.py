"""Make the previews of stored files: one job each, which may fail and be repeated."""

from __future__ import annotations

import uuid
from datetime import timedelta

import structlog
from django.db import transaction
from prometheus_client import Counter

from core.sandbox import parent as sandbox
from core.sandbox.parent import CrashError, NoSandboxError
from inbox import conversations
from inbox.changes import pages
from inbox.media import conversion, document_contents, inspection, jobs, scratch, text_preview
from inbox.media.content_types import ENCRYPTED
from inbox.media.lease import PREVIEW_WAITS, Lease, claim
from inbox.media.previews import drawing
from inbox.media.previews.drawing import Drawing
from inbox.media.sandboxed import PROTECTED, document_text, gettext_noop
from inbox.media.storage import MissingFileError, StorageError
from inbox.models import Media
from inbox.models.media import thumbnail_key

log = structlog.get_logger(__name__)
drawings = Counter("inbox_previews_total", "Attempts to draw a preview, by outcome", ["outcome"])

#: The types that have a preview. All other files show their kind and size.
DRAWABLE_TYPES = frozenset(
    {*conversion.PICTURES, *conversion.FILMS, *conversion.SOUNDS, "application/pdf", *document_text.TYPES}
)
PREVIEWS_ARE_OFF = gettext_noop("Previews are off on this server.")
NO_PREVIEW = gettext_noop("Files of this kind have no preview.")
FAILED = gettext_noop("A preview of this file failed several times.")
MISSING = gettext_noop("The stored file is missing. Ask an administrator to look for it.")
#: A recording in a format that browsers do not play, of which no copy could be made.
UNPLAYABLE = gettext_noop("This recording can’t be played here. Download it to listen.")
LEASE = timedelta(minutes=5)
STORAGE_WAIT = timedelta(minutes=2)
CRASH_WAIT = timedelta(seconds=30)
MAX_CRASHES = 3


def make(media_id: uuid.UUID) -> None:
    """Draw the previews of a stored file and record them, or record why there are none.

    Safe to run twice and in parallel. A file that cannot be decoded loses its preview at the first attempt, one that
    crashes the child at the third. While the storage or the sandbox is away, attempts do not count.
    """
    lease = claim(media_id, PREVIEW_WAITS, LEASE)
    if lease is None:
        return
    media = lease.media
    if media.attempts > MAX_CRASHES:
        return _settle(lease, Drawing(impossible=FAILED))
    try:
        result = _draw(media)
    except MissingFileError:
        log.error("stored_file_missing", media=str(media_id), message=media.message_id)
        _settle(lease, Drawing(impossible=MISSING))
    except NoSandboxError:
        _wait_for_sandbox(lease)
    except (StorageError, OSError) as error:  # the storage is away, or there is no room for a temporary file
        lease.give_back(STORAGE_WAIT, counts=False)
        log.warning("preview_postponed", media=str(media_id), message=media.message_id, reason=str(error))
    except CrashError as error:
        lease.give_back(CRASH_WAIT)
        drawings.labels("crashed").inc()
        log.warning("preview_crashed", media=str(media_id), message=media.message_id, reason=str(error))
    else:
        _settle(lease, result)


def _draw(media: Media) -> Drawing:
    """Draw the file and store what was drawn. Raises what `make` catches."""
    inspection.inspect_adopted(media)
    content_type = document_contents.type_of(media) or media.content_type
    if content_type in text_preview.TYPES - document_text.TYPES:
        # Decoding plain text is safe in this process.
        text, _ = text_preview.beginning(media)
        return Drawing(columns={"excerpt": text[: drawing.TEXT_CHARACTERS].strip()})
    if content_type not in DRAWABLE_TYPES:
        return Drawing(impossible=PROTECTED if media.content_type == ENCRYPTED.content_type else NO_PREVIEW)
    sandbox.check()
    with scratch.local_copy(media.file.name or "") as (source, target):
        result = drawing.draw(content_type, source, target)
        drawing.store(media, result)
    return result


def _settle(lease: Lease, result: Drawing) -> None:
    """Record the result and tell open pages, in one transaction. Does nothing when a result is recorded already."""
    media = lease.media
    state, error = _outcome(media, result)
    with transaction.atomic():
        conversations.lock_those_of([media.message_id])
        settled = lease.settle(
            PREVIEW_WAITS,
            preview_state=state,
            preview_error=error,
            thumbnail=thumbnail_key(media, "") if result.thumbnail else "",
            playable=drawing.copy_key(media, result) if result.copy else "",
            # From here on it counts attempts at the copy.
            attempts=0 if state == Media.PreviewState.COPYING else media.attempts,
            **result.columns,
        )
        if settled:
            pages.touch([media.message_id])
            conversations.refresh_previews([media.message_id])
            if state == Media.PreviewState.COPYING:
                jobs.enqueue_copy(media.pk)
    if settled:
        drawings.labels(str(state)).inc()
        log.info(
            "preview_settled",
            media=str(media.pk),
            message=media.message_id,
            preview=str(state),
            content_type=media.content_type,
            because=result.because,
        )


def _outcome(media: Media, result: Drawing) -> tuple[str, str]:
    """The state of the previews, and a sentence when something is missing."""
    if result.impossible:
        return Media.PreviewState.IMPOSSIBLE, result.impossible
    if result.plays:
        return Media.PreviewState.READY, ""
    if media.content_type in conversion.FILMS:
        return Media.PreviewState.COPYING, ""  # a copy of a film takes minutes: see `playable_copies`
    return Media.PreviewState.READY, UNPLAYABLE


def _wait_for_sandbox(lease: Lease) -> None:
    """Say on the row that previews are off. The sweep of a worker with a sandbox makes another job."""
    with transaction.atomic():
        conversations.lock_those_of([lease.media.message_id])
        lease.give_back(None, counts=False, preview_error=PREVIEWS_ARE_OFF)
        pages.touch([lease.media.message_id])
