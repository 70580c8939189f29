"""Tests of the health addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.databases import Cluster
from tests.whatsapp.test_checks import PRODUCTION, manage
from whatsapp.models import Notification


@pytest.fixture(autouse=True)
def _nothing_cached() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


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
    def _worker(self, transactional_db: None) -> Iterator[None]:
        """A worker that has just reported."""
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_workers CASCADE")
            cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_workers CASCADE")

    def ask(self, client: Client, status: int) -> dict[str, Any]:
        answer = client.get("/health/ready")
        assert answer.status_code == status
        told: dict[str, Any] = answer.json()
        assert told["ready"] == (status == 200)
        return told["checks"]

    def check_only_this_fails(self, checks: dict[str, Any], name: str, sentence: str) -> None:
        assert [each for each, check in checks.items() if not check["ok"]] == [name]
        assert sentence in checks[name]["says"]

    def test_it_works(self, client: Client) -> None:
        checks = self.ask(client, 200)
        assert set(checks) == {"database", "storage", "worker", "journal"}

    def test_it_misses_a_worker_that_never_started(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_workers CASCADE")
        self.check_only_this_fails(self.ask(client, 503), "worker", "No worker is running")

    def test_it_misses_a_worker_that_stopped_reporting(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
        self.check_only_this_fails(self.ask(client, 503), "worker", "last reported 120 seconds ago")

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
        self.ask(client, 200)

    def test_it_notices_a_storage_that_is_away(self, client: Client, settings: Settings) -> None:
        settings.STORAGES = settings.STORAGES | {
            "default": {"BACKEND": "inbox.storage.SignedFileSystemStorage", "OPTIONS": {"location": "/dev/null/media"}}
        }
        checks = self.ask(client, 503)
        self.check_only_this_fails(checks, "storage", "The file storage")
        assert "/dev/null" not in str(checks)

    def test_it_says_so_when_the_database_is_away(self, client: Client, cluster: Cluster) -> None:
        cluster.stop()
        with cluster.as_default():
            checks = self.ask(client, 503)
        assert [name for name, check in checks.items() if check["ok"]] == ["storage"]
        assert cluster.settings["HOST"] not in str(checks)

    def test_it_does_not_wait_for_a_database_that_hangs(self, client: Client, cluster: Cluster) -> None:
        cluster.freeze()
        with cluster.as_default():
            checks = self.ask(client, 503)
        cluster.thaw()
        assert not checks["database"]["ok"]
