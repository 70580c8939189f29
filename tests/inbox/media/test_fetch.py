from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.manager import JobManager

from inbox.media import fetch
from inbox.models import Media, Message
from tests import samples
from tests.media_rows import (
    FRESH_URL,
    GRAPH,
    PHOTO,
    WEBHOOK_URL,
    answers,
    attempt,
    own_files,
    stored_objects,
    waiting_jobs,
    wire,
)
from tests.servers import in_own_connection
from whatsapp.models import PhoneNumber

__all__ = ["own_files", "wire"]


@pytest.mark.django_db
class FetchTests:
    def test_it_works(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number, sha256=samples.sha256(PHOTO), mime_type="image/svg+xml")
        answers(wire, row)
        before = Message.objects.get(media=row).changed_xid
        fetch.fetch(row.pk)
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
        fetch.fetch(row.pk)
        fetch.fetch(uuid.uuid4())
        row.refresh_from_db()
        assert (row.state, row.attempts) == (Media.State.PENDING, 0)
        assert not wire.calls

    def test_a_stored_row_is_not_fetched_again(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        answers(wire, row)
        attempt(row)
        calls = len(wire.calls)
        Media.objects.update(next_try_at=timezone.now())
        fetch.fetch(row.pk)
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
class FetchAgainTests:
    @pytest.mark.parametrize("state", ["retrying", "expired", "failed", "too_large"])
    def test_it_gives_a_fresh_set_of_attempts(
        self, number: PhoneNumber, wire: responses.RequestsMock, state: str
    ) -> None:
        row = samples.waiting_media(number, state=state, attempts=9, error="It failed.")
        Media.objects.update(next_try_at=None if state != "retrying" else timezone.now() + timedelta(hours=6))
        answers(wire, row)
        assert fetch.fetch_again(row) is True
        assert fetch.fetch_again(row) is True
        assert waiting_jobs("fetch_media", row) == 1
        row.refresh_from_db()
        assert (row.state, row.attempts) == (Media.State.RETRYING, 0)
        fetch.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.STORED

    @pytest.mark.parametrize("fields", [{"state": "pending"}, {"state": "stored"}, {"state": "failed", "media_id": ""}])
    def test_it_leaves_alone_what_cannot_be_fetched_again(self, number: PhoneNumber, fields: dict[str, str]) -> None:
        row = samples.waiting_media(number, **fields)
        assert fetch.fetch_again(row) is False
        assert waiting_jobs("fetch_media", row) == 0

    def test_the_job_and_the_row_commit_together(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, state="failed")

        def ask_and_crash() -> None:
            with transaction.atomic():
                fetch.fetch_again(row)
                raise CrashError

        with pytest.raises(CrashError):
            ask_and_crash()
        row.refresh_from_db()
        assert row.state == Media.State.FAILED
        assert waiting_jobs("fetch_media", row) == 0


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
        fetch.fetch(row.pk)
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
            fetch.fetch(row.pk)
        self.assert_it_heals(row)

    def test_after_the_put_and_before_the_commit(self, row: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self.die_at(monkeypatch, os, "replace", after=True)
        with pytest.raises(CrashError):
            fetch.fetch(row.pk)
        assert stored_objects() == [f"{row.pk}.jpg"]
        self.assert_it_heals(row)

    def test_in_the_middle_of_the_commit(self, row: Media, monkeypatch: pytest.MonkeyPatch) -> None:
        self.die_at(monkeypatch, JobManager, "defer_job", after=True)
        with pytest.raises(CrashError):
            fetch.fetch(row.pk)
        assert waiting_jobs("make_previews", row) == 0
        self.assert_it_heals(row)

    def test_two_workers_one_row(self, row: Media, wire: responses.RequestsMock) -> None:
        inside, may_go_on = threading.Event(), threading.Event()

        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            inside.set()
            may_go_on.wait(10)
            return 200, {}, PHOTO

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        first = threading.Thread(target=in_own_connection, args=(fetch.fetch, row.pk))
        first.start()
        assert inside.wait(10)
        fetch.fetch(row.pk)
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
        fetch.fetch(row.pk)
        row.refresh_from_db()
        assert (row.state, row.error) == (Media.State.STORED, "")
        assert stored_objects() == [f"{row.pk}.jpg"]

    def test_a_message_deleted_meanwhile_leaves_no_object(self, row: Media, wire: responses.RequestsMock) -> None:
        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
            Media.objects.all().delete()
            return 200, {}, PHOTO

        wire.replace(responses.CallbackResponse("GET", FRESH_URL, answer))
        fetch.fetch(row.pk)
        assert stored_objects() == []
