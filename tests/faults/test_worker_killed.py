"""One of two workers is killed in the middle of its work: it is missed, and the other one takes over."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings

from inbox.models import Message, OutboxEntry, WorkerProcess
from inbox.operations import workers
from tests.faults.test_worker import start_worker
from tests.servers import wait_until
from tests.simulated import Phone, queue_text


@contextmanager
def two_workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started = [start_worker(), start_worker()]
    try:
        wait_until(_both_report)
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def _both_report() -> bool:
    """Each has reported since the other one began: one that fell silent before that would count as replaced."""
    rows = list(WorkerProcess.objects.all())
    return len(rows) == 2 and min(row.seen_at for row in rows) > max(row.started_at for row in rows)


class KilledWorkerTests:
    def test_what_it_was_sending_is_settled_long_before_its_lease_would_end(
        self, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WHATSAPP_GRAPH_URL", settings.WHATSAPP_GRAPH_URL)
        conversation = phone.writes()
        phone.script({"seconds": 300})
        with two_workers() as processes:
            message = queue_text(conversation)
            wait_until(phone.shows)  # WhatsApp has it, and does not answer
            pid = WorkerProcess.objects.get(pk=OutboxEntry.objects.get().worker).pid
            (dead,) = [process for process in processes if process.pid == pid]
            dead.send_signal(signal.SIGKILL)

            # The lease alone would end after 90 seconds.
            wait_until(lambda: not OutboxEntry.objects.exists(), 60)
            assert Message.objects.get(pk=message.pk).status in ("unknown", "sent", "delivered", "read")
            assert len(phone.shows()) == 1
            wait_until(lambda: [one.pid for one in workers.standing().dead] == [pid])
            assert workers.standing().alive == 1
