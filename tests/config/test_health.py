"""Tests of the health addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config import health
from inbox.models import WorkerProcess
from inbox.sending import outbox
from tests.databases import Cluster, read_only
from tests.poolers import Pooler
from tests.whatsapp.test_checks import PRODUCTION, manage
from whatsapp.models import Notification, PhoneNumber
from whatsapp.providers.base import ProviderError


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    health._remembered.clear()
    yield
    health._remembered.clear()


class LiveTests:
    def test_it_works(self, client: Client) -> None:
        answer = client.get("/health/live")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert "no-store" in answer["Cache-Control"]

    def test_it_asks_no_database(self, client: Client) -> None:
        # No database fixture: a query would fail the test.
        assert client.get("/health/live").status_code == 200

    def test_it_answers_plain_http_where_https_is_required(self, client: Client, settings: Settings) -> None:
        settings.SECURE_SSL_REDIRECT = True
        assert client.get("/health/live").status_code == 200

    def test_a_monitor_of_this_machine_may_name_it_by_its_address(self) -> None:
        # `manage.py`'s settings, which production has; those of the tests allow other names.
        program = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
        ran = manage("shell", "-v", "0", "-c", program, **PRODUCTION)
        assert "'inbox.example.com', 'localhost', '127.0.0.1'" in ran.stdout

    def test_it_refuses_other_methods(self, client: Client) -> None:
        assert client.post("/health/live").status_code == 405


class ReadyTests:
    @pytest.fixture(autouse=True)
    def _worker(self, transactional_db: None) -> None:
        """A worker that has just reported."""
        WorkerProcess.objects.create(host="one", pid=1)

    def ask(self, client: Client, status: int, state: str = "") -> dict[str, Any]:
        health._remembered.clear()
        answer = client.get("/health/ready")
        assert answer.status_code == status
        told: dict[str, Any] = answer.json()
        assert told["ready"] == (status == 200)
        assert told["state"] == (state or ("ok" if status == 200 else "down"))
        return told["checks"]

    def test_without_a_sandbox_it_is_degraded(self, client: Client, no_sandbox: None) -> None:
        self.check_only_this_fails(self.ask(client, 200, "degraded"), "decoding", "Previews are off")

    def check_only_this_fails(self, checks: dict[str, Any], name: str, sentence: str) -> None:
        assert [each for each, check in checks.items() if not check["ok"]] == [name]
        assert sentence in checks[name]["says"]

    def test_it_works(self, client: Client) -> None:
        checks = self.ask(client, 200)
        assert set(checks) == {"database", "storage", "decoding", "worker", "journal", "sending", "provider"}
        assert {check["state"] for check in checks.values()} == {"ok"}

    def test_it_misses_a_worker_that_never_started(self, client: Client) -> None:
        WorkerProcess.objects.all().delete()
        self.check_only_this_fails(self.ask(client, 503), "worker", "No worker is running")

    def test_it_misses_the_only_worker(self, client: Client) -> None:
        WorkerProcess.objects.update(seen_at=timezone.now() - timedelta(seconds=20))
        self.check_only_this_fails(self.ask(client, 503), "worker", "The worker last reported")

    def test_one_of_two_workers_dead_is_said_and_does_not_stop_the_service(self, client: Client) -> None:
        WorkerProcess.objects.create(host="two", pid=2, seen_at=timezone.now() - timedelta(seconds=20))
        checks = self.ask(client, 200, "degraded")
        self.check_only_this_fails(checks, "worker", "1 of 2 workers last reported")
        assert checks["worker"]["state"] == "degraded"

    def test_a_worker_that_was_told_to_stop_is_not_missed(self, client: Client) -> None:
        late = timezone.now() - timedelta(seconds=20)
        WorkerProcess.objects.create(host="two", pid=2, seen_at=late, stopping=True)
        assert self.ask(client, 200)["worker"]["says"] == "The worker reports."

    def test_it_sees_notifications_that_wait_too_long(self, client: Client) -> None:
        Notification.objects.create(provider="meta", body=b"{}")
        self.ask(client, 200)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE whatsapp_notification SET received_at = now() - interval '2 minutes'")
        self.check_only_this_fails(self.ask(client, 503), "journal", "has waited 120 seconds")

    def test_it_ignores_notifications_that_are_settled(self, client: Client) -> None:
        Notification.objects.create(provider="meta", body=b"{}", state=Notification.State.PARKED)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE whatsapp_notification SET received_at = now() - interval '2 days'")
        self.ask(client, 200, "degraded")

    def test_a_parked_notification_is_no_outage(self, client: Client) -> None:
        Notification.objects.create(provider="meta", body=b"{}", state=Notification.State.PARKED)
        checks = self.ask(client, 200, "degraded")
        self.check_only_this_fails(checks, "journal", "1 webhook parked")
        Notification.objects.create(
            provider="meta", body=b"{}", state=Notification.State.PROCESSED, problems=[{"path": "x", "reason": "y"}]
        )
        checks = self.ask(client, 200, "degraded")
        self.check_only_this_fails(checks, "journal", "1 webhook parked")
        assert "Parts of 1 webhook were left out" in checks["journal"]["says"]

    def test_a_number_with_a_dead_token_is_said_without_its_name(self, client: Client, number: PhoneNumber) -> None:
        outbox.pause(number, ProviderError("refused", code=190), "The access token has expired.")
        checks = self.ask(client, 200, "degraded")
        self.check_only_this_fails(checks, "sending", "A number has sent nothing")
        assert "Norte" not in str(checks)

    def test_it_names_a_read_only_database(self, client: Client) -> None:
        with read_only():
            checks = self.ask(client, 503)
        self.check_only_this_fails(checks, "database", "The database is read-only")

    def test_it_names_a_pooler_where_postgresql_has_to_be(self, client: Client, pooler: Callable[..., Pooler]) -> None:
        before = dict(connection.settings_dict)
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(pooler("extra_float_digits,options").port)}
        try:
            checks = self.ask(client, 503)
        finally:
            connection.settings_dict |= before
        self.check_only_this_fails(checks, "database", "DATABASE_DIRECT_URL")

    def test_it_notices_a_storage_that_is_away(self, client: Client, settings: Settings) -> None:
        settings.STORAGES = settings.STORAGES | {
            "default": {
                "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
                "OPTIONS": {"location": "/dev/null/media"},
            }
        }
        checks = self.ask(client, 503)
        self.check_only_this_fails(checks, "storage", "The file storage")
        assert "/dev/null" not in str(checks)

    def test_it_says_so_when_the_database_is_away(self, client: Client, cluster: Cluster) -> None:
        cluster.stop()
        with cluster.as_default():
            checks = self.ask(client, 503)
        assert [name for name, check in checks.items() if check["ok"]] == ["storage", "decoding"]
        assert cluster.settings["HOST"] not in str(checks)

    def test_it_does_not_wait_for_a_database_that_hangs(self, client: Client, cluster: Cluster) -> None:
        cluster.freeze()
        with cluster.as_default():
            checks = self.ask(client, 503)
        cluster.thaw()
        assert not checks["database"]["ok"]
