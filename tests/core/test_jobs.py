"""One job of a kind waits, the caller's transaction stays whole, and no row is missed."""

from __future__ import annotations

import pytest
from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from core.jobs import enqueue_once, wake_up_once
from whatsapp.models import PhoneNumber


def waiting() -> int:
    return ProcrastinateJob.objects.filter(status="todo", task_name="send_messages").count()


@pytest.mark.django_db(transaction=True)
class EnqueueOnceTests:
    def test_a_second_one_is_refused_and_spoils_nothing(self, number: PhoneNumber) -> None:
        with transaction.atomic():
            assert enqueue_once(app.tasks["send_messages"])
            assert not enqueue_once(app.tasks["send_messages"])
            PhoneNumber.objects.update(name="Still written")

        assert PhoneNumber.objects.get().name == "Still written"
        assert waiting() == 1

    def test_it_goes_with_the_callers_transaction(self, number: PhoneNumber) -> None:
        with transaction.atomic():
            assert enqueue_once(app.tasks["send_messages"])
            transaction.set_rollback(True)

        assert waiting() == 0


@pytest.mark.django_db(transaction=True)
class WakeUpOnceTests:
    def test_one_that_begins_before_the_commit_is_asked_for_again_after_it(self, number: PhoneNumber) -> None:
        enqueue_once(app.tasks["send_messages"])
        with transaction.atomic():
            wake_up_once(app.tasks["send_messages"])
            # A worker takes the waiting one now, and cannot see what this transaction writes.
            ProcrastinateJob.objects.filter(status="todo").update(status="doing")

        assert waiting() == 1
