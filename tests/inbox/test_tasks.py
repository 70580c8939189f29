"""The jobs, and what runs by the clock: each schedule exists, runs often enough, and does its work."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from croniter import croniter
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.procrastinate_app import current_app
from procrastinate.jobs import Job

from inbox import tasks
from inbox.changes import webhooks
from inbox.management.commands.worker import _worker_app
from inbox.models import (
    Agent,
    KeptAnswer,
    Message,
    OutboxEntry,
    Pace,
    PendingStatus,
    Program,
    Reaction,
    Reconciliation,
    Upload,
    WebhookDelivery,
    WebhookEndpoint,
    WorkerProcess,
)
from inbox.receiving import pipeline
from inbox.sending import queue as sending_queue
from inbox.sending.queue import Intent
from tests import payloads
from tests.inbox.receiving.support import receive, store
from tests.inbox.thread_rows import conversation, media, message
from whatsapp.events import Kind
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db

FILE = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")
#: What runs by the clock, and the most seconds between two runs that the product's promises allow.
SECONDS_BETWEEN = {
    "sweep_outbox": 5,
    "sweep_journal": 10,
    "sweep_webhooks": 10,
    "sweep_media": 15,
    "sweep_uploads": 60,
    "retry_stalled_jobs": 10,
    "check_numbers": 600,
    "sync_templates": 3600,
    "forget": 3600,
    "forget_failed_jobs": 3600,
    "reconcile": 24 * 3600,
}

#: A job's columns, of which these tasks look at none.
NO_JOB: dict[str, Any] = {"id": None, "queue": "journal", "lock": None, "queueing_lock": None, "task_name": ""}


def jobs(task_name: str) -> int:
    return ProcrastinateJob.objects.filter(task_name=task_name, status="todo").count()


def lose_all_jobs() -> None:
    """As a restore of the tables without the queue would: the rows are there, and nothing is about to run."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_events")
        cursor.execute("DELETE FROM procrastinate_jobs")


def queue(number: PhoneNumber) -> Message:
    """A text that waits to be sent."""
    thread = conversation(number)
    thread.window_closes_at = timezone.now() + timedelta(hours=1)
    thread.save()
    return sending_queue.queue(thread, Intent(kind=Kind.TEXT, text="In stock"), client_token=uuid.uuid4())


def old_upload(number: PhoneNumber, *, hours: int, state: str) -> Upload:
    """A file that was chosen so many hours ago and belongs to no draft."""
    return Upload.objects.create(
        number=number,
        kind=Kind.DOCUMENT,
        original=ContentFile(b"words", name="words"),
        original_type="text/plain",
        original_size=5,
        state=state,
        created_at=timezone.now() - timedelta(hours=hours),
    )


def delivery(number: PhoneNumber) -> WebhookDelivery:
    """A message that a program is to be told of."""
    program = Program.objects.create(name="Robot", all_numbers=True)
    WebhookEndpoint.objects.create(
        program=program, url="https://93.184.216.34/", secret="whsec_x", events=["message.received"]
    )
    webhooks.record(received=[message(conversation(number, phone="+351912345679")).pk])
    return WebhookDelivery.objects.get()


class ScheduleTests:
    def schedules(self) -> dict[str, str]:
        return {each.task.name: each.cron for each in current_app.periodic_registry.periodic_tasks.values()}

    def test_each_one_is_known_here(self) -> None:
        assert set(self.schedules()) == set(SECONDS_BETWEEN)

    @pytest.mark.parametrize("name", SECONDS_BETWEEN)
    def test_it_runs_often_enough(self, name: str) -> None:
        # Twenty runs cross an hour, so a schedule that leaves out minutes or hours shows.
        times = croniter(self.schedules()[name], datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC))
        runs = [times.get_next(datetime) for _ in range(20)]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(runs)]
        assert max(gaps) <= SECONDS_BETWEEN[name]

    def test_the_worker_runs_them_all(self) -> None:
        registered = _worker_app().periodic_registry.periodic_tasks.values()
        assert {each.task.name: each.cron for each in registered} == self.schedules()


class ProcessNotificationsTests:
    def test_it_works_off_what_waits_and_asks_for_nothing_more(self, number: PhoneNumber) -> None:
        store(payloads.notification(payloads.message()))
        tasks.process_notifications()
        assert not Notification.objects.pending().exists()
        assert not ProcrastinateJob.objects.filter(task_name="process_notifications").exists()

    def test_it_calls_for_a_second_job_when_a_whole_batch_waits(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pipeline, "BATCH_SIZE", 2)
        for _ in range(2):
            store(payloads.notification(payloads.message()))
        tasks.process_notifications()
        assert not Notification.objects.pending().exists()
        assert ProcrastinateJob.objects.filter(task_name="process_notifications", status="todo").count() == 1

    def test_it_leaves_a_long_backlog_to_another_job(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "BATCHES_PER_JOB", 0)
        store(payloads.notification(payloads.message()))
        tasks.process_notifications()
        assert ProcrastinateJob.objects.filter(task_name="process_notifications", status="todo").count() == 1


class JobTests:
    """Each job reaches the act it is named after, with what it was given."""

    @pytest.mark.parametrize(
        ("job", "act", "given", "expected"),
        [
            (tasks.fetch_media, "inbox.media.fetch.fetch", {"media_id": str(FILE)}, FILE),
            (tasks.make_previews, "inbox.media.previews.preview_jobs.make", {"media_id": str(FILE)}, FILE),
            (tasks.prepare_upload, "inbox.media.uploads.prepare", {"upload_id": str(FILE)}, FILE),
            (tasks.report_read, "inbox.sending.read_receipts.report_read", {"conversation_id": 7}, 7),
            (tasks.report_typing, "inbox.sending.read_receipts.report_typing", {"conversation_id": 7}, 7),
            (tasks.sync_templates_of, "whatsapp.template_sync.sync", {"waba_id": "1"}, "1"),
            (tasks.deliver_webhooks, "inbox.api.webhooks.delivery.deliver", {"endpoint_id": 7}, 7),
        ],
        ids=lambda value: getattr(value, "name", None),
    )
    def test_it_works_on_what_it_is_given(
        self, job: Any, act: str, given: dict[str, Any], expected: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        worked_on: list[Any] = []
        monkeypatch.setattr(act, worked_on.append)
        job(**given)
        assert worked_on == [expected]

    def test_queued_reactions_are_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[bool] = []
        monkeypatch.setattr("inbox.sending.reactions.send_queued", lambda: sent.append(True))
        tasks.send_reactions()
        assert sent


class SendMessagesTests:
    """The job that empties the outbox, with the provider's answer left out."""

    @pytest.fixture
    def outbox(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """How many messages can leave, and whether more are due."""
        state: dict[str, Any] = {"ready": 0, "due": False, "sent": 0, "jobs": []}

        def deliver_next() -> bool:
            if state["sent"] >= state["ready"]:
                return False
            state["sent"] += 1
            state["jobs"].append(len(self.scheduled()))
            return True

        monkeypatch.setattr("inbox.sending.delivery.deliver_next", deliver_next)
        monkeypatch.setattr("inbox.sending.outbox.anything_due", lambda: state["due"])
        return state

    def scheduled(self) -> list[bool]:
        """Each waiting job of the outbox: whether it waits for its time."""
        waiting = ProcrastinateJob.objects.filter(task_name="send_messages", status="todo")
        return [job.scheduled_at is not None for job in waiting]

    def test_it_sends_until_nothing_is_left(self, outbox: dict[str, Any]) -> None:
        outbox["ready"] = 3
        tasks.send_messages()
        assert (outbox["sent"], self.scheduled()) == (3, [])

    def test_it_looks_again_soon_at_what_waits_for_its_pace(self, outbox: dict[str, Any]) -> None:
        outbox["due"] = True
        tasks.send_messages()
        assert self.scheduled() == [True]

    def test_it_enqueues_one_more_job_after_the_first_message_while_more_is_due(self, outbox: dict[str, Any]) -> None:
        outbox |= {"ready": 3, "due": True}
        tasks.send_messages()
        assert outbox["jobs"] == [0, 1, 1]

    def test_it_leaves_a_long_queue_to_another_job(
        self, outbox: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "MESSAGES_PER_JOB", 2)
        outbox["ready"] = 5
        tasks.send_messages()
        assert (outbox["sent"], self.scheduled()) == (2, [False])


class SweepTests:
    """Every job is lost; the clock alone brings the work back."""

    def test_a_notification_is_understood(self, number: PhoneNumber) -> None:
        store(payloads.notification(payloads.message()))
        tasks.sweep_journal(0)
        assert Message.objects.exists()

    def test_a_status_that_came_before_its_message_is_applied(self, number: PhoneNumber) -> None:
        row = message(conversation(number), "On its way", direction="outbound", wamid="", status="sending")
        receive(payloads.notification(statuses=[payloads.status("wamid.EARLY", "delivered")]))
        assert PendingStatus.objects.exists()
        Message.objects.filter(pk=row.pk).update(wamid="wamid.EARLY", status="sent")
        tasks.sweep_journal(0)
        row.refresh_from_db()
        assert (row.status, PendingStatus.objects.exists()) == ("delivered", False)

    def test_a_file_is_fetched(self, number: PhoneNumber) -> None:
        media(conversation(number), state="retrying", next_try_at=timezone.now() - timedelta(seconds=1))
        tasks.sweep_media(0)
        assert jobs("fetch_media") == 1

    def test_a_preview_is_made(self, number: PhoneNumber) -> None:
        hour_ago = timezone.now() - timedelta(hours=1)
        media(conversation(number), state="stored", preview_state="none", stored_at=hour_ago)
        tasks.sweep_media(0)
        assert jobs("make_previews") == 1

    def test_an_upload_is_prepared(self, number: PhoneNumber) -> None:
        old_upload(number, hours=1, state=Upload.State.PREPARING)
        tasks.sweep_uploads(0)
        assert jobs("prepare_upload") == 1

    def test_a_message_is_sent(self, number: PhoneNumber) -> None:
        queue(number)
        lose_all_jobs()
        tasks.sweep_outbox(0)
        assert jobs("send_messages") == 1

    def test_a_message_whose_worker_died_on_the_way_is_called_unknown(self, number: PhoneNumber) -> None:
        row = queue(number)
        Message.objects.filter(pk=row.pk).update(status="sending")
        OutboxEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1), lease=uuid.uuid4())
        tasks.sweep_outbox(0)
        row.refresh_from_db()
        assert row.status == "unknown"

    def test_a_paused_number_is_asked_about(self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[bool] = []
        monkeypatch.setattr("inbox.sending.outbox.probe", lambda: asked.append(True))
        tasks.sweep_outbox(0)
        assert asked

    def test_a_reaction_is_sent(self, number: PhoneNumber, alice: Agent) -> None:
        row = message(conversation(number), "Thanks")
        row.conversation.window_closes_at = timezone.now() + timedelta(hours=1)
        row.conversation.save()
        sending_queue.react(row, "👍", agent=alice)
        assert Reaction.objects.exists()
        lose_all_jobs()
        tasks.sweep_outbox(0)
        assert jobs("send_reactions") == 1

    def test_a_program_is_told(self, number: PhoneNumber) -> None:
        delivery(number)
        lose_all_jobs()
        tasks.sweep_webhooks(0)
        assert jobs("deliver_webhooks") == 1

    def test_templates_are_copied(self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr("whatsapp.template_sync.sync", lambda waba_id: asked.append(waba_id) or 0)
        tasks.sync_templates(0)
        assert asked == [number.waba_id]

    def test_storage_and_database_are_compared(self, db: None) -> None:
        tasks.reconcile(0)
        assert Reconciliation.objects.count() == 1


class ForgetTests:
    """What is kept for a time only is gone after it, and not before."""

    @pytest.fixture
    def kept(self, number: PhoneNumber) -> dict[str, Callable[[], bool]]:
        """Something old of each kind, and whether it is still there."""
        long_ago = timezone.now() - timedelta(days=1000)
        receive(payloads.notification(payloads.message()))
        Notification.objects.update(received_at=long_ago)
        receive(payloads.notification(statuses=[payloads.status("wamid.NEVER", "read")]))
        PendingStatus.objects.update(created_at=long_ago)
        Pace.objects.create(key="number:1", full_at=long_ago)
        old_upload(number, hours=24 * 1000, state=Upload.State.READY)
        delivery(number)
        WebhookDelivery.objects.update(created_at=long_ago, state="delivered")
        program = Program.objects.get()
        KeptAnswer.objects.create(program=program, key="again", fingerprint="x", created_at=long_ago)
        WorkerProcess.objects.create(host="one", pid=1, seen_at=long_ago)
        Session.objects.create(session_key="old", session_data="", expire_date=long_ago)
        return {
            "a processed notification": Notification.objects.filter(received_at=long_ago).exists,
            "a status without a message": PendingStatus.objects.exists,
            "a pace": Pace.objects.exists,
            "an upload": Upload.objects.exists,
            "a delivery": WebhookDelivery.objects.exists,
            "an answer": KeptAnswer.objects.exists,
            "a dead worker": WorkerProcess.objects.exists,
            "a session": Session.objects.exists,
        }

    def test_a_session_in_use_stays(self, db: None) -> None:
        Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
        tasks.forget(0)
        assert Session.objects.exists()

    def test_everything_old_goes(self, kept: dict[str, Callable[[], bool]]) -> None:
        assert {name: there() for name, there in kept.items()} == dict.fromkeys(kept, True)
        tasks.forget(0)
        assert {name: there() for name, there in kept.items()} == dict.fromkeys(kept, False)


class StalledJobTests:
    """The jobs of a worker whose heartbeat stopped."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @staticmethod
    def stalled(task_name: str, **columns: Any) -> int:
        """A job that a dead worker holds. Returns its id."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
            )
            (worker,) = cursor.fetchone()
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id)"
                " VALUES ('media', %s, %s, %s, '{}', 'doing', %s) RETURNING id",
                [task_name, columns.get("lock"), columns.get("queueing_lock"), worker],
            )
            (job,) = cursor.fetchone()
        return int(job)

    @staticmethod
    def run(task: Any = tasks.retry_stalled_jobs) -> None:
        """Run a job that asks the queue about itself, as the worker does: on the worker's own connections."""

        async def act() -> None:
            worker_app = _worker_app()
            async with worker_app.open_async():
                context = JobContext(app=worker_app, start_timestamp=0, job=Job(**NO_JOB), abort_reason=lambda: None)
                await task(context, 0)

        async_to_sync(act)()

    def test_one_is_put_back(self) -> None:
        job = self.stalled("fetch_media")
        self.run()
        assert ProcrastinateJob.objects.get(pk=job).status == "todo"

    def test_one_whose_like_waits_already_is_dropped(self) -> None:
        job = self.stalled("fetch_media", queueing_lock="fetch_media:1")
        tasks.fetch_media.configure(queueing_lock="fetch_media:1").defer(media_id=str(uuid.uuid4()))
        self.run()
        assert not ProcrastinateJob.objects.filter(pk=job).exists()
        assert jobs("fetch_media") == 1

    def test_one_of_a_living_worker_is_left_alone(self) -> None:
        job = self.stalled("fetch_media")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now()")
        self.run()
        assert ProcrastinateJob.objects.get(pk=job).status == "doing"

    def test_failed_jobs_are_kept_for_a_week(self) -> None:
        job = self.stalled("fetch_media")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
            cursor.execute("INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'failed', now())", [job])

        self.run(tasks.forget_failed_jobs)
        assert ProcrastinateJob.objects.filter(pk=job).exists()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_events SET at = now() - interval '8 days'")
        self.run(tasks.forget_failed_jobs)
        assert not ProcrastinateJob.objects.filter(pk=job).exists()
