from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.media import jobs
from inbox.models import Media
from tests import samples
from tests.media_rows import own_files, waiting_jobs, wire
from whatsapp.models import PhoneNumber

__all__ = ["own_files", "wire"]


@pytest.mark.django_db
class SweepTests:
    def test_due_rows_get_their_job_back_once(self, number: PhoneNumber) -> None:
        due = samples.waiting_media(number, minutes_ago=1)
        retrying = samples.waiting_media(number, state="retrying")
        jobs.sweep()
        jobs.sweep()
        assert waiting_jobs("fetch_media", due) == 1
        assert waiting_jobs("fetch_media", retrying) == 1

    def test_a_dead_workers_row_is_put_back_when_its_lease_ends(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, attempts=1, next_try_at=timezone.now() + timedelta(minutes=1))
        jobs.sweep()
        assert waiting_jobs("fetch_media", row) == 0
        Media.objects.update(next_try_at=timezone.now())
        jobs.sweep()
        assert waiting_jobs("fetch_media", row) == 1

    def test_previews_wait_where_nothing_may_be_decoded(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch, no_sandbox: None
    ) -> None:
        long_ago = timezone.now() - timedelta(hours=1)
        row = samples.waiting_media(number, state="stored", next_try_at=None, stored_at=long_ago)
        jobs.sweep()
        assert waiting_jobs("make_previews", row) == 0
        monkeypatch.undo()
        jobs.sweep()
        assert waiting_jobs("make_previews", row) == 1

    def test_rows_that_wait_or_are_settled_get_none(self, number: PhoneNumber) -> None:
        soon = timezone.now() + timedelta(seconds=30)
        rows = [
            samples.waiting_media(number),  # its own job is a moment old
            samples.waiting_media(number, state="retrying", next_try_at=soon),
            samples.waiting_media(number, state="failed", next_try_at=None),
            samples.waiting_media(number, state="stored", preview_state="ready", stored_at=timezone.now()),
        ]
        jobs.sweep()
        assert [waiting_jobs("fetch_media", row) for row in rows] == [0, 0, 0, 0]

    def test_missing_previews_get_their_job_back(self, number: PhoneNumber) -> None:
        long_ago = timezone.now() - timedelta(minutes=10)
        stored = {"state": "stored", "next_try_at": None}
        left = samples.waiting_media(number, stored_at=long_ago, **stored)
        fresh = samples.waiting_media(number, stored_at=timezone.now(), **stored)
        drawn = samples.waiting_media(number, stored_at=long_ago, preview_state="ready", **stored)
        jobs.sweep()
        assert [waiting_jobs("make_previews", row) for row in (left, fresh, drawn)] == [1, 0, 0]

    def test_a_large_backlog_is_put_back_piece_by_piece(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "SWEEP_LIMIT", 2)
        rows = [samples.waiting_media(number, minutes_ago=5) for _ in range(5)]
        counts = []
        for _ in range(4):
            jobs.sweep()
            counts.append(sum(waiting_jobs("fetch_media", row) for row in rows))
        assert counts == [2, 4, 5, 5]
