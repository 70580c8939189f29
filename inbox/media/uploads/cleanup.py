"""Delete uploads that are not sent, and their stored objects."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox.media.storage import StorageError, media_storage
from inbox.models import Draft, Media, Upload

log = structlog.get_logger(__name__)

#: An upload without a draft, from a program or a template's header.
FORGET_AFTER = timedelta(days=1)
#: A draft that nobody changed.
FORGET_DRAFTS_AFTER = timedelta(days=30)


def discard(upload: Upload) -> None:
    """Delete an upload that will not be sent, and its objects once that is committed. Safe to repeat.

    One that was sent meanwhile, from another window, stays: its message needs it.
    """
    with transaction.atomic():
        current = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if current is not None and not Media.objects.filter(pk=upload.pk).exists():
            keys = {current.original.name, current.file.name}
            current.delete()
            transaction.on_commit(lambda: discard_objects(keys))


def forget() -> int:
    """Delete what was never sent: old uploads without a draft, and old drafts with theirs. Returns how many files."""
    now = timezone.now()
    unsent = Upload.objects.exclude(pk__in=Media.objects.filter(state=Media.State.PREPARING).values("pk"))
    old = Q(draft__isnull=True, created_at__lt=now - FORGET_AFTER)
    old |= Q(draft__updated_at__lt=now - FORGET_DRAFTS_AFTER)
    count = 0
    for upload in unsent.filter(old)[:1000]:
        discard(upload)
        count += 1
    Draft.objects.filter(updated_at__lt=now - FORGET_DRAFTS_AFTER).delete()
    return count


def discard_objects(keys: set[str | None]) -> None:
    """Delete stored objects. One that cannot be deleted is left for `manage.py reconcile`."""
    for key in filter(None, keys):
        try:
            media_storage().discard(key)
        except StorageError as error:
            log.warning("object_left_behind", key=key, reason=str(error))
