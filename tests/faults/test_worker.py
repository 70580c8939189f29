"""The worker as a process: it works, stops when asked, and what a killed one left is done by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Conversation, Message
from tests import payloads
from tests.databases import somebody_waits
from tests.inbox.receiving.support import store
from tests.servers import wait_until
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parent.parent.parent


def start_worker() -> subprocess.Popen[bytes]:
    """`manage.py worker` on the database of this test."""
    database = connection.settings_dict
    place = urlencode({"host": database["HOST"], "port": database["PORT"]})
    url = f"postgres://{database['USER']}@/{database['NAME']}?{place}"
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment)


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    process = start_worker()
    yield process
    process.kill()
    process.wait()


class WorkerTests:
    def test_it_finds_what_nobody_woke_it_for(self, number: PhoneNumber, worker: subprocess.Popen[bytes]) -> None:
        store(payloads.notification(payloads.message()))
        wait_until(lambda: Message.objects.exists())

    def test_it_understands_what_it_is_woken_for_and_ends_when_asked(
        self, number: PhoneNumber, worker: subprocess.Popen[bytes]
    ) -> None:
        store(payloads.notification(payloads.message()))
        journal.wake_up()
        wait_until(lambda: Message.objects.exists())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(40) == 0

    def test_what_a_worker_was_killed_over_is_done_by_the_next(self, number: PhoneNumber) -> None:
        for _ in range(3):
            store(payloads.notification(payloads.message()))
        first = start_worker()
        try:
            with no_message_can_be_written():
                wait_until(lambda: somebody_waits() and ProcrastinateJob.objects.filter(status="doing").exists())
                first.kill()
                first.wait()
        finally:
            first.kill()
            first.wait()
        assert Notification.objects.pending().count() == 3
        second = start_worker()
        try:
            wait_until(lambda: not Notification.objects.pending().exists())
            assert Message.objects.count() == 3
            assert Conversation.objects.get().unread_count == 3
        finally:
            second.kill()
            second.wait()


@contextmanager
def no_message_can_be_written() -> Iterator[None]:
    """Hold whoever writes messages in the middle of the transaction."""
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: parameters[name] for name in ("dbname", "user", "host", "port")}) as other:
        other.execute("LOCK TABLE inbox_message IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()
