from __future__ import annotations

import contextlib
import gc
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from django.core.files.storage import default_storage
from django.utils import timezone

from inbox.media import download, fetch
from inbox.media.storage import media_storage
from inbox.models import Media, Message
from tests import samples
from tests.media_rows import (
    FRESH_URL,
    GRAPH,
    PHOTO,
    WEBHOOK_URL,
    answers,
    attempt,
    gone,
    own_files,
    seconds_until_next_try,
    stored_objects,
    wire,
)
from tests.object_storage import ObjectStorage, object_storage
from whatsapp.models import PhoneNumber

__all__ = ["object_storage", "own_files", "wire"]


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
        assert "limits downloads" in row.error

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
        assert row.error == "The number has no access token. Ask an administrator to enter one."
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
        assert fetch.fetch_waiting(number) == 1
        fetch.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.STORED

    def test_a_refused_token_waits_for_a_new_one(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", status=401, json={"error": {"code": 190, "message": "Session is over"}})
        assert attempt(row, 20).attempts == 0
        assert "enter a new one" in row.error or "Too many downloads failed" in row.error
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
        assert "Too many downloads failed" in rows[11].error
        assert 3000 < seconds_until_next_try(rows[11]) <= 3600
        elsewhere = samples.waiting_media(other_number)
        answers(wire, elsewhere)
        assert attempt(elsewhere).state == Media.State.STORED

    def test_all_workers_share_the_budget(self, number: PhoneNumber, wire: responses.RequestsMock) -> None:
        for _ in range(10):
            download.LookupBudget().count(number)
        row = samples.waiting_media(number)
        assert "Too many downloads failed" in attempt(row).error
        assert not wire.calls

    def test_fresh_webhooks_are_fetched_while_look_ups_rest(
        self, number: PhoneNumber, wire: responses.RequestsMock
    ) -> None:
        for _ in range(10):
            download.budget.count(number)
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
        assert seconds_until_next_try(row) <= fetch.STORAGE_WAIT_SECONDS
        assert len(wire.calls) == downloaded, "a file was downloaded again only to be dropped"
        (tmp_path / "files").unlink()
        assert attempt(row).state == Media.State.STORED

    def test_an_s3_outage_passes(
        self, number: PhoneNumber, wire: responses.RequestsMock, settings: Any, object_storage: ObjectStorage
    ) -> None:
        backend = {"BACKEND": "inbox.media.storage.s3.PrivateS3Storage", "OPTIONS": object_storage.options}
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
        number.provider = "pigeon"
        number.save()
        assert "pigeon" in attempt(samples.waiting_media(number)).error

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
        assert attempt(row).state == Media.State.RETRYING
        assert "outside its own servers" in row.error
        assert len(wire.calls) == 1

    def test_a_new_server_of_whatsapp_costs_no_file(
        self, number: PhoneNumber, wire: responses.RequestsMock, settings: Any
    ) -> None:
        row = samples.waiting_media(number)
        answers(wire, row)
        settings.WHATSAPP_MEDIA_HOSTS = ["former.example.com"]
        assert attempt(row, 5).state == Media.State.RETRYING
        settings.WHATSAPP_MEDIA_HOSTS = ["lookaside.fbsbx.com"]
        assert attempt(row).state == Media.State.STORED

    @pytest.mark.parametrize("answer", ["", "null", "[]", '{"url": 7}', '{"url": "ftp://x"}', "[" * 100_000])
    def test_nonsense_from_whatsapp_leaves_a_sentence(
        self, number: PhoneNumber, wire: responses.RequestsMock, answer: str
    ) -> None:
        row = samples.waiting_media(number)
        wire.get(f"{GRAPH}/{row.media_id}", body=answer)
        assert attempt(row).state in (Media.State.RETRYING, Media.State.FAILED)
        assert row.error


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
                "default": {"BACKEND": "inbox.media.storage.s3.PrivateS3Storage", "OPTIONS": options}
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
