"""Whatever of a notification is not understood or cannot be placed is listed with it, and its neighbours are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.models import Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import receive
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal

pytestmark = pytest.mark.django_db

VALUE = "entry[0].changes[0].value"


def alone(field: str, **value: Any) -> dict[str, Any]:
    return payloads.notification(field=field, **value)


def status(**parts: Any) -> dict[str, Any]:
    return payloads.notification(statuses=[payloads.status("wamid.A", "sent") | parts])


CASES = {
    "a whole field": (
        alone("telepathy", thoughts=[{"id": "1"}]),
        (VALUE, "Not understood: field telepathy."),
    ),
    "a known field with nothing that we know": (
        alone("user_preferences", wishes=[{"id": "1"}]),
        (f"{VALUE}.wishes", "Not understood: “wishes” in field user_preferences."),
    ),
    "a list beside messages": (
        payloads.notification(payloads.message(), moods=[{"id": "1"}]),
        (f"{VALUE}.moods", "Not understood: “moods” in field messages."),
    ),
    "an object beside messages": (
        payloads.notification(payloads.message(), mood={"id": "1"}),
        (f"{VALUE}.mood", "Not understood: “mood” in field messages."),
    ),
    "clicks, which belong to nobody": (
        payloads.notification(payloads.message(), user_actions=[{"action_type": "marketing_messages_link_click"}]),
        (VALUE, "Not understood: user_actions."),
    ),
    "a status of another type": (
        status(type="refund"),
        (f"{VALUE}.statuses[0]", "Not understood: status of type refund."),
    ),
    "a status of another word": (
        status(status="warning"),
        (f"{VALUE}.statuses[0]", "Not understood: status “warning”."),
    ),
    "a message without its id": (
        payloads.notification(payloads.message(id="")),
        (f"{VALUE}.messages[0]", "It has no usable message id."),
    ),
    "a message of nobody": (
        payloads.notification(payloads.message(sender="")),
        (f"{VALUE}.messages[0]", "It does not say who the person is."),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_listed_with_its_place_and_reason(number: PhoneNumber, case: str) -> None:
    body, (path, reason) = CASES[case]
    (notification,) = receive(body)
    assert notification.state == "processed"
    listed = [(problem["path"], problem["reason"]) for problem in notification.problems]
    assert (path, reason) in listed
    assert list(Notification.objects.left_out()) == [notification]


def test_its_neighbours_are_kept(number: PhoneNumber) -> None:
    receive(payloads.notification(payloads.message(), payloads.message(id=""), moods=[{"id": "1"}]))
    assert Message.objects.count() == 1
    assert len(Notification.objects.get().problems) == 2


def test_what_is_understood_leaves_nothing_out(number: PhoneNumber) -> None:
    receive(payloads.notification(payloads.message()), status())
    assert not Notification.objects.left_out().exists()


def test_a_redelivered_copy_lists_the_same(number: PhoneNumber) -> None:
    body = payloads.notification(payloads.message(), moods=[{"id": "1"}])
    receive(body)
    receive(body)
    first, second = Notification.objects.order_by("pk")
    assert first.problems == second.problems != []


def test_a_replay_lists_only_what_is_still_left_out(number: PhoneNumber) -> None:
    """As after an upgrade that understands it."""
    (notification,) = receive(payloads.notification(payloads.message()))
    Notification.objects.update(problems=[{"path": "x", "reason": "Not understood: messages."}])
    assert journal.replay_left_out() == 1
    pipeline.drain()
    notification.refresh_from_db()
    assert (notification.state, notification.problems) == ("processed", [])


def test_it_is_kept_like_parked_ones_until_somebody_dismisses_it(number: PhoneNumber) -> None:
    left, parked, fine = receive(
        payloads.notification(payloads.message(), moods=[{"id": "1"}]),
        b"nonsense",
        payloads.notification(payloads.message()),
    )
    Notification.objects.update(received_at=timezone.now() - timedelta(days=100))
    kept = timedelta(days=90)
    assert journal.forget(kept) == 1
    assert not Notification.objects.filter(pk=fine.pk).exists()
    assert journal.dismiss([left.pk, parked.pk]) == 2
    assert journal.dismiss([left.pk, parked.pk]) == 0
    assert not Notification.objects.left_out().exists()
    assert not Notification.objects.parked().exists()
    assert journal.forget(kept) == 2


def test_a_dismissed_one_can_be_replayed_and_is_open_again(number: PhoneNumber) -> None:
    (left,) = receive(payloads.notification(payloads.message(), moods=[{"id": "1"}]))
    journal.dismiss([left.pk])
    assert journal.replay([left.pk]) == 1
    pipeline.drain()
    assert Notification.objects.left_out().count() == 1
