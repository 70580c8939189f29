"""Receiving under fire: the same message from everywhere at once, and workers killed between any two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from inbox.models import Contact, Conversation, Media, Message, Reaction
from inbox.receiving import pipeline
from tests import payloads
from tests.faults import processes
from tests.inbox.receiving.support import store
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db(transaction=True)


def everything() -> dict[str, Any]:
    """What the rows say, without the ids that depend on who came first."""
    return {
        "contacts": sorted(Contact.objects.values_list("profile_name", "phone")),
        "conversations": sorted(
            Conversation.objects.values_list(
                "contact__phone", "unread_count", "last_message_preview", "window_closes_at"
            )
        ),
        "messages": sorted(Message.objects.values_list("wamid", "kind", "text", "quoted__wamid")),
        "media": sorted(Media.objects.values_list("media_id", "state")),
        "reactions": sorted(Reaction.objects.values_list("target_wamid", "emoji", "message__wamid")),
        "pending": Notification.objects.pending().count(),
        "parked": Notification.objects.parked().count(),
    }


def some_notifications() -> list[dict[str, Any]]:
    at = int(timezone.now().timestamp()) - 60
    first = payloads.message(at=at, text={"body": "first"})
    second = payloads.message(at=at + 1, context={"from": "x", "id": first["id"]}, text={"body": "second"})
    image = payloads.message("image", at=at + 2, image={"id": "42", "mime_type": "image/jpeg"}, sender="351915550124")
    reaction = payloads.message("reaction", at=at + 3, reaction={"message_id": first["id"], "emoji": "👍"})
    return [payloads.notification(leaf) for leaf in (second, image, reaction, first)]


def in_threads(count: int, act: Callable[[], None]) -> None:
    """Run ``act`` in ``count`` threads that start together, and raise what any of them raised."""
    start = threading.Barrier(count)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            start.wait(10)
            act()
        except BaseException as error:  # noqa: BLE001  reported below, in the test's own thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def deliver_and_drain(bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        store(body)
    pipeline.drain()


def drain_and_be_killed(statement: int) -> None:
    with connection.execute_wrapper(processes.kill_before(statement)):
        pipeline.drain()


def drain_all() -> None:
    """Drain until nothing is left: PostgreSQL needs a moment to notice that a client is dead and to free its rows."""
    deadline = time.monotonic() + 30
    while pipeline.drain() or Notification.objects.pending().exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class RedeliveryTests:
    def test_the_same_notification_from_many_threads_at_once_is_one_message(self, number: PhoneNumber) -> None:
        bodies = some_notifications()
        in_threads(8, lambda: deliver_and_drain(bodies))
        drain_all()
        state = everything()
        assert len(state["messages"]) == 3
        assert [row[1] for row in state["conversations"]] == [2, 1]
        assert state["pending"] == state["parked"] == 0

    def test_the_same_message_received_by_eight_processes_is_one_row(self, number: PhoneNumber) -> None:
        assert processes.run(8, deliver_and_drain, some_notifications()) == [0] * 8
        drain_all()
        assert Message.objects.count() == 3
        assert Contact.objects.count() == 2
        assert Notification.objects.pending().count() == Notification.objects.parked().count() == 0

    def test_a_stranger_seen_by_two_workers_at_once_becomes_one_contact(self, number: PhoneNumber) -> None:
        for _ in range(40):
            store(payloads.notification(payloads.message()))
        in_threads(4, lambda: [pipeline.process_batch(1) for _ in range(15)] and None)
        pipeline.drain()
        assert Contact.objects.count() == 1
        assert Conversation.objects.get().unread_count == 40


class KilledWorkerTests:
    @pytest.mark.timeout(600)  # a process for each statement
    def test_a_worker_killed_between_any_two_statements_loses_and_repeats_nothing(self, number: PhoneNumber) -> None:
        bodies = some_notifications()
        for body in bodies:
            store(body)
        pipeline.drain()
        untroubled = everything()

        for statement in range(1, 200):
            for model in (Reaction, Media, Message, Conversation, Contact, Notification):
                model.objects.all().delete()
            for body in bodies:
                store(body)
            (ended,) = processes.run(1, drain_and_be_killed, statement)
            drain_all()
            assert everything() == untroubled, f"killed before statement {statement}"
            if ended == 0:
                break
            assert ended == -signal.SIGKILL
        assert ended == 0
        assert statement > 10
