"""Batches: one bad notification or leaf never holds back its neighbours."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Conversation, Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import receive, store
from whatsapp.models import MessageTemplate, Notification, NumberUpdate, PhoneNumber
from whatsapp.webhooks import journal

pytestmark = pytest.mark.django_db


class PoisonTests:
    def test_a_body_that_is_not_json_is_parked_with_its_reason(self, number: PhoneNumber) -> None:
        bad, good = receive(b"\xff\xfenot json", payloads.notification(payloads.message()))
        assert bad.state == "parked"
        assert bad.error
        assert good.state == "processed"

    def test_a_bad_leaf_is_recorded_and_its_siblings_are_kept(self, number: PhoneNumber) -> None:
        (notification,) = receive(payloads.notification(messages=[payloads.message(), "not a message", 7]))
        assert Message.objects.count() == 1
        assert notification.state == "processed"
        assert len(notification.problems) == 2
        assert all(problem["reason"] and problem["path"] for problem in notification.problems)

    def test_a_notification_that_the_database_refuses_is_parked_alone(self, number: PhoneNumber) -> None:
        # A rule of the database's own, as a stand-in for the case that nobody thought of.
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE inbox_message ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
        poison = payloads.notification(payloads.message(text={"body": "poison"}))
        before, bad, after = receive(
            payloads.notification(payloads.message()), poison, payloads.notification(payloads.message())
        )
        assert [before.state, bad.state, after.state] == ["processed", "parked", "processed"]
        assert Message.objects.count() == 2
        assert Conversation.objects.get().unread_count == 2
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE inbox_message DROP CONSTRAINT no_poison")
        assert journal.replay([bad.pk]) == 1
        pipeline.drain()
        assert Message.objects.count() == 3

    @pytest.mark.parametrize(
        "change",
        [
            "ALTER TABLE inbox_message RENAME COLUMN forwarded TO later_name",
            "ALTER TABLE inbox_pendingstatus RENAME TO later_table",
        ],
    )
    def test_a_database_of_another_release_is_waited_for_and_nothing_is_parked(
        self, number: PhoneNumber, change: str
    ) -> None:
        """A worker that starts before `migrate` has run, or ends after it."""
        delivered = {"id": "wamid.A", "status": "delivered", "timestamp": "1763600000", "recipient_id": "1"}
        for body in (payloads.notification(payloads.message()), payloads.notification(statuses=[delivered])):
            store(body)
        savepoint = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute(change)
        with pytest.raises(ProgrammingError):
            pipeline.drain()
        transaction.savepoint_rollback(savepoint)
        assert Notification.objects.pending().count() == 2
        pipeline.drain()
        assert Message.objects.count() == 1

    def test_one_poison_among_many_is_found_by_halving(self, number: PhoneNumber) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE inbox_message ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
        bodies = [payloads.notification(payloads.message()) for _ in range(64)]
        bodies[37] = payloads.notification(payloads.message(text={"body": "poison"}))
        with CaptureQueriesContext(connection) as queries:
            states = [notification.state for notification in receive(*bodies)]
        assert [index for index, state in enumerate(states) if state != "processed"] == [37]
        # All at once, two halves of each of the six sizes, and one that finds nothing left.
        assert sum("FOR UPDATE SKIP LOCKED" in query["sql"] for query in queries) == 14

    def test_a_value_beyond_a_limit_of_the_database_does_not_stop_the_journal(self, number: PhoneNumber) -> None:
        # PostgreSQL's limits come as OperationalError, as a lost connection does; trying again would never end.
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX short_texts ON inbox_message (text)")
        long = "".join(hashlib.sha512(str(part).encode()).hexdigest() for part in range(100))
        bad, good = receive(
            payloads.notification(payloads.message(text={"body": long})), payloads.notification(payloads.message())
        )
        assert [bad.state, good.state] == ["parked", "processed"]


class JournalTests:
    def test_the_body_stays_exact(self, number: PhoneNumber) -> None:
        raw = b'{"object":"whatsapp_business_account","entry":[]}\x00'
        store(raw)
        pipeline.drain()
        assert bytes(Notification.objects.get().body) == raw

    def test_replaying_parked_ones_leaves_the_rest(self, number: PhoneNumber) -> None:
        receive(b"nonsense", payloads.notification(payloads.message()))
        assert journal.replay_parked() == 1
        assert Notification.objects.pending().count() == 1

    def test_forgetting_keeps_parked_and_recent_ones(self, number: PhoneNumber) -> None:
        bad, old, _recent = receive(
            b"nonsense", payloads.notification(payloads.message()), payloads.notification(payloads.message())
        )
        past = timezone.now() - timedelta(days=100)
        Notification.objects.filter(pk__in=[bad.pk, old.pk]).update(received_at=past)
        assert journal.forget(timedelta(days=90)) == 1
        assert not Notification.objects.filter(pk=old.pk).exists()
        assert Message.objects.count() == 2


class NumberUpdateTests:
    def quality(self, event: str) -> dict[str, object]:
        body = payloads.notification(
            field="phone_number_quality_update",
            display_phone_number=payloads.DISPLAY_NUMBER,
            event=event,
            current_limit="TIER_1K",
        )
        return body

    def test_an_update_is_kept_once_however_often_it_comes(self, number: PhoneNumber) -> None:
        receive(self.quality("FLAGGED"), self.quality("FLAGGED"))
        receive(self.quality("FLAGGED"))
        update = NumberUpdate.objects.get()
        assert update.field == "phone_number_quality_update"
        assert update.summary

    def test_it_finds_the_number_by_its_digits_and_keeps_the_newest_rating(self, number: PhoneNumber) -> None:
        for event, at in (("UNFLAGGED", 1_760_000_900), ("FLAGGED", 1_760_000_000)):
            body = self.quality(event)
            body["entry"][0]["time"] = at  # type: ignore[index]
            del body["entry"][0]["changes"][0]["value"]["metadata"]  # type: ignore[index]
            receive(body)
        number.refresh_from_db()
        assert number.quality == "UNKNOWN"  # no longer flagged; WhatsApp does not say how good
        assert number.messaging_limit == "TIER_1K"
        assert number.updates.count() == 2

    def test_it_keeps_a_number_of_any_length(self, number: PhoneNumber) -> None:
        long = 10**30
        receive(payloads.notification(field="phone_number_quality_update", event="ONBOARDING", current_limit=long))
        assert NumberUpdate.objects.get().payload["current_limit"] == long

    def test_a_template_keeps_its_newest_status(self, db: None) -> None:
        for status in ("PENDING", "APPROVED"):
            receive(
                payloads.notification(
                    field="message_template_status_update",
                    event=status,
                    message_template_id=42,
                    message_template_name="pickup",
                    message_template_language="pt_PT",
                    reason="NONE",
                )
            )
        template = MessageTemplate.objects.get()
        # The webhook has no texts and buttons: they are asked for.
        assert ProcrastinateJob.objects.filter(task_name="sync_templates_of").count() == 1
        assert (template.name, template.language, template.status) == ("pickup", "pt_PT", "APPROVED")
