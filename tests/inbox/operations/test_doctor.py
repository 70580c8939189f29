"""The doctor: says what works and what does not, and nothing that is secret."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
import responses
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from inbox.models import Media, OutboxEntry, WorkerProcess
from inbox.operations import doctor
from inbox.operations.doctor import installation
from inbox.sending import outbox
from tests.inbox import admin_rows
from tests.object_storage import SECRET_KEY, ObjectStorage, object_storage
from tests.poolers import Pooler
from tests.whatsapp.test_checks import PRODUCTION, manage
from whatsapp.models import Notification, PhoneNumber
from whatsapp.providers.base import ProviderError

__all__ = ["object_storage"]

GRAPH = "https://graph.facebook.com/v26.0"
TOKEN = "TEST-TOKEN-1"


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and everything printed."""
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as exit:
        return int(str(exit.code)), out.getvalue()
    return 0, out.getvalue()


def lines(area: str) -> list[str]:
    return [line for line in run()[1].splitlines() if line[6:].startswith(f"{area}:")]


def beat(age: timedelta = timedelta(0)) -> None:
    """A worker that last reported so long ago."""
    WorkerProcess.objects.create(host="here", pid=7, seen_at=timezone.now() - age)


def graph(number: PhoneNumber, apps: list[str] | None = None) -> None:
    """Meta answers for this number."""
    responses.get(f"{GRAPH}/{number.phone_number_id}", json={"verified_name": "Norte", "quality_rating": "GREEN"})
    data = [{"whatsapp_business_api_data": {"name": name}} for name in (["Inbox"] if apps is None else apps)]
    responses.get(f"{GRAPH}/{number.waba_id}/subscribed_apps", json={"data": data})


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    """As the tests run, but with everything that a deployment check asks for."""
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"]
    settings.ADMIN_MFA_REQUIRED = True
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 3600
    # The browser tests set the variable that this one is about, for the whole process.
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "async.E001"]


@pytest.mark.django_db
class DoctorTests:
    @responses.activate
    def test_it_works(self, number: PhoneNumber) -> None:
        graph(number)
        beat()
        code, out = run()
        assert code == 0, out
        assert "FAIL" not in out
        for area in ("database", "storage", "sandbox", "numbers", "worker", "journal", "files"):
            assert f"ok    {area}: " in out
        assert all(line.endswith((".", ")")) for line in out.splitlines())

    @responses.activate
    def test_it_speaks_json(self, number: PhoneNumber) -> None:
        graph(number)
        code, out = run("--json")
        assert code == 1
        findings = json.loads(out)
        assert {"level": "FAIL", "area": "worker", "sentence": "No worker runs: start `manage.py worker`."} in findings

    @responses.activate
    def test_it_prints_no_secret(self, number: PhoneNumber, settings: Any) -> None:
        quoted = {"error": {"message": f"Error validating access token {TOKEN}", "code": 190}}
        responses.get(f"{GRAPH}/{number.phone_number_id}", status=401, json=quoted)
        code, out = run()
        assert code == 1
        assert "(the token)" in out
        for secret in (TOKEN, settings.SECRET_KEY, *settings.FIELD_ENCRYPTION_KEYS, *settings.WHATSAPP_APP_SECRETS):
            assert secret not in out


@pytest.mark.django_db
class ConfigurationTests:
    def test_it_repeats_the_checks_with_their_hints(self, settings: Any) -> None:
        settings.WHATSAPP_APP_SECRETS = []
        settings.WHATSAPP_VERIFY_TOKEN = ""
        found = "\n".join(lines("configuration"))
        assert "FAIL  configuration: WHATSAPP_APP_SECRETS is not set" in found
        assert "warn  configuration: WHATSAPP_VERIFY_TOKEN is not set" in found
        assert "Copy the app secret" in found


@pytest.mark.django_db
class SandboxTests:
    def test_it_tries_the_sandbox(self) -> None:
        found = lines("sandbox")
        assert found[0].startswith("ok    sandbox: Decoders are locked in, and nothing gets through")

    def test_without_one_it_fails_and_says_what_helps(self, no_sandbox: None) -> None:
        found = lines("sandbox")[0]
        assert found.startswith("FAIL  sandbox: Decoders are kept from the network")
        assert "No file is decoded" in found
        assert "let the system calls landlock_create_ruleset" in found
        assert not [line for line in lines("configuration") if "sandbox." in line], "said once"

    def test_accepting_the_risk_is_only_a_warning(self, no_sandbox: None, settings: Any) -> None:
        settings.DECODE_WITHOUT_SANDBOX = True
        found = lines("sandbox")[0]
        assert found.startswith("warn  sandbox: ")
        assert "because DECODE_WITHOUT_SANDBOX is set" in found

    @pytest.mark.parametrize(("user", "said"), [(0, True), (1000, False)])
    def test_running_as_root_is_said(self, monkeypatch: pytest.MonkeyPatch, user: int, said: bool) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: user)
        assert any("runs as root" in line for line in lines("sandbox")) == said


@pytest.mark.django_db
class NumbersTests:
    @responses.activate
    def test_a_number_without_a_subscription_fails(self, number: PhoneNumber) -> None:
        graph(number, apps=[])
        assert "FAIL  numbers: Norte Service: no app is subscribed" in "\n".join(lines("numbers"))

    @responses.activate
    def test_a_server_that_is_away_is_said(self, number: PhoneNumber) -> None:
        found = "FAIL  numbers: Norte Service: The connection to WhatsApp was lost before it responded."
        assert found in lines("numbers")

    @responses.activate
    def test_one_bad_number_does_not_hide_the_next(self, number: PhoneNumber, other_number: PhoneNumber) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE whatsapp_phonenumber SET access_token = 'gAAA' WHERE id = %s", [number.pk])
        graph(other_number)
        found = "\n".join(lines("numbers"))
        assert "FAIL  numbers: Norte Service: A stored access token cannot be opened" in found
        assert "ok    numbers: Norte Lisboa: the connection works" in found

    def test_paused_ones_are_left_alone_and_unknown_ones_counted(self, number: PhoneNumber) -> None:
        PhoneNumber.objects.update(state="paused")
        PhoneNumber.objects.create(phone_number_id="9", state="unknown")
        assert lines("numbers") == [
            "warn  numbers: Webhooks arrived for 1 number that nobody has accepted: see the admin.",
            "warn  numbers: No number is connected yet: add one in the admin.",
        ]


@pytest.mark.django_db
class WorkerTests:
    def test_a_fresh_report_is_enough(self) -> None:
        beat(timedelta(seconds=5))
        beat(timedelta(seconds=5))
        assert lines("worker") == ["ok    worker: 2 workers alive."]

    def test_a_wrong_clock_is_named_and_does_not_declare_the_worker_dead(self) -> None:
        beat()
        with time_machine.travel(timezone.now() + timedelta(hours=3)):
            assert lines("worker") == ["ok    worker: 1 worker alive."]
            assert "differ by 3 hours" in "\n".join(lines("database"))

    def test_one_of_two_that_died_is_named_with_its_place(self) -> None:
        beat()
        beat(timedelta(minutes=5, seconds=30))
        dead, alive = lines("worker")
        assert dead.startswith("warn  worker: The worker 7 on here has been silent for 5 minutes: start it again.")
        assert alive == "ok    worker: 1 worker alive."

    def test_the_only_one_that_died_fails(self) -> None:
        beat(timedelta(minutes=5, seconds=30))
        (found,) = lines("worker")
        assert found.startswith("FAIL  worker: The worker 7 on here has been silent for 5 minutes")


@pytest.mark.django_db
class BacklogTests:
    @pytest.mark.parametrize(
        ("minutes", "expected"),
        [
            (0, "ok    journal: No webhook waits."),
            (3, "warn  journal: The oldest webhook has waited for 3 minutes."),
            (180, "FAIL  journal: The oldest webhook has waited for 3 hours."),
        ],
    )
    def test_it_says_how_long_the_oldest_webhook_waits(self, minutes: int, expected: str) -> None:
        waiting = admin_rows.notification()
        Notification.objects.filter(pk=waiting.pk).update(received_at=timezone.now() - timedelta(minutes=minutes))
        assert lines("journal") == [expected]

    def test_it_counts_what_is_parked(self) -> None:
        for _ in range(2):
            admin_rows.notification(state="parked")
        assert lines("journal")[1].startswith("warn  journal: 2 webhooks parked")

    def test_it_counts_those_with_parts_left_out(self) -> None:
        left = [{"path": "p", "reason": "r"}]
        for dismissed in (None, None, timezone.now()):
            admin_rows.notification(state="processed", problems=left, dismissed_at=dismissed)
        assert lines("journal")[1].startswith("warn  journal: Parts of 2 webhooks were left out")

    def test_it_counts_files_that_are_late(self, number: PhoneNumber) -> None:
        for state in ("pending", "retrying", "stored", "failed"):
            admin_rows.media(number, state)
        assert lines("files")[0].startswith("ok ")
        Media.objects.update(created_at=timezone.now() - timedelta(days=2))
        assert lines("files")[0].startswith("warn  files: 2 files missing for more than a day")


class OutboxTests:
    def test_a_paused_number_is_named_with_its_reason(self, number: PhoneNumber) -> None:
        outbox.pause(number, ProviderError("refused", code=190), "The access token has expired.")
        (line,) = [line for line in lines("sending") if line.startswith("FAIL")]
        assert "Norte Service" in line
        assert "The access token has expired." in line

    def test_a_message_that_should_have_left_is_a_warning(self, number: PhoneNumber) -> None:
        message = admin_rows.message(number, "x", direction="outbound", status="queued")
        late = timezone.now() - timedelta(minutes=61, seconds=30)
        OutboxEntry.objects.create(message=message, number=number, conversation=message.conversation, due_at=late)
        (found,) = lines("sending")
        assert found.startswith(
            "warn  sending: Norte Service: Messages are due and not sent, the oldest for 61 minutes."
        )

    def test_an_empty_outbox_is_fine(self, number: PhoneNumber) -> None:
        assert lines("sending") == ["ok    sending: No message is stuck."]


@pytest.mark.django_db(transaction=True)
class ConnectionTests:
    def test_everything_works_without_a_pooler(self) -> None:
        assert "ok    database: A write, LISTEN and prepared statements work" in "\n".join(lines("database"))

    def test_a_pooler_for_everything_fails(self, pooler: Callable[..., Pooler]) -> None:
        ran = self.doctor(DATABASE_URL=pooler().url)
        assert ran.returncode == 1
        assert "FAIL  database: The database cannot be used: " in ran.stdout
        assert "DATABASE_DIRECT_URL" in ran.stdout

    def test_a_pooler_for_pages_needs_a_time_limit(self, pooler: Callable[..., Pooler]) -> None:
        database = connection.settings_dict
        place = urlencode({"host": database["HOST"], "port": database["PORT"]})
        direct = f"postgres://{database['USER']}@/{database['NAME']}?{place}"
        ran = self.doctor(DATABASE_URL=pooler().url, DATABASE_DIRECT_URL=direct)
        assert "ok    database: A write, LISTEN and prepared statements work" in ran.stdout
        assert "warn  database: Pages use a pooler, and nothing limits" in ran.stdout

    def doctor(self, **environment: str) -> subprocess.CompletedProcess[str]:
        local = {name: value for name, value in PRODUCTION.items() if not name.startswith("S3_")}
        return manage("doctor", **(local | environment))


class StorageTests:
    def findings(self) -> list[doctor.Finding]:
        return list(installation.storage())

    def test_a_disk_that_works(self, settings: Any, tmp_path: Path) -> None:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
                "OPTIONS": {"location": str(tmp_path / "files")},
            }
        }
        assert [found.level for found in self.findings()] == ["ok"]
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_a_disk_that_cannot_be_written_to(self, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
                "OPTIONS": {"location": str(tmp_path / "file" / "below")},
            }
        }
        (found,) = self.findings()
        assert found.level == "FAIL"
        assert str(tmp_path) not in found.sentence

    def use(self, settings: Any, options: dict[str, Any]) -> None:
        settings.S3_BUCKET = options["bucket_name"]
        settings.STORAGES = settings.STORAGES | {
            "default": {"BACKEND": "inbox.media.storage.s3.PrivateS3Storage", "OPTIONS": options}
        }

    def test_a_bucket_that_works_is_left_empty(self, settings: Any, object_storage: ObjectStorage) -> None:
        self.use(settings, object_storage.options)
        assert [found.level for found in self.findings()] == ["ok"]
        left = [path for path in (object_storage.directory / "data").rglob("doctor/*") if path.is_file()]
        assert left == []

    def test_a_wrong_key_is_said_without_it(self, settings: Any, object_storage: ObjectStorage) -> None:
        self.use(settings, object_storage.options | {"secret_key": "wrong-CANARY"})
        (found,) = self.findings()
        assert found.level == "FAIL"
        assert "CANARY" not in found.sentence
        assert SECRET_KEY not in found.sentence

    def test_a_bucket_that_anybody_can_read_fails(self, settings: Any) -> None:
        with _careless_server() as url:
            options = {"bucket_name": "b", "access_key": "a", "secret_key": "s", "endpoint_url": url}
            self.use(settings, options | {"region_name": "eu-central-1", "addressing_style": "path"})
            (found,) = self.findings()
        assert found.level == "FAIL"
        assert "anybody can read" in found.sentence

    @pytest.mark.parametrize("address", ["http://127.0.0.1:9", "127.0.0.1:9"])
    def test_a_server_that_is_away_is_said(self, settings: Any, object_storage: ObjectStorage, address: str) -> None:
        self.use(settings, object_storage.options | {"endpoint_url": address})
        (found,) = self.findings()
        assert found.level == "FAIL"
        assert "cannot be reached" in found.sentence


class RoomTests:
    def test_a_folder_for_temporary_files_that_is_gone_fails(self, settings: Any, tmp_path: Path) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "unmounted")
        (found,) = installation.temporary_files()
        assert found.level == "FAIL"
        assert str(tmp_path) not in found.sentence

    def test_a_disk_that_fills_up_is_a_warning(self, settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        monkeypatch.setattr(installation, "ROOM", 2**60)
        (found,) = installation.temporary_files()
        assert found.level == "warn"
        assert list(tmp_path.iterdir()) == []


class _careless_server:
    """An S3 server that asks nobody for a signature."""

    def __enter__(self) -> str:
        files: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                files[self.path.split("?")[0]] = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200)

            def do_GET(self) -> None:
                content = files.get(self.path.split("?")[0])
                self.answer(404 if content is None else 200, content or b"")

            def do_DELETE(self) -> None:
                files.pop(self.path.split("?")[0], None)
                self.answer(204)

            def answer(self, status: int, content: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()


class DatabaseAwayTests:
    def test_the_rest_is_still_looked_at(self) -> None:
        away = "postgres://inbox:CANARY-password@127.0.0.1:9/inbox"
        local = {name: value for name, value in PRODUCTION.items() if not name.startswith("S3_")}
        ran = manage("doctor", **(local | {"DATABASE_URL": away}))
        assert ran.returncode == 1
        assert "FAIL  database: The database cannot be used:" in ran.stdout
        assert "ok    storage:" in ran.stdout
        assert "numbers:" not in ran.stdout
        assert "CANARY" not in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
