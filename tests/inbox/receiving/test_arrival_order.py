"""Messages of one second stay in the order in which WhatsApp handed them over, whatever was written first."""

from __future__ import annotations

import itertools
import re
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import Agent, Conversation, Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import receive, store
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal

pytestmark = pytest.mark.django_db

NOW = int(time.time()) - 600


def text(words: str, at: int = NOW, **parts: Any) -> dict[str, Any]:
    return payloads.message(at=at, text={"body": words}, **parts)


def shown() -> list[str]:
    return [message.text for message in Message.objects.in_order()]


def process(*notifications: Notification) -> None:
    """Work these off in this order, each as another worker would."""
    waiting = Notification.objects.pending().exclude(pk__in=[one.pk for one in notifications])
    held = list(waiting.values_list("pk", flat=True))
    for one in notifications:
        later = [*held, *(other.pk for other in notifications if other.pk != one.pk)]
        states = dict(Notification.objects.filter(pk__in=later).values_list("pk", "state"))
        Notification.objects.filter(pk__in=later).update(state="parked")
        pipeline.drain()
        for pk, state in states.items():
            Notification.objects.filter(pk=pk).update(state=state)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_notifications_of_one_second_in_whatever_order_they_are_written(
    number: PhoneNumber, order: tuple[int, ...]
) -> None:
    stored = [store(payloads.notification(text(f"{n}a"), text(f"{n}b"))) for n in range(3)]
    process(*(stored[place] for place in order))
    assert shown() == ["0a", "0b", "1a", "1b", "2a", "2b"]
    conversation = Conversation.objects.get()
    assert conversation.last_message_preview == "2b"
    assert conversation.last_message == Message.objects.in_order().last()
    assert conversation.last_message_at == Message.objects.in_order().last().sent_at  # type: ignore[union-attr]
    assert conversation.unread_count == 6


def test_one_that_was_parked_comes_into_its_place_when_it_is_replayed(number: PhoneNumber) -> None:
    late, *_ = [store(payloads.notification(text(str(n)))) for n in range(3)]
    journal.park({late.pk: "A fault of ours."})
    pipeline.drain()
    assert shown() == ["1", "2"]
    journal.replay([late.pk])
    pipeline.drain()
    assert shown() == ["0", "1", "2"]
    assert Conversation.objects.get().last_message_preview == "2"


def test_other_seconds_and_other_conversations_stay_as_they_are(number: PhoneNumber) -> None:
    late = store(payloads.notification(text("late")))
    others = [
        store(payloads.notification(text("same second"))),
        store(payloads.notification(text("next second", NOW + 1))),
        store(payloads.notification(text("somebody else", sender="351915550777"))),
    ]
    process(*others)
    times = dict(Message.objects.exclude(text="same second").values_list("pk", "sent_at"))
    process(late)
    assert dict(Message.objects.filter(pk__in=times).values_list("pk", "sent_at")) == times


def test_a_call_and_a_message_of_one_second_stay_in_their_order(number: PhoneNumber) -> None:
    call = {
        "id": "wacid.SECOND",
        "from": payloads.CUSTOMER,
        "to": payloads.DISPLAY_NUMBER,
        "event": "connect",
        "direction": "USER_INITIATED",
        "timestamp": str(NOW),
    }
    receive(payloads.notification(field="calls", calls=[call]), payloads.notification(text("after the call")))
    assert [message.kind for message in Message.objects.in_order()] == ["call", "text"]


def test_the_same_message_in_another_scope_is_known_by_its_second(number: PhoneNumber) -> None:
    token = "3A6C31FEAAB9C32339DC"
    scoped = [payloads.scoped_wamid(scope, token) for scope in (payloads.CUSTOMER, "PT.7712")]
    first = store(payloads.notification(text("first")))
    process(store(payloads.notification(text("second", id=scoped[0]))))
    process(first)
    receive(payloads.notification(text("second", id=scoped[1])))
    assert shown() == ["first", "second"]


def test_the_page_has_them_in_that_order_and_in_the_order_of_their_places(
    client: Client, alice: Agent, number: PhoneNumber
) -> None:
    first, second = store(payloads.notification(text("first"))), store(payloads.notification(text("second")))
    process(second, first)
    client.force_login(alice)
    page = client.get(f"/conversations/{Conversation.objects.get().pk}/").content.decode()
    assert re.findall(r'class="message__text" dir="auto">(?:<p>)?(first|second)', page) == ["first", "second"]
    places = re.findall(r'data-message data-place="(\d+),(\d+)"', page)
    assert len(places) == 2
    assert places == sorted(places, key=lambda place: (int(place[0]), int(place[1])))


def test_messages_that_come_in_order_cost_nothing_more(number: PhoneNumber) -> None:
    receive(payloads.notification(text("before", NOW - 5)))
    with CaptureQueriesContext(connection) as captured:
        receive(payloads.notification(text("one"), text("two")))
    assert not [query for query in captured if "date_trunc('second', sent_at) AS second" in query["sql"]]
    at = Message.objects.filter(text__in=["one", "two"]).values_list("sent_at", flat=True)
    assert {moment.microsecond for moment in at} == {0}


def test_batches_of_one_second_that_come_in_order_cost_one_small_query(number: PhoneNumber) -> None:
    receive(payloads.notification(text("one")))
    with CaptureQueriesContext(connection) as captured:
        receive(payloads.notification(text("two")))
    assert not [query for query in captured if "date_trunc('second', sent_at) AS second" in query["sql"]]
    assert shown() == ["one", "two"]


def test_a_batch_behind_a_second_that_was_put_in_order_comes_last(number: PhoneNumber) -> None:
    first, second = store(payloads.notification(text("first"))), store(payloads.notification(text("second")))
    process(second)
    process(first)
    receive(payloads.notification(text("third")))
    assert shown() == ["first", "second", "third"]
    assert Conversation.objects.get().last_message_preview == "third"


def test_a_batch_behind_an_answer_of_ours_in_the_same_second_comes_in_its_order(number: PhoneNumber) -> None:
    first, second = store(payloads.notification(text("first"))), store(payloads.notification(text("second")))
    process(second)
    conversation = Conversation.objects.get()
    ours = Message.objects.create(
        number=number, conversation=conversation, direction="outbound", kind="text", origin="agent", text="ours",
        sent_at=conversation.last_message_at, status="sent",
    )  # fmt: skip
    Conversation.objects.update(last_message=ours)
    process(first)
    assert Message.objects.get(text="first").sent_at < Message.objects.get(text="second").sent_at
