"""The lease on a file: one worker at a time fetches it, draws its previews or makes its copy.

The deadline is the row's ``next_try_at``. When a worker dies, its lease ends at the deadline and the sweep makes
another job; a worker that lost its lease can no longer postpone or fail the file.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from inbox.models import Media

FETCH_WAITS = Q(state__in=(Media.State.PENDING, Media.State.RETRYING), next_try_at__isnull=False)
PREVIEW_WAITS = Q(state=Media.State.STORED, preview_state=Media.PreviewState.NONE)
COPY_WAITS = Q(state=Media.State.STORED, preview_state=Media.PreviewState.COPYING)
DUE = Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now())
RENEW_SECONDS = 30


class LeaseLostError(Exception):
    """Another worker, or a person who pressed "Fetch again", took the row over."""


@dataclass
class Lease:
    """The right to work on one media row until ``deadline``. Made by `claim`."""

    media: Media
    waits: Q
    deadline: datetime
    renewed_at: float

    def keep(self) -> None:
        """Extend the lease when half a minute has passed. Raises LeaseLostError when it is no longer ours."""
        elapsed = time.monotonic() - self.renewed_at
        if elapsed < RENEW_SECONDS:
            return
        deadline = self.deadline + timedelta(seconds=elapsed)
        if not self._row().update(next_try_at=deadline):
            raise LeaseLostError
        self.deadline, self.renewed_at = deadline, time.monotonic()

    def give_back(self, wait: timedelta | None, *, counts: bool = True, **columns: Any) -> bool:
        """End the lease without a result: the file is due again after ``wait``, or never by itself when None.

        ``counts``: whether this was an attempt. Returns False, and writes nothing, when the lease is no longer ours.
        """
        columns["next_try_at"] = None if wait is None else Now() + wait
        columns["attempts"] = self.media.attempts if counts else self.media.attempts - 1
        return bool(self._row().update(**columns))

    def settle(self, unsettled: Q, **columns: Any) -> bool:
        """Write the result if the row is still ``unsettled`` and about the same file. Returns whether it was written.

        A result that comes after the deadline counts too, unless another worker was faster.
        """
        media = self.media
        rows = Media.objects.filter(unsettled, pk=media.pk, file=media.file.name, stored_at=media.stored_at)
        return bool(rows.update(**columns | {"next_try_at": None}))

    def _row(self) -> QuerySet[Media]:
        """The row, as long as the lease holds."""
        return Media.objects.filter(self.waits, pk=self.media.pk, next_try_at=self.deadline)


def claim(media_id: uuid.UUID, waits: Q, length: timedelta, *related: str) -> Lease | None:
    """Lease a row that ``waits`` and is due, and count the attempt. Returns None when another worker has it."""
    with transaction.atomic():
        rows = Media.objects.select_for_update(skip_locked=True, of=("self",)).select_related(*related or [None])
        media = rows.annotate(now=Now()).filter(waits, DUE, pk=media_id).first()
        if media is None:
            return None
        media.attempts += 1
        media.next_try_at = media.now + length
        media.save(update_fields=["attempts", "next_try_at"])
    return Lease(media, waits, media.next_try_at, time.monotonic())


def end(media_id: uuid.UUID) -> None:
    """End the lease of a worker that died. Safe to repeat: a file that only waits is tried a little earlier."""
    rows = Media.objects.filter(FETCH_WAITS | PREVIEW_WAITS | COPY_WAITS, pk=media_id, next_try_at__gt=Now())
    rows.update(next_try_at=Now())
