"""One job of a kind waits, the caller's transaction survives a refusal, and no row is missed."""

from __future__ import annotations

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import TaskNotFound

from core.jobs import enqueue_once, wake_up_once
from whatsapp.models import PhoneNumber


def waiting() -> int:
    return ProcrastinateJob.objects.filter(status="todo", task_name="send_messages").count()


@pytest.mark.django_db(transaction=True)
class EnqueueOnceTests:
    def test_a_second_one_is_refused_and_spoils_nothing(self, number: PhoneNumber) -> None:
        with transaction.atomic():
            assert enqueue_once("send_messages")
            assert not enqueue_once("send_messages")
            PhoneNumber.objects.update(name="Still written")

        assert PhoneNumber.objects.get().name == "Still written"
        assert waiting() == 1

    def test_it_goes_with_the_callers_transaction(self, number: PhoneNumber) -> None:
        with transaction.atomic():
            assert enqueue_once("send_messages")
            transaction.set_rollback(True)

        assert waiting() == 0

    def test_jobs_with_other_arguments_and_delayed_ones_wait_beside_it(self) -> None:
        assert enqueue_once("report_read", conversation_id=1)
        assert enqueue_once("report_read", conversation_id=2)
        assert enqueue_once("report_read", conversation_id=1, delay=60)
        assert not enqueue_once("report_read", conversation_id=1)

        jobs = ProcrastinateJob.objects.order_by("id").values_list("queue_name", "queueing_lock", "scheduled_at")
        assert [(queue, lock, at is None) for queue, lock, at in jobs] == [
            ("receipts", "report_read:1", True),
            ("receipts", "report_read:2", True),
            ("receipts", "report_read:1:delayed", False),
        ]

    def test_one_at_a_time_is_a_lock_on_running_too(self) -> None:
        enqueue_once("deliver_webhooks", endpoint_id=7, one_at_a_time=True)
        assert ProcrastinateJob.objects.get().lock == "deliver_webhooks:7"

    def test_a_name_that_no_task_has_raises(self) -> None:
        with pytest.raises(TaskNotFound):
            enqueue_once("fetch_mediums")


@pytest.mark.django_db(transaction=True)
class WakeUpOnceTests:
    def test_one_that_begins_before_the_commit_is_asked_for_again_after_it(self, number: PhoneNumber) -> None:
        enqueue_once("send_messages")
        with transaction.atomic():
            wake_up_once("send_messages")
            # A worker takes the waiting one now, and cannot see what this transaction writes.
            ProcrastinateJob.objects.filter(status="todo").update(status="doing")

        assert waiting() == 1
