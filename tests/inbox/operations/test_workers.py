"""Worker processes: who is there, who is missed, and what becomes of the work of a dead one."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox import tasks
from inbox.media import fetch
from inbox.models import Media, Message, OutboxEntry, WorkerProcess
from inbox.operations import workers
from inbox.sending import outbox
from tests.inbox import admin_rows
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db(transaction=True)


def ago(seconds: float) -> object:
    return timezone.now() - timedelta(seconds=seconds)


def worker(*, silent: float = 0, steady: float = 3600, **columns: object) -> WorkerProcess:
    return WorkerProcess.objects.create(
        host="here", pid=1, seen_at=ago(silent), steady_since=ago(steady), started_at=ago(3600), **columns
    )


async def report_once(stopping: bool = False) -> None:
    """One report of a new worker, which is then killed: it says no goodbye."""
    event = asyncio.Event()
    if stopping:
        event.set()
    reporting = asyncio.create_task(workers.report(event))
    async with asyncio.timeout(30):
        while not await WorkerProcess.objects.filter(pk=WorkerProcess.current).aexists():
            await asyncio.sleep(0.01)
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerProcess, "current", None)


class StandingTests:
    def test_workers_are_counted_against_those_that_were_there(self) -> None:
        worker()
        worker(silent=20)
        found = workers.standing()
        assert (found.alive, len(found.dead)) == (1, 1)
        assert found.dead[0].silent >= 20

    def test_a_few_seconds_of_silence_are_nothing(self) -> None:
        worker(silent=8)
        assert workers.standing().dead == []

    def test_one_that_is_gone_for_good_can_be_forgotten(self) -> None:
        worker()
        worker(silent=20)
        assert workers.forget(workers.DEAD_AFTER) == 1
        assert workers.standing() == workers.Standing(1, [])


class ReportTests:
    def test_a_worker_that_ends_in_good_order_is_not_missed(self) -> None:
        workers.begin()
        asyncio.run(report_once())
        assert not WorkerProcess.objects.exists()

    def test_a_new_worker_takes_the_place_of_one_that_died_before_it(self) -> None:
        worker(silent=16)
        other = worker(silent=16)
        WorkerProcess.objects.filter(pk=other.pk).update(seen_at=ago(3))
        workers.begin()
        asyncio.run(report_once())
        assert list(WorkerProcess.objects.values_list("pk", flat=True)) == [other.pk]


class TakeOverTests:
    @pytest.fixture
    def entry(self, number: PhoneNumber) -> OutboxEntry:
        """A message on its way in the hands of a worker."""
        message = admin_rows.message(number, "x", direction="outbound", status="sending")
        return OutboxEntry.objects.create(
            message=message,
            number=number,
            conversation=message.conversation,
            leased_until=timezone.now() + outbox.LEASE,
            lease=uuid.uuid4(),
            worker=uuid.uuid4(),
        )

    def settled(self, entry: OutboxEntry) -> bool:
        tasks.sweep_outbox(0)
        return Message.objects.get(pk=entry.pk).status == "unknown"

    def test_what_a_dead_worker_was_sending_is_settled_long_before_its_lease_ends(self, entry: OutboxEntry) -> None:
        worker()
        worker(id=entry.worker, silent=16)
        assert self.settled(entry)

    def test_a_worker_that_reports_keeps_what_it_has(self, entry: OutboxEntry) -> None:
        worker()
        worker(id=entry.worker, silent=8)
        assert not self.settled(entry)

    def test_nobody_is_taken_for_dead_right_after_an_outage_of_the_database(self, entry: OutboxEntry) -> None:
        worker(steady=3)
        worker(id=entry.worker, silent=60)
        assert not self.settled(entry)

    def test_what_a_worker_claims_carries_its_name(self, entry: OutboxEntry) -> None:
        Message.objects.update(status="queued")
        OutboxEntry.objects.update(leased_until=None, worker=None)
        workers.begin()
        assert outbox.claim() is not None
        assert OutboxEntry.objects.get().worker == WorkerProcess.current


class StalledJobTests:
    def dead_job(self, task: str, media_id: uuid.UUID) -> int:
        """A job that a worker died with 16 seconds ago."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '16 s') RETURNING id"
            )
            (procrastinate_worker,) = cursor.fetchone()
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, worker_id) "
                "VALUES ('media', %s, 'doing', jsonb_build_object('media_id', %s::text), %s) RETURNING id",
                [task, str(media_id), procrastinate_worker],
            )
            return int(cursor.fetchone()[0])

    def retry(self) -> None:
        asyncio.run(_retry())

    def test_the_file_that_a_dead_worker_was_fetching_is_due_at_once(self, number: PhoneNumber) -> None:
        row = admin_rows.media(number, "pending")
        Media.objects.filter(pk=row.pk).update(next_try_at=timezone.now() + fetch.LEASE)
        job = self.dead_job("fetch_media", row.pk)
        self.retry()
        assert ProcrastinateJob.objects.get(pk=job).status == "todo"
        assert Media.objects.get(pk=row.pk).next_try_at <= timezone.now()

    def test_so_are_its_previews(self, number: PhoneNumber) -> None:
        row = admin_rows.media(number, "stored")
        Media.objects.filter(pk=row.pk).update(next_try_at=timezone.now() + timedelta(minutes=5), preview_state="none")
        self.dead_job("make_previews", row.pk)
        self.retry()
        assert Media.objects.get(pk=row.pk).next_try_at <= timezone.now()


async def _retry() -> None:
    from inbox.management.commands.worker import _worker_app

    async with _worker_app().open_async() as app:
        context = type("Context", (), {"app": app})()
        await tasks.retry_stalled_jobs(context, 0)
