"""Sending under fire: workers killed between any two steps, many workers at once; each message once, in order."""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from inbox.models import Message, OutboxEntry
from inbox.receiving import pipeline
from inbox.sending import delivery, outbox
from tests.faults import processes
from tests.servers import wait_until
from tests.simulated import Phone, deliver_all, due_now, queue_text

#: More statements than sending one message takes.
ENOUGH = 60


def deliver_and_be_killed(graph: str, statement: int) -> None:
    settings.WHATSAPP_GRAPH_URL = graph
    with connection.execute_wrapper(processes.kill_before(statement)):
        delivery.deliver_next()


def deliver_until_empty(graph: str) -> None:
    settings.WHATSAPP_GRAPH_URL = graph
    while OutboxEntry.objects.exists():
        if not delivery.deliver_next():
            time.sleep(0.01)


def _deliver_in_thread() -> None:
    try:
        deliver_all()
    finally:
        connection.close()


def after_the_lease() -> None:
    """As if the dead worker's lease had ended."""
    OutboxEntry.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.settle_abandoned()
    due_now()
    deliver_all()


class KilledWorkerTests:
    @pytest.mark.timeout(600)  # a process for each statement
    def test_a_worker_killed_between_any_two_statements_sends_nothing_twice(self, phone: Phone) -> None:
        conversation = phone.writes()
        phone.faults(receipts="by_hand")
        for statement in range(1, ENOUGH):
            before = len(phone.shows())
            message = queue_text(conversation, f"No. {statement}")

            ended = processes.run(1, deliver_and_be_killed, settings.WHATSAPP_GRAPH_URL, statement)
            after_the_lease()
            phone.settle()
            pipeline.settle_waiting_statuses()

            message.refresh_from_db()
            arrived = len(phone.shows()) - before
            assert arrived <= 1
            assert message.status == "unknown" if arrived == 0 else message.status in ("sent", "delivered", "read")
            assert not OutboxEntry.objects.exists()
            if ended == [0]:
                assert statement > 8
                return
            assert ended == [-signal.SIGKILL]
        raise AssertionError("It never came to its end.")


class PulledPlugTests:
    def test_what_is_queued_while_whatsapp_is_away_leaves_once_and_in_order_when_it_is_back(self, phone: Phone) -> None:
        conversation = phone.writes()
        messages = [queue_text(conversation, f"No. {n}") for n in range(4)]
        assert delivery.deliver_next()

        phone.pull_plug()
        deliver_all()
        waiting = Message.objects.get(pk=messages[1].pk)
        assert waiting.status == "queued"
        assert "Couldn’t reach" in waiting.error
        phone.put_plug_in()
        while OutboxEntry.objects.exists():
            due_now()
            deliver_all()
        phone.settle()

        assert [one["leaf"]["text"]["body"] for one in phone.shows()] == [f"No. {n}" for n in range(4)]
        assert set(Message.objects.filter(direction="outbound").values_list("status", flat=True)) <= {
            "sent",
            "delivered",
            "read",
        }

    def test_pulled_in_the_middle_of_a_send_the_message_is_there_once_and_its_state_is_true(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        phone.script({"seconds": 60})
        sender = threading.Thread(target=_deliver_in_thread)
        sender.start()
        wait_until(phone.shows)  # it was accepted, and the answer is not out yet
        phone.pull_plug()
        sender.join(30)

        message.refresh_from_db()
        assert message.status == "unknown"
        phone.put_plug_in()
        due_now()
        deliver_all()
        phone.settle()

        message.refresh_from_db()
        arrived = len(phone.shows())
        assert arrived <= 1
        assert (message.status == "unknown") == (arrived == 0)


class ManyWorkersTests:
    def test_eight_processes_send_each_message_once_and_keep_every_conversation_in_order(self, phone: Phone) -> None:
        people = ("amara", "tomasz", "dilnoza", "yusuf", "mei")
        expected = defaultdict(list)
        conversations = {person: phone.writes(person=person) for person in people}
        for n in range(8):
            for person, conversation in conversations.items():
                queue_text(conversation, f"{person} {n}")
                expected[person].append(f"{person} {n}")

        assert processes.run(8, deliver_until_empty, settings.WHATSAPP_GRAPH_URL) == [0] * 8

        for person in people:
            assert [one["leaf"]["text"]["body"] for one in phone.shows(person)] == expected[person]
        phone.settle()
        assert not Message.objects.filter(direction="outbound", status__in=("queued", "sending", "unknown")).exists()
