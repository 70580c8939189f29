"""Repair faults (--apply): each by a conditional update, so that a row that changed meanwhile is left alone."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from inbox.changes import pages
from inbox.media import fetch, inspection, jobs
from inbox.media.storage import MissingFileError, StorageError, media_storage
from inbox.media.uploads.preparing import LOST as LOST_UPLOAD
from inbox.models import Media, Message, Upload

log = structlog.get_logger(__name__)

PAGE = 500
QUARANTINE = "quarantine/"
LOST = gettext_noop("The stored file is gone, and WhatsApp no longer has it. Ask for it again.")
INCOMPLETE = gettext_noop("The stored file was incomplete; it is being downloaded again.")
NEVER_RECORDED = gettext_noop("The file of this message was never recorded.")
#: A little less than the seven days for which WhatsApp keeps a file.
FETCHABLE = fetch.LIFETIME - timedelta(hours=4)


def mend(progress: Callable[[int], None]) -> dict[str, int]:
    """Repair what can be repaired. Returns how many of each code were. Safe to repeat."""
    mended: Counter[str] = Counter()
    last = count = 0
    while page := _page(last):
        for id, code, key, row, detail in page:
            last, count = id, count + 1
            act = ACTS.get(code)
            try:
                if act is not None and act(key, row, detail):
                    mended[code] += 1
                    log.info("fault_mended", code=code, row=row)
            except (StorageError, MissingFileError) as error:
                log.warning("fault_not_mended", code=code, row=row, reason=str(error))
        progress(count)
    return dict(mended)


def _page(last: int) -> list[tuple[int, str, str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code, key, row, detail FROM fault WHERE id > %s ORDER BY id LIMIT %s", [last, PAGE])
        return list(cursor.fetchall())


def _fetch(key: str, row: str, _detail: str) -> bool:
    """Fetch a file again while WhatsApp has it; otherwise leave everything as it is."""
    with transaction.atomic():
        rows = Media.objects.filter(pk=row, file=key).exclude(media_id="")
        young = Q(message__sent_at__gt=Now() - FETCHABLE) | Q(created_at__gt=Now() - FETCHABLE)
        found = rows.filter(young, message__direction="inbound").select_for_update(of=("self",)).first()
        if found is None:
            return False
        Media.objects.filter(pk=row).update(
            state=Media.State.RETRYING,
            preview_state=Media.PreviewState.NONE,
            attempts=0,
            next_try_at=Now(),
            error=INCOMPLETE,
        )
        pages.touch([found.message_id])
        jobs.enqueue_fetch(found.pk)
    return True


def _lose(key: str, row: str, _detail: str) -> bool:
    return _update(Q(pk=row, file=key, state=Media.State.STORED), state=Media.State.EXPIRED, error=LOST)


def _fetch_or_lose(key: str, row: str, detail: str) -> bool:
    return _fetch(key, row, detail) or _lose(key, row, detail)


def _correct_key(key: str, row: str, detail: str) -> bool:
    return _update(Q(pk=row, file=key, state=Media.State.STORED), file=detail, **ANEW) and _draw(row)


def _put_back(key: str, _row: str, detail: str) -> bool:
    media_storage().move(detail, key)
    return True


def _draw_again(key: str, row: str, _detail: str) -> bool:
    named = Q(thumbnail=key) | Q(playable=key) if key.startswith("previews/") else Q(file=key)
    return _update(named & Q(pk=row, state=Media.State.STORED), thumbnail="", playable="", **ANEW) and _draw(row)


def _make_previews(key: str, row: str, _detail: str) -> bool:
    return _update(Q(pk=row, state=Media.State.STORED, file=key), **ANEW) and _draw(row)


ANEW = {"preview_state": Media.PreviewState.NONE, "preview_error": "", "attempts": 0, "next_try_at": None}


def _draw(row: str) -> bool:
    jobs.enqueue_previews(uuid.UUID(row))
    return True


def _try_now(_key: str, row: str, _detail: str) -> bool:
    waiting = Q(pk=row, state__in=(Media.State.PENDING, Media.State.RETRYING))
    waiting &= Q(next_try_at=None) | Q(next_try_at__gt=Now()) | Q(attempts__gt=0)
    if not _update(waiting, next_try_at=Now(), attempts=0):
        return False
    jobs.enqueue_fetch(uuid.UUID(row))
    return True


def _fetch_given_up(_key: str, row: str, _detail: str) -> bool:
    found = Media.objects.filter(pk=row).first()
    return found is not None and fetch.fetch_again(found)


def _take_size(key: str, row: str, detail: str) -> bool:
    return _update(Q(pk=row, file=key, size=None), size=int(detail.split()[0]))


def _quarantine(key: str, _row: str, _detail: str) -> bool:
    """Nothing is deleted: a file can be moved back from quarantine."""
    media_storage().move(key, QUARANTINE + key)
    return True


def _adopt(key: str, row: str, _detail: str) -> bool:
    """Record a file that is in the storage, if it is the announced one."""
    inspected = inspection.inspect_stored(key)
    announced = Q(sha256="") | Q(sha256=inspected.sha256)
    waiting = Q(pk=row) & announced & ~Q(state__in=[Media.State.STORED, Media.State.PREPARING])
    columns = {**inspected.stored_as(key), **ANEW}
    return inspected.size > 0 and _update(waiting, **columns) and _draw(row)


def _refuse_upload(_key: str, row: str, _detail: str) -> bool:
    lost = Upload.objects.filter(pk=row).exclude(state=Upload.State.REFUSED)
    return bool(lost.update(state=Upload.State.REFUSED, error=LOST_UPLOAD))


def _add_file_row(_key: str, row: str, _detail: str) -> bool:
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=row).first()
        if message is None or Media.objects.filter(message=message).exists():
            return False
        Media.objects.create(message=message, state=Media.State.FAILED, error=NEVER_RECORDED)
        pages.touch([message.pk])
    return True


def _update(condition: Q, **columns: object) -> bool:
    """Change the media rows that are still as they were found, and tell open pages. Returns whether there were any."""
    with transaction.atomic():
        rows = Media.objects.filter(condition)
        messages = list(rows.values_list("message_id", flat=True))
        changed = rows.update(**columns)
        if changed:
            pages.touch(messages)
    return bool(changed)


ACTS: dict[str, Callable[[str, str, str], bool]] = {
    "missing_fetchable": _fetch,
    "missing_lost": _lose,
    "missing_quarantined": _put_back,
    "under_another_key": _correct_key,
    "stored_without_key": _fetch_or_lose,
    "thumbnail_missing": _draw_again,
    "playable_missing": _draw_again,
    "upload_missing": _refuse_upload,
    "file_empty": _fetch,
    "size_differs": _fetch,
    "digest_differs": _fetch,
    "unreadable": _fetch,
    "size_unknown": _take_size,
    "not_recorded": _adopt,
    "orphan_file": _quarantine,
    "orphan_preview": _quarantine,
    "orphan_upload": _quarantine,
    "leftover_probe": _quarantine,
    "waiting_too_long": _try_now,
    "waiting_forever": _try_now,
    "fetchable": _fetch_given_up,
    "preview_waiting": _make_previews,
    "never_examined": _make_previews,
    "message_without_file": _add_file_row,
}
