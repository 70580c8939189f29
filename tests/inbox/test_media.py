from __future__ import annotations

import contextlib
import gc
import http.server
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.manager import JobManager

from inbox import downloads, media
from inbox.models import Media, Message
from inbox.storage import media_storage
from tests import samples
from tests.object_storage import ObjectStorage, object_storage
from whatsapp.models import PhoneNumber

__all__ = ["object_storage"]

GRAPH = "https://graph.facebook.com/v26.0"
WEBHOOK_URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=webhook"
FRESH_URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=fresh"
PHOTO = samples.picture()


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a storage and an error budget of its own."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "inbox.storage.SignedFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        }
    }
    monkeypatch.setattr(downloads, "budget", downloads.LookupBudget())


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(wire: responses.RequestsMock, row: Media, content: bytes = PHOTO, **changes: Any) -> None:
    """WhatsApp has the file of this row, under an address that must be asked for."""
    info = {"url": FRESH_URL, "mime_type": "image/jpeg", "sha256": samples.sha256(content), "file_size": len(content)}
    wire.get(f"{GRAPH}/{row.media_id}", json=info | changes)
    wire.get(FRESH_URL, body=content)


def gone(wire: responses.RequestsMock, row: Media) -> None:
    error = {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}
    wire.get(f"{GRAPH}/{row.media_id}", status=400, json={"error": error})


def attempt(row: Media, times: int = 1) -> Media:
    """Let the time of the next try come, and try; so many times."""
    for _ in range(times):
        Media.objects.filter(pk=row.pk, next_try_at__isnull=False).update(next_try_at=timezone.now())
        media.fetch(row.pk)
    row.refresh_from_db()
    return row


def stored_objects() -> list[str]:
    try:
        return default_storage.listdir("media")[1]
    except FileNotFoundError:
        return []


def waiting_jobs(task: str, row: Media) -> int:
    return ProcrastinateJob.objects.filter(task_name=task, status="todo", args={"media_id": str(row.pk)}).count()


def seconds_until_next_try(row: Media) -> float:
    assert row.next_try_at is not None
    return (row.next_try_at - timezone.now()).total_seconds()


@pytest.mark.django_db
class FetchTests:
    def test_it_works(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, sha256=samples.sha256(PHOTO), mime_type="image/svg+xml")
        answers(wire, row)
        before = Message.objects.get(media=row).changed_xid
        media.fetch(row.pk)
        row.refresh_from_db()
        assert (row.state, row.error, row.next_try_at, row.remote_url) == (Media.State.STORED, "", None, "")
        assert (row.size, row.sha256, row.content_type) == (len(PHOTO), samples.sha256(PHOTO), "image/jpeg")
        assert row.file.name == f"media/{row.pk}.jpg"
        assert row.file.read() == PHOTO
        assert row.stored_at is not None
        assert waiting_jobs("make_previews", row) == 1
        assert Message.objects.get(media=row).changed_xid >= before

    def test_the_address_of_a_fresh_webhook_saves_the_look_up(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL, sha256=samples.sha256(PHOTO))
        wire.get(WEBHOOK_URL, body=PHOTO)
        assert attempt(row).state == Media.State.STORED
        assert [call.request.url for call in wire.calls] == [WEBHOOK_URL]

    def test_the_address_of_an_old_webhook_is_not_tried(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL, minutes_ago=5)
        answers(wire, row)
        assert attempt(row).state == Media.State.STORED
        assert WEBHOOK_URL not in [call.request.url for call in wire.calls]

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_a_dead_address_is_replaced_in_the_same_attempt(
        self, number: PhoneNumber, wire: responses.RequestsMock, status: int
    ) -> None:
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        wire.get(WEBHOOK_URL, status=status)
        answers(wire, row)
        assert attempt(row).state == Media.State.STORED

    def test_a_new_address_is_asked_for_once_an_attempt(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        wire.get(WEBHOOK_URL, status=404)
        wire.get(f"{GRAPH}/{row.media_id}", json={"url": FRESH_URL})
        wire.get(FRESH_URL, status=404)
        assert attempt(row).state == Media.State.RETRYING
        assert len(wire.calls) == 3

    def test_a_row_that_is_not_due_is_left_alone(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, next_try_at=timezone.now() + timedelta(minutes=1))
        media.fetch(row.pk)
        media.fetch(uuid.uuid4())
        row.refresh_from_db()
        assert (row.state, row.attempts) == (Media.State.PENDING, 0)
        assert not wire.calls

    def test_a_stored_row_is_not_fetched_again(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        answers(wire, row)
        attempt(row)
        calls = len(wire.calls)
        Media.objects.update(next_try_at=timezone.now())
        media.fetch(row.pk)
        assert len(wire.calls) == calls

    def test_it_asks_without_an_open_transaction(self, wire: responses.RequestsMock, transactional_db: None) -> None:
        number = PhoneNumber.objects.create(phone_number_id="1", access_token="TEST-TOKEN-1")
        row = samples.waiting_media(number)
        answers(wire, row)
        open_transactions: list[bool] = []

        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            open_transactions.append(connection.in_atomic_block)
            return 200, {}, PHOTO

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        assert attempt(row).state == Media.State.STORED
        assert open_transactions == [False]

    def test_the_log_names_no_address_and_no_token(
        self, number: PhoneNumber, wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        wire.get(WEBHOOK_URL, status=503)
        attempt(row)
        answers(wire, row)
        attempt(row)
        words = " ".join(str(record.msg) for record in caplog.records if record.name.startswith(("inbox", "whatsapp")))
        assert "media_stored" in words
        assert "media_failed" in words
        assert "lookaside" not in words
        assert "TEST-TOKEN" not in words


@pytest.mark.django_db
class VerifyTests:
    @pytest.mark.parametrize(
        ("fields", "changes", "sentence"),
        [
            ({"sha256": "0" * 64}, {}, "not the one"),
            ({}, {"sha256": "0" * 64}, "not the one"),
            ({}, {"file_size": 7}, "incomplete"),
        ],
    )
    def test_other_bytes_than_announced_are_tried_again_and_then_refused(
        self,
        number: PhoneNumber,
        wire: responses.RequestsMock,
        fields: dict[str, str],
        changes: dict[str, Any],
        sentence: str,
    ) -> None:
        row = samples.waiting_media(number, **fields)
        answers(wire, row, **changes)
        assert attempt(row).state == Media.State.RETRYING
        assert sentence in row.error
        assert seconds_until_next_try(row) > 0
        assert attempt(row, 3).state == Media.State.FAILED
        assert sentence in row.error
        assert row.next_try_at is None
        assert stored_objects() == []

    def test_a_hash_in_the_look_up_is_enough(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        answers(wire, row)
        assert attempt(row).sha256 == samples.sha256(PHOTO)

    def test_an_empty_file_is_no_file(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, sha256=samples.sha256(b""))
        answers(wire, row, b"")
        assert attempt(row, 4).state == Media.State.FAILED
        assert row.error == "WhatsApp delivered an empty file."

    def test_a_file_announced_as_too_large_is_not_begun(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number)
        answers(wire, row, file_size=100 * 1024 * 1024 + 1)
        assert attempt(row).state == Media.State.TOO_LARGE
        assert row.next_try_at is None
        assert "100 MB" in row.error

    def test_a_file_that_grows_past_the_cap_is_stopped(
        self, number: PhoneNumber, wire: responses.RequestsMock, settings: Any
    ) -> None:
        settings.MEDIA_MAX_BYTES = 1000
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", json={"url": FRESH_URL})
        wire.get(FRESH_URL, body=b"x" * 1001, auto_calculate_content_length=False)
        assert attempt(row).state == Media.State.TOO_LARGE
        assert stored_objects() == []

    def test_whatsapp_says_that_it_is_too_large(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", status=400, json={"error": {"code": 131052, "message": "x"}})
        assert attempt(row).state == Media.State.TOO_LARGE

    def test_the_type_and_extension_come_from_the_bytes(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        page = b"<!doctype html><script>alert(1)</script>"
        row = samples.waiting_media(number, mime_type="image/jpeg", file_name="photo.jpg")
        answers(wire, row, page)
        assert attempt(row).content_type == "text/html"
        assert row.file.name == f"media/{row.pk}.html"


@pytest.mark.django_db
class RetryTests:
    def test_waits_grow(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", json={"url": FRESH_URL})
        wire.get(FRESH_URL, status=503)
        waits = [round(seconds_until_next_try(attempt(row))) for _ in range(11)]
        assert waits == [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 21_600, 21_600]
        assert (row.state, row.attempts) == (Media.State.RETRYING, 11)
        assert "503" in row.error

    def test_it_heals(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        wire.get(WEBHOOK_URL, status=503)
        assert attempt(row).state == Media.State.RETRYING
        answers(wire, row)
        assert attempt(row).state == Media.State.STORED
        assert row.error == ""

    @pytest.mark.parametrize(("asked", "waited"), [("900", 900), ("1", 5), ("9999999", 21_600)])
    def test_it_waits_as_long_as_it_was_asked_to_within_reason(
        self, number: PhoneNumber, wire: responses.RequestsMock, asked: str, waited: int
    ) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", status=503, headers={"Retry-After": asked})
        assert seconds_until_next_try(attempt(row)) == pytest.approx(waited, abs=5)

    def test_a_rate_limit_burns_no_attempt(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", status=400, json={"error": {"code": 130429, "message": "Rate limit hit"}})
        assert attempt(row, 3).attempts == 0
        assert row.state == Media.State.RETRYING
        assert "slow down" in row.error

    def test_no_such_file_is_believed_after_a_few_attempts(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number)
        gone(wire, row)
        assert attempt(row, 3).state == Media.State.RETRYING
        assert attempt(row).state == Media.State.EXPIRED
        assert row.next_try_at is None
        assert "no longer has this file" in row.error

    def test_after_seven_days_it_has_expired(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, minutes_ago=7 * 24 * 60 - 1)
        wire.get(f"{GRAPH}/{row.media_id}", status=503)
        assert attempt(row).state == Media.State.RETRYING
        Media.objects.update(created_at=timezone.now() - timedelta(days=7))
        Message.objects.update(sent_at=timezone.now() - timedelta(days=7))
        assert attempt(row).state == Media.State.EXPIRED
        assert "7 days" in row.error

    def test_without_a_token_it_waits_and_asks_nothing(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        number.access_token = ""
        number.save()
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        assert attempt(row, 5).state == Media.State.RETRYING
        assert row.error == "The number has no access token; an administrator has to enter one."
        assert row.attempts == 0
        assert seconds_until_next_try(row) > 60
        assert not wire.calls

    def test_a_number_that_nobody_accepted_waits_too(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        number.state = PhoneNumber.State.UNKNOWN
        number.save()
        row = samples.waiting_media(number)
        assert attempt(row, 5).state == Media.State.PENDING
        assert row.attempts == 0
        assert not wire.calls
        number.state = PhoneNumber.State.CONNECTED
        number.save()
        answers(wire, row)
        assert media.fetch_waiting(number) == 1
        media.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.STORED

    def test_a_refused_token_waits_for_a_new_one(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", status=401, json={"error": {"code": 190, "message": "Session is over"}})
        assert attempt(row, 20).attempts == 0
        assert "enter a new one" in row.error or "too many errors" in row.error
        wire.replace("GET", f"{GRAPH}/{row.media_id}", json={"url": FRESH_URL, "sha256": samples.sha256(PHOTO)})
        wire.get(FRESH_URL, body=PHOTO)
        number.access_token = "TEST-TOKEN-NEW"
        number.save()
        assert attempt(row).state == Media.State.STORED

    def test_failed_look_ups_stay_within_whatsapps_budget(
        self, number: PhoneNumber, other_number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        rows = [samples.waiting_media(number) for _ in range(12)]
        for row in rows:
            wire.get(f"{GRAPH}/{row.media_id}", status=500)
            attempt(row)
        assert len(wire.calls) == 10
        assert rows[9].attempts == 1
        assert (rows[11].attempts, rows[11].state) == (0, Media.State.RETRYING)
        assert "too many errors" in rows[11].error
        assert 3000 < seconds_until_next_try(rows[11]) <= 3600
        elsewhere = samples.waiting_media(other_number)
        answers(wire, elsewhere)
        assert attempt(elsewhere).state == Media.State.STORED

    def test_fresh_webhooks_are_fetched_while_look_ups_rest(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        for _ in range(10):
            downloads.budget.count(number)
        row = samples.waiting_media(number, remote_url=WEBHOOK_URL)
        wire.get(WEBHOOK_URL, body=PHOTO)
        assert attempt(row).state == Media.State.STORED

    def test_a_storage_that_is_away_heals_by_itself(
        self, number: PhoneNumber, wire: responses.RequestsMock, tmp_path: Path
    ) -> None:
        row = samples.waiting_media(number)
        answers(wire, row)
        (tmp_path / "files").write_text("in the way of the folder")
        assert attempt(row).state == Media.State.RETRYING
        assert "file storage" in row.error
        downloaded = len(wire.calls)
        assert attempt(row, 9).state == Media.State.RETRYING
        assert seconds_until_next_try(row) <= media.STORAGE_WAIT_SECONDS
        assert len(wire.calls) == downloaded, "a file was downloaded again only to be dropped"
        (tmp_path / "files").unlink()
        assert attempt(row).state == Media.State.STORED

    def test_an_s3_outage_passes(
        self, number: PhoneNumber, wire: responses.RequestsMock, settings: Any, object_storage: ObjectStorage
    ) -> None:
        backend = {"BACKEND": "inbox.s3.PrivateS3Storage", "OPTIONS": object_storage.options}
        settings.STORAGES = settings.STORAGES | {"default": backend}
        wire.add_passthru(object_storage.url)
        row = samples.waiting_media(number)
        answers(wire, row)
        object_storage.stop()
        try:
            assert attempt(row, 2).state == Media.State.RETRYING
            assert "cannot be reached" in row.error
        finally:
            object_storage.start()
        assert attempt(row).state == Media.State.STORED
        assert row.file.read() == PHOTO

    def test_a_provider_that_is_not_here_waits(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        number.provider, number.access_token = "aws", ""
        number.save()
        assert "AWS End User Messaging Social" in attempt(samples.waiting_media(number)).error

    def test_an_address_outside_whatsapp_is_replaced_by_one_asked_for(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number, remote_url="http://169.254.169.254/latest/meta-data/")
        answers(wire, row)
        assert attempt(row).state == Media.State.STORED
        assert "169.254" not in " ".join(str(call.request.url) for call in wire.calls)

    def test_an_address_outside_whatsapp_from_the_look_up_is_refused(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", json={"url": "https://lookaside.fbsbx.com@evil.example/"})
        assert attempt(row).state == Media.State.FAILED
        assert "outside its own servers" in row.error
        assert len(wire.calls) == 1

    @pytest.mark.parametrize("answer", ["", "null", "[]", '{"url": 7}', '{"url": "ftp://x"}', "[" * 100_000])
    def test_nonsense_from_whatsapp_leaves_a_sentence(
        self, number: PhoneNumber, wire: responses.RequestsMock, answer: str
    ) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", body=answer)
        assert attempt(row).state in (Media.State.RETRYING, Media.State.FAILED)
        assert row.error


@pytest.mark.django_db
class FetchAgainTests:
    @pytest.mark.parametrize("state", ["retrying", "expired", "failed", "too_large"])
    def test_it_gives_a_fresh_set_of_attempts(
        self, number: PhoneNumber, wire: responses.RequestsMock, state: str
    ) -> None:
        row = samples.waiting_media(number, state=state, attempts=9, error="It failed.")
        Media.objects.update(next_try_at=None if state != "retrying" else timezone.now() + timedelta(hours=6))
        answers(wire, row)
        assert media.fetch_again(row) is True
        assert media.fetch_again(row) is True
        assert waiting_jobs("fetch_media", row) == 1
        row.refresh_from_db()
        assert (row.state, row.attempts) == (Media.State.RETRYING, 0)
        media.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.STORED

    @pytest.mark.parametrize("fields", [{"state": "pending"}, {"state": "stored"}, {"state": "failed", "media_id": ""}])
    def test_it_leaves_alone_what_cannot_be_fetched_again(self, number: PhoneNumber, fields: dict[str, str]) -> None:
        row = samples.waiting_media(number, **fields)
        assert media.fetch_again(row) is False
        assert waiting_jobs("fetch_media", row) == 0

    def test_the_job_and_the_row_commit_together(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, state="failed")

        def ask_and_crash() -> None:
            with transaction.atomic():
                media.fetch_again(row)
                raise CrashError

        with pytest.raises(CrashError):
            ask_and_crash()
        row.refresh_from_db()
        assert row.state == Media.State.FAILED
        assert waiting_jobs("fetch_media", row) == 0


@pytest.mark.django_db
class SweepTests:
    def test_due_rows_get_their_job_back_once(self, number: PhoneNumber) -> None:
        due = samples.waiting_media(number, minutes_ago=1)
        retrying = samples.waiting_media(number, state="retrying")
        media.sweep()
        media.sweep()
        assert waiting_jobs("fetch_media", due) == 1
        assert waiting_jobs("fetch_media", retrying) == 1

    def test_a_dead_workers_row_is_put_back_when_its_lease_ends(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, attempts=1, next_try_at=timezone.now() + timedelta(minutes=1))
        media.sweep()
        assert waiting_jobs("fetch_media", row) == 0
        Media.objects.update(next_try_at=timezone.now())
        media.sweep()
        assert waiting_jobs("fetch_media", row) == 1

    def test_rows_that_wait_or_are_settled_get_none(self, number: PhoneNumber) -> None:
        soon = timezone.now() + timedelta(seconds=30)
        rows = [
            samples.waiting_media(number),  # its own job is a moment old
            samples.waiting_media(number, state="retrying", next_try_at=soon),
            samples.waiting_media(number, state="failed", next_try_at=None),
            samples.waiting_media(number, state="stored", preview_state="ready", stored_at=timezone.now()),
        ]
        media.sweep()
        assert [waiting_jobs("fetch_media", row) for row in rows] == [0, 0, 0, 0]

    def test_missing_previews_get_their_job_back(self, number: PhoneNumber) -> None:
        long_ago = timezone.now() - timedelta(minutes=10)
        stored = {"state": "stored", "next_try_at": None}
        left = samples.waiting_media(number, stored_at=long_ago, **stored)
        fresh = samples.waiting_media(number, stored_at=timezone.now(), **stored)
        drawn = samples.waiting_media(number, stored_at=long_ago, preview_state="ready", **stored)
        media.sweep()
        assert [waiting_jobs("make_previews", row) for row in (left, fresh, drawn)] == [1, 0, 0]

    def test_a_large_backlog_is_put_back_piece_by_piece(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(media, "SWEEP_LIMIT", 2)
        rows = [samples.waiting_media(number, minutes_ago=5) for _ in range(5)]
        counts = []
        for _ in range(4):
            media.sweep()
            counts.append(sum(waiting_jobs("fetch_media", row) for row in rows))
        assert counts == [2, 4, 5, 5]


class CrashError(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


@pytest.mark.django_db(transaction=True)
class CrashTests:
    """A worker dies between two steps; another one, after the lease, ends with one object and a stored row."""

    @pytest.fixture
    def row(self, number: PhoneNumber, wire: responses.RequestsMock) -> Media:
        row = samples.waiting_media(number)
        answers(wire, row)
        return row

    def die_at(self, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, *, after: bool) -> None:
        real: Callable[..., Any] = getattr(where, name)

        def dying(*args: Any, **named: Any) -> Any:
            monkeypatch.setattr(where, name, real)
            if after:
                real(*args, **named)
            raise CrashError

        monkeypatch.setattr(where, name, dying)

    def assert_it_heals(self, row: Media) -> None:
        media.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.PENDING, "the lease of the dead worker still holds"
        assert row.next_try_at is not None
        assert row.next_try_at > timezone.now()
        assert attempt(row).state == Media.State.STORED
        assert stored_objects() == [f"{row.pk}.jpg"]
        assert waiting_jobs("make_previews", row) == 1

    def test_before_the_look_up(self, row: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self.die_at(monkeypatch, requests.Session, "request", after=False)
        with pytest.raises(CrashError):
            media.fetch(row.pk)
        self.assert_it_heals(row)

    def test_after_the_put_and_before_the_commit(self, row: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self.die_at(monkeypatch, os, "replace", after=True)
        with pytest.raises(CrashError):
            media.fetch(row.pk)
        assert stored_objects() == [f"{row.pk}.jpg"]
        self.assert_it_heals(row)

    def test_in_the_middle_of_the_commit(self, row: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self.die_at(monkeypatch, JobManager, "defer_job", after=True)
        with pytest.raises(CrashError):
            media.fetch(row.pk)
        assert waiting_jobs("make_previews", row) == 0
        self.assert_it_heals(row)

    def test_two_workers_one_row(self, row: Media, wire: responses.RequestsMock) -> None:
        inside, may_go_on = threading.Event(), threading.Event()

        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            inside.set()
            may_go_on.wait(10)
            return 200, {}, PHOTO

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        first = threading.Thread(target=in_own_connection, args=(media.fetch, row.pk))
        first.start()
        assert inside.wait(10)
        media.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.PENDING
        may_go_on.set()
        first.join(10)
        row.refresh_from_db()
        assert (row.state, row.file.name) == (Media.State.STORED, f"media/{row.pk}.jpg")
        assert stored_objects() == [f"{row.pk}.jpg"]
        assert sum(call.request.url == FRESH_URL for call in wire.calls) == 1

    def test_a_worker_that_slept_past_its_lease_writes_nothing(self, row: Media, wire: responses.RequestsMock) -> None:
        """The first worker is slow, the second takes the row over and stores it; then the first one fails."""

        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            wire.replace("GET", FRESH_URL, body=PHOTO)
            other = threading.Thread(target=in_own_connection, args=(attempt, row))
            other.start()
            other.join(10)
            return 503, {}, b""

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        media.fetch(row.pk)
        row.refresh_from_db()
        assert (row.state, row.error) == (Media.State.STORED, "")
        assert stored_objects() == [f"{row.pk}.jpg"]

    def test_a_message_deleted_meanwhile_leaves_no_object(self, row: Media, wire: responses.RequestsMock) -> None:
        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            Media.objects.all().delete()
            return 200, {}, PHOTO

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        media.fetch(row.pk)
        assert stored_objects() == []


def in_own_connection(act: Callable[..., Any], *args: Any) -> None:
    try:
        act(*args)
    finally:
        connections.close_all()


@pytest.mark.django_db
class HostileWebhookTests:
    """The bodies of the adversarial cases 34 and 35, as their webhooks would have brought them."""

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data/",
            "https://lookaside.fbsbx.com.evil.example/x",
            "https://evil.example/https://lookaside.fbsbx.com/",
            "https://user@127.0.0.1:5432/",
            "file:///etc/passwd",
            "https://[::ffff:169.254.169.254]/",
            "https://lookaside.fbsbx.com@evil.example/",
        ],
    )
    def test_no_request_leaves_for_another_server(
        self, number: PhoneNumber, wire: responses.RequestsMock, url: str
    ) -> None:
        row = samples.waiting_media(number, remote_url=url)
        gone(wire, row)
        assert attempt(row).state == Media.State.RETRYING
        assert [str(call.request.url).split("?")[0] for call in wire.calls] == [f"{GRAPH}/{row.media_id}"]
        assert "no longer has this file" in row.error


class BigFileServer(http.server.BaseHTTPRequestHandler):
    """WhatsApp on the loopback: any id is a film of SIZE bytes, streamed with no length until ``announced``."""

    SIZE = 100 * 1024 * 1024
    CHUNK = bytes(range(256)) * 256
    announced = True

    def do_GET(self) -> None:
        if self.path.startswith("/v26.0/"):
            host, port = self.server.server_address[:2]
            answer = json.dumps({"url": f"http://{host!s}:{port}/file"}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)
            return
        self.send_response(200)
        if self.announced:
            self.send_header("Content-Length", str(self.SIZE))
        self.end_headers()
        with contextlib.suppress(OSError):  # who reads may hang up
            for _ in range(self.SIZE // len(self.CHUNK)):
                self.wfile.write(self.CHUNK)
            if not self.announced:
                self.wfile.write(self.CHUNK)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.django_db
class LargeFileTests:
    """100 MiB over real HTTP into both storages: the process must not grow with the file."""

    @pytest.fixture
    def server(self, settings: Any) -> Iterator[type[BigFileServer]]:
        handler = type("Handler", (BigFileServer,), {})
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            settings.WHATSAPP_GRAPH_URL = settings.WHATSAPP_SIMULATOR_URL = f"http://127.0.0.1:{server.server_port}"
            yield handler
            server.shutdown()
            thread.join(10)

    @pytest.mark.parametrize("backend", ["local", "s3"])
    def test_memory_stays_flat(
        self, number: PhoneNumber, settings: Any, request: pytest.FixtureRequest, server: object, backend: str
    ) -> None:
        if backend == "s3":
            options = request.getfixturevalue("object_storage").options
            settings.STORAGES = settings.STORAGES | {
                "default": {"BACKEND": "inbox.s3.PrivateS3Storage", "OPTIONS": options}
            }
            media_storage().ping()  # loads the client, which is not what is measured
        row = samples.waiting_media(number, kind="video")
        before = forget_peak()
        assert attempt(row).state == Media.State.STORED, row.error
        assert row.size == BigFileServer.SIZE
        assert (peak() - before) / 2**20 < 32
        assert default_storage.size(row.file.name) == BigFileServer.SIZE
        media_storage().discard(row.file.name or "")

    def test_a_file_that_does_not_end_is_stopped_at_the_cap(
        self, number: PhoneNumber, server: type[BigFileServer]
    ) -> None:
        server.announced = False
        row = samples.waiting_media(number)
        before = forget_peak()
        assert attempt(row).state == Media.State.TOO_LARGE
        assert (peak() - before) / 2**20 < 32
        assert stored_objects() == []


def forget_peak() -> int:
    """Start measuring the peak of this process's memory anew; returns what it uses now, in bytes."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
