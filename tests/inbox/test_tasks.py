"""The jobs."""

from __future__ import annotations

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox import receiving, tasks
from tests import payloads
from tests.inbox.receiving.support import store
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db


class ProcessNotificationsTests:
    def test_it_works_off_what_waits_and_asks_for_nothing_more(self, number: PhoneNumber) -> None:
        store(payloads.notification(payloads.message()))
        tasks.process_notifications()
        assert not Notification.objects.pending().exists()
        assert not ProcrastinateJob.objects.filter(task_name="process_notifications").exists()

    def test_it_calls_for_a_second_job_when_a_whole_batch_waits(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receiving, "BATCH_SIZE", 2)
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
