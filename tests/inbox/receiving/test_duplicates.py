"""Copies of earlier notifications: settled as the first one was, and never taken for one that has to be done."""

from __future__ import annotations

import pytest

from inbox.models import Contact, Conversation, Message
from inbox.receiving import pipeline
from inbox.receiving.duplicates import Recent
from tests import aws_payloads, payloads
from tests.inbox.receiving.support import receive
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal
from whatsapp.webhooks.journal import Claimed

pytestmark = pytest.mark.django_db


class CopiesTests:
    def test_a_copy_is_processed_and_changes_nothing(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        old, new = payloads.notification(leaf, name="Amara"), payloads.notification(payloads.message(), name="Amara O.")
        receive(old)
        receive(new)
        (copy,) = receive(old)
        assert (copy.state, copy.attempts, copy.problems) == ("processed", 1, [])
        assert Contact.objects.get().profile_name == "Amara O."
        assert Conversation.objects.get().unread_count == 2

    def test_a_copy_in_the_same_batch_counts_once(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        assert [one.state for one in receive(body, body, body)] == ["processed"] * 3
        assert Conversation.objects.get().unread_count == 1

    def test_a_copy_of_a_parked_one_is_parked_for_the_same_reason(self, number: PhoneNumber) -> None:
        first, second = receive(b"nonsense", b"nonsense")
        (third,) = receive(b"nonsense")
        assert first.state == second.state == third.state == "parked"
        assert first.error == second.error == third.error != ""

    def test_a_copy_of_one_with_problems_has_the_same_problems(self, number: PhoneNumber) -> None:
        body = payloads.notification(messages=[payloads.message(), "not a message"])
        first, second = receive(body, body)
        (third,) = receive(body)
        assert first.problems == second.problems == third.problems != []

    def test_one_of_another_provider_is_no_copy(self, number: PhoneNumber) -> None:
        body = aws_payloads.body(payloads.message())
        receive(body)
        assert Message.objects.count() == 0  # Meta sends no such thing
        Notification.objects.create(provider="aws", body=body)
        pipeline.drain()
        assert Message.objects.count() == 1


class AppliedAgainTests:
    def test_a_replay_brings_back_what_was_deleted(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        first, copy = receive(body)[0], receive(body)[0]
        for replayed in (first, copy):
            Message.objects.all().delete()
            journal.replay([replayed.pk])
            pipeline.drain()
            assert Message.objects.count() == 1

    def test_a_copy_of_what_the_journal_forgot_is_read(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        receive(body)
        Notification.objects.all().delete()
        Message.objects.all().delete()
        receive(body)
        assert Message.objects.count() == 1

    def test_a_copy_of_what_waits_for_its_replay_is_read(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        (first,) = receive(body)
        Message.objects.all().delete()
        Notification.objects.filter(pk=first.pk).update(state="parked")
        receive(body)
        assert Message.objects.count() == 1


class RecentTests:
    def test_it_forgets_the_oldest(self, db: None) -> None:
        recent = Recent(limit=2)
        (stored,) = receive(b"nonsense")
        notifications = [Claimed(id, "meta", stored.received_at, b"%d" % id, 0) for id in range(1, 6)]
        for notification in notifications:
            recent.add(notification)
        assert [recent.find(notification) for notification in notifications] == [None, None, 3, 4, 5]
