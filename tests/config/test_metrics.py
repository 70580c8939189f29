"""Metrics: whom they are shown to, what the database says, and one sum over processes that come and go."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import REGISTRY

from config import shared_counters
from inbox.models import Agent, OutboxEntry, WorkerProcess
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import store
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import Notification, PhoneNumber

COUNT = "from prometheus_client import Counter, Gauge; Counter('c', 'c', ['x']).labels('y').inc(2); "
COUNT += "Gauge('g', 'g', multiprocess_mode='livesum').set(5)"


def value(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return float(line.rpartition(" ")[2])


@pytest.mark.django_db
class MetricsTests:
    def test_it_works(self, client: Client, number: PhoneNumber) -> None:
        Notification.objects.create(provider="meta", body=b"{}")
        left = [{"path": "p", "reason": "r"}]
        Notification.objects.create(provider="meta", body=b"{}", state="processed", problems=left)
        row = message(conversation(number), direction="outbound", status="queued")
        due = timezone.now() - timedelta(seconds=90)
        OutboxEntry.objects.create(message=row, number=number, conversation=row.conversation, due_at=due)
        text = client.get("/metrics").content.decode()
        assert value(text, "inbox_database_up") == 1
        assert value(text, "inbox_notifications_pending") == 1
        assert value(text, "inbox_notifications_left_out") == 1
        assert value(text, "inbox_statuses_waiting") == 0
        assert value(text, "inbox_outbox_messages") == 1
        assert 60 < value(text, "inbox_outbox_oldest_due_seconds") < 600
        assert value(text, "inbox_worker_heartbeat_seconds") == -1
        assert value(text, "inbox_workers_alive") == 0
        assert f'inbox_number_outbox_messages{{number="{number.pk}"}} 1.0' in text
        assert f'inbox_number_paused{{number="{number.pk}"}} 0.0' in text
        assert value(text, "inbox_process_resident_bytes") > 10_000_000
        assert "inbox_messages_sent_total" in text

    def test_all_names_have_one_prefix(self, client: Client, number: PhoneNumber) -> None:
        text = client.get("/metrics").content.decode()
        names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        library = {name for name in names if name.startswith(("python_", "process_"))}
        assert {name for name in names - library if not name.startswith("inbox_")} == set()

    def test_dead_workers_are_counted(self, client: Client) -> None:
        WorkerProcess.objects.create(host="here", pid=1)
        WorkerProcess.objects.create(host="here", pid=2, seen_at=timezone.now() - timedelta(minutes=1))
        text = client.get("/metrics").content.decode()
        assert value(text, "inbox_workers_alive") == 1
        assert value(text, "inbox_workers_missing") == 1

    def test_pages_are_timed_and_their_errors_counted(self, client: Client, alice: Agent) -> None:
        def counted(page: str, status: int) -> float:
            return REGISTRY.get_sample_value("inbox_pages_total", {"page": page, "status": str(status)}) or 0

        shown, missing = counted("conversations", 200), counted("none", 404)
        client.force_login(alice)
        client.get("/")
        client.get("/whatever/strangers/ask/for/")
        assert counted("conversations", 200) == shown + 1
        assert counted("none", 404) == missing + 1
        assert REGISTRY.get_sample_value("inbox_page_seconds_count", {"page": "conversations"}) or 0 >= 1

    def test_errors_of_whatsapp_are_counted_by_code_and_number(self, number: PhoneNumber) -> None:
        def counted() -> float:
            labels = {"where": "receipt", "code": "131026", "number": str(number.pk)}
            return REGISTRY.get_sample_value("inbox_whatsapp_errors_total", labels) or 0

        before = counted()
        failed = payloads.status(payloads.wamid(), "failed", errors=[{"code": 131026, "title": "Undeliverable"}])
        store(payloads.notification(statuses=[failed]))
        pipeline.drain()
        assert counted() == before + 1

    def test_it_is_for_this_machine_alone_without_a_token(self, client: Client) -> None:
        assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 404
        assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
        # A proxy on this machine passes strangers on.
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404

    def test_a_token_opens_it_from_anywhere(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = "a-long-word"
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
        good = {"Authorization": "Bearer a-long-word"}
        assert client.get("/metrics", headers=good, REMOTE_ADDR="203.0.113.7").status_code == 200

    def test_it_holds_no_phone_and_no_text(self, client: Client, number: PhoneNumber) -> None:
        message(conversation(number, phone="+351912345678"), "a secret text")
        text = client.get("/metrics").content.decode()
        assert "351912345678" not in text
        assert "secret text" not in text


class ProcessesTests:
    def run(self, folder: Path) -> None:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        subprocess.run([sys.executable, "-c", COUNT], env=environment, check=True)

    def total(self, folder: Path) -> str:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(folder))
        return generate_latest(registry).decode()

    def test_counters_of_ended_processes_stay_and_their_gauges_go(self, tmp_path: Path) -> None:
        self.run(tmp_path)
        shared_counters.tidy(tmp_path)
        text = self.total(tmp_path)
        assert value(text, "c_total") == 2
        assert "g 5" not in text

    def test_many_ended_processes_become_one_file_with_the_same_sums(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            self.run(tmp_path)
        monkeypatch.setattr(shared_counters, "ENDED_LIMIT", 1)
        for _ in range(2):
            shared_counters.tidy(tmp_path)
            assert value(self.total(tmp_path), "c_total") == 6
        assert [path.name for path in tmp_path.glob("*.db")] == ["counter_0.db"]

    def test_nothing_is_added_up_while_somebody_reads(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(2):
            self.run(tmp_path)
        monkeypatch.setattr(shared_counters, "ENDED_LIMIT", 1)
        with shared_counters.undisturbed(tmp_path):
            shared_counters.tidy(tmp_path)
            assert len(list(tmp_path.glob("counter_*.db"))) == 2
        shared_counters.tidy(tmp_path)
        assert [path.name for path in tmp_path.glob("*.db")] == ["counter_0.db"]

    def share(self, folder: Path, *, room: str = "") -> str:
        """Start a process that counts, and say where it did."""
        share = "from config.shared_counters import share_counters; from pathlib import Path; "
        share += f"share_counters(Path({str(folder)!r})); "
        end = "; import os; print(os.environ.get('PROMETHEUS_MULTIPROC_DIR', 'nowhere'))"
        environment = {name: word for name, word in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
        program = [sys.executable, "-c", room + share + COUNT + end]
        ran = subprocess.run(program, env=environment, check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    def test_its_room_on_the_disk_is_taken_before_the_first_count(self, tmp_path: Path) -> None:
        place = Path(self.share(tmp_path))
        assert {path.name.rpartition("_")[0] for path in place.glob("*.db")} == set(shared_counters.KINDS)
        for path in place.glob("*.db"):
            assert path.stat().st_blocks * 512 >= shared_counters.FILE_BYTES
        assert value(self.total(place), "c_total") == 2

    def test_a_full_disk_ends_no_process(self, tmp_path: Path) -> None:
        no_room = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        assert self.share(tmp_path, room=no_room) == "nowhere"
        assert list(tmp_path.rglob("*.db")) == []

    def test_a_process_that_starts_again_and_again_leaves_few_files(self, tmp_path: Path) -> None:
        (place,) = {self.share(tmp_path) for _ in range(2)}
        (Path(place) / "gauge_livesum_999999999.db").write_bytes(b"")
        self.share(tmp_path)
        assert not (Path(place) / "gauge_livesum_999999999.db").exists()
