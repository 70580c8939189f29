"""Messages: each once, in its conversation, with what the list shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Contact, Conversation, Media, Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import only_message, receive, store
from whatsapp.errors import explain_received
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db


def unix(moment: datetime) -> int:
    return int(moment.timestamp())


class MessagesTests:
    def test_it_works(self, number: PhoneNumber) -> None:
        at = timezone.now().replace(microsecond=0) - timedelta(minutes=3)
        (notification,) = receive(
            payloads.notification(payloads.message(text={"body": "Is the frame in stock?"}, at=unix(at)))
        )
        message = only_message()
        assert notification.state == "processed"
        assert (message.direction, message.kind, message.origin) == ("inbound", "text", "customer")
        assert message.text == "Is the frame in stock?"
        assert message.sent_at == at
        assert message.number == number
        assert message.notification_id == notification.pk
        assert message.sender_phone == "+351915550123"
        assert message.sender_name == "Amara Okafor"
        assert message.receiving_phone == "+351215550100"
        conversation = message.conversation
        assert conversation.contact.profile_name == "Amara Okafor"
        assert conversation.contact.phone == "+351915550123"
        assert conversation.unread_count == 1
        assert conversation.last_message_id == message.pk
        assert conversation.last_message_preview == "Is the frame in stock?"
        assert conversation.window_closes_at == at + timedelta(hours=24)

    def test_what_the_phone_app_wrote_is_from_us_and_to_the_customer(self, number: PhoneNumber) -> None:
        leaf = payloads.message(sender=payloads.DISPLAY_NUMBER, to=payloads.CUSTOMER)
        receive(payloads.notification(field="smb_message_echoes", message_echoes=[leaf]))
        message = only_message()
        assert (message.sender_phone, message.receiving_phone) == ("+351215550100", "+351915550123")
        assert message.sender_name == ""

    def test_the_same_notification_twice_is_one_message(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        receive(body, body)
        receive(body)
        assert only_message().conversation.unread_count == 1

    def test_one_wamid_twice_in_one_notification_is_one_message(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        receive(payloads.notification(leaf, leaf))
        assert only_message().conversation.unread_count == 1

    def test_the_same_wamid_on_two_numbers_is_two_messages(
        self, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        leaf = payloads.message()
        receive(payloads.notification(leaf), payloads.notification(leaf, phone_number_id=other_number.phone_number_id))
        assert Message.objects.count() == 2
        assert Conversation.objects.count() == 2
        assert Contact.objects.count() == 1

    def test_a_replayed_notification_changes_nothing(self, number: PhoneNumber) -> None:
        (notification,) = receive(payloads.notification(payloads.message()))
        before = list(Message.objects.values()), list(Conversation.objects.values())
        notification.state = "pending"
        notification.save()
        pipeline.drain()
        assert (list(Message.objects.values()), list(Conversation.objects.values())) == before

    def test_an_older_message_that_comes_late_does_not_become_the_last(self, number: PhoneNumber) -> None:
        now = timezone.now()
        receive(payloads.notification(payloads.message(text={"body": "second"}, at=unix(now))))
        receive(payloads.notification(payloads.message(text={"body": "first"}, at=unix(now - timedelta(hours=2)))))
        conversation = Conversation.objects.get()
        assert conversation.last_message_preview == "second"
        assert conversation.unread_count == 2
        assert [message.text for message in Message.objects.in_order()] == ["first", "second"]

    def test_a_late_message_opens_the_window_from_the_time_it_was_sent(self, number: PhoneNumber) -> None:
        at = timezone.now().replace(microsecond=0) - timedelta(hours=30)
        receive(payloads.notification(payloads.message(at=unix(at))))
        conversation = Conversation.objects.get()
        assert conversation.window_closes_at == at + timedelta(hours=24)
        assert not conversation.window_open

    def test_a_time_in_the_future_is_replaced_by_the_time_of_receipt(self, number: PhoneNumber) -> None:
        receive(payloads.notification(payloads.message(at=unix(datetime(2040, 1, 1, tzinfo=UTC)))))
        message = only_message()
        assert message.bad_timestamp
        assert message.sent_at <= timezone.now()

    def test_a_number_that_nobody_entered_is_kept_for_administrators(self, db: None) -> None:
        receive(payloads.notification(payloads.message(), phone_number_id="299999999999999"))
        message = only_message()
        assert message.number.state == PhoneNumber.State.UNKNOWN
        assert message.number.phone_number_id == "299999999999999"

    def test_messages_of_one_second_stay_in_the_order_in_which_they_came(self, number: PhoneNumber) -> None:
        at = unix(timezone.now())
        receive(payloads.notification(*(payloads.message(at=at, text={"body": str(n)}) for n in range(40))))
        assert [message.text for message in Message.objects.in_order()] == [str(n) for n in range(40)]
        assert Conversation.objects.get().last_message_preview == "39"

    def test_an_answer_finds_what_it_answers(self, number: PhoneNumber) -> None:
        first = payloads.message()
        receive(payloads.notification(first))
        receive(payloads.notification(payloads.message(context={"from": "x", "id": first["id"]})))
        answer = Message.objects.get(quoted__isnull=False)
        assert answer.quoted is not None
        assert answer.quoted.wamid == first["id"]

    def test_an_answer_of_the_ai_agent_finds_what_it_answers(self, number: PhoneNumber) -> None:
        question = payloads.message()
        content = {"to": payloads.CUSTOMER, "type": "text", "text": {"body": "At nine."}}
        answer = {"id": payloads.wamid(), "message": content | {"context": {"message_id": question["id"]}}}
        receive(payloads.notification(question))
        receive(payloads.notification(field="standby", standby={"message_echoes": [answer]}))
        message = Message.objects.get(direction="outbound")
        assert (message.text, message.origin, message.standby) == ("At nine.", "ai_agent", True)
        assert message.quoted == Message.objects.get(direction="inbound")

    def test_an_answer_that_comes_first_finds_it_later(self, number: PhoneNumber) -> None:
        first = payloads.message()
        receive(payloads.notification(payloads.message(context={"from": "x", "id": first["id"]})))
        receive(payloads.notification(first))
        assert Message.objects.get(quoted__wamid=first["id"])

    def test_a_file_waits_to_be_fetched_and_a_job_will_do_it(self, number: PhoneNumber) -> None:
        image = {"id": "3000001", "mime_type": "image/jpeg", "sha256": "0" * 64, "caption": "The frame"}
        receive(payloads.notification(payloads.message("image", image=image)))
        media = Media.objects.get()
        assert media.message.text == "The frame"
        assert (media.state, media.media_id, media.mime_type) == ("pending", "3000001", "image/jpeg")
        assert media.next_try_at is not None
        job = ProcrastinateJob.objects.get(task_name="fetch_media")
        assert job.args == {"media_id": str(media.pk)}

    def test_a_file_that_whatsapp_could_not_pass_on_says_so(self, number: PhoneNumber) -> None:
        video = {"id": "3000002", "mime_type": "video/mp4"}
        errors = [{"code": 131052, "title": "Media download error"}]
        receive(payloads.notification(payloads.message("video", video=video, errors=errors)))
        media = Media.objects.get()
        assert media.state == "failed"
        assert "100 MB" in media.error
        assert not ProcrastinateJob.objects.filter(task_name="fetch_media").exists()

    def test_a_file_that_does_not_come_with_its_message_is_missed_in_the_open(self, number: PhoneNumber) -> None:
        errors = [{"code": 131052, "title": "Media download error"}]
        receive(
            payloads.notification(payloads.message("image")),
            payloads.notification(payloads.message("video", errors=errors)),
        )
        assert set(Media.objects.values_list("message__kind", "state")) == {("image", "failed"), ("video", "failed")}
        assert not ProcrastinateJob.objects.filter(task_name="fetch_media").exists()

    def test_a_file_that_is_missing_for_another_reason_says_that_reason(self, number: PhoneNumber) -> None:
        errors = [{"code": 131000, "title": "Something went wrong"}]
        receive(payloads.notification(payloads.message("image", errors=errors)))
        assert Media.objects.get().error == explain_received(131000).problem

    def test_names_that_postgresql_refuses_are_cleaned(self, number: PhoneNumber) -> None:
        receive(payloads.notification(payloads.message(text={"body": "a\u0000b\ud83d"}), name="A\u0000\udc00"))
        message = only_message()
        assert message.text == "a\ufffdb\ufffd"
        assert message.sender_name == "A\ufffd\ufffd"

    def test_a_batch_of_every_kind_costs_the_same_number_of_statements_whatever_its_size(
        self, number: PhoneNumber
    ) -> None:
        def statements(customers: int, first: int) -> int:
            for index in range(customers):
                for body in everything_from(str(351_900_000_000 + first + index)):
                    store(body)
            with CaptureQueriesContext(connection) as queries:
                pipeline.process_batch()
            assert not Notification.objects.pending().exists()
            assert not Notification.objects.parked().exists()
            return len(queries)

        assert statements(3, first=0) == statements(36, first=1000) <= 60


def everything_from(sender: str) -> list[dict[str, Any]]:
    """One notification of each shape that one customer's conversation can bring, fourteen in all."""
    question = payloads.message(sender=sender)
    answer = payloads.message(sender=payloads.DISPLAY_NUMBER, to=sender)
    photo = payloads.message("image", sender=sender, image={"id": f"7{sender}", "mime_type": "image/jpeg"})

    def about(kind: str, **parts: Any) -> dict[str, Any]:
        return payloads.notification(payloads.message(kind, sender=sender, **parts))

    place = {"latitude": 38.7, "longitude": -9.1}
    changed = {"original_message_id": question["id"], "message": {"type": "text", "text": {"body": "Good evening"}}}
    return [
        payloads.notification(question),
        payloads.notification(photo),
        payloads.notification(field="smb_message_echoes", message_echoes=[answer]),
        payloads.notification(statuses=[payloads.status(answer["id"], "read", recipient=sender)]),
        payloads.notification(statuses=[payloads.status(payloads.wamid(), "delivered", recipient=sender)]),
        about("text", text={"body": "And this one?"}, context={"from": "x", "id": question["id"]}),
        about("reaction", reaction={"message_id": answer["id"], "emoji": "👍"}),
        about("edit", edit=changed),
        about("revoke", revoke={"original_message_id": photo["id"]}),
        about("location", location=place),
        about("contacts", contacts=[{"name": {"formatted_name": "Vera"}}]),
        about("unsupported", errors=[{"code": 131051, "title": "Unsupported message type"}]),
        about("text", text={"body": "In the group"}, group_id=f"GROUP{sender}"),
        payloads.notification(payloads.message(sender=sender, id=question["id"])),  # delivered once more
    ]


class ConversationsTests:
    def test_one_person_on_one_number_is_one_conversation(self, number: PhoneNumber) -> None:
        for _ in range(3):
            receive(payloads.notification(payloads.message(), payloads.message()))
        assert Conversation.objects.get().unread_count == 6

    def test_the_list_says_what_kind_a_message_without_words_is(self, number: PhoneNumber) -> None:
        image = {"id": "3000003", "mime_type": "image/jpeg"}
        receive(payloads.notification(payloads.message("image", image=image)))
        conversation = Conversation.objects.get()
        assert (conversation.last_message_kind, conversation.last_message_preview) == ("image", "Photo")


class HistoryTests:
    def history(self, *messages: dict[str, object]) -> dict[str, object]:
        threads = [{"id": payloads.CUSTOMER, "messages": list(messages)}]
        metadata = {"phase": 0, "chunk_order": 1, "progress": 55}
        return payloads.notification(field="history", history=[{"metadata": metadata, "threads": threads}])

    def test_it_opens_no_window_and_counts_no_unread(self, number: PhoneNumber) -> None:
        leaf = payloads.message(history_context={"status": "READ"})
        receive(self.history(leaf))
        message = only_message()
        assert message.historic
        assert message.conversation.unread_count == 0
        assert message.conversation.window_closes_at is None

    def test_old_answers_that_come_as_echoes_open_no_window_and_count_no_unread(self, number: PhoneNumber) -> None:
        leaf = payloads.message(sender=payloads.DISPLAY_NUMBER, to=payloads.CUSTOMER)
        receive(payloads.notification(field="history", message_echoes=[leaf]))
        message = only_message()
        assert (message.direction, message.origin, message.historic) == ("outbound", "phone_app", True)
        assert (message.conversation.window_closes_at, message.conversation.unread_count) == (None, 0)

    def test_our_own_old_messages_keep_their_ticks(self, number: PhoneNumber) -> None:
        receive(self.history(payloads.message(sender=payloads.DISPLAY_NUMBER, history_context={"status": "READ"})))
        message = only_message()
        assert (message.direction, message.status) == ("outbound", "read")

    def test_a_message_that_failed_on_the_phone_was_never_accepted(self, number: PhoneNumber) -> None:
        leaf = payloads.message(sender=payloads.DISPLAY_NUMBER, history_context={"status": "ERROR"})
        receive(self.history(leaf))
        message = only_message()
        assert (message.status, message.accepted_at) == ("failed", None)

    def test_a_placeholder_of_another_customer_with_the_same_token_stays(self, number: PhoneNumber) -> None:
        other, token = "351915550777", "3A6C31FEAAB9C32339DC"
        leaves = [
            payloads.message("media_placeholder", sender=sender, id=payloads.scoped_wamid(sender, token))
            for sender in (payloads.CUSTOMER, other)
        ]
        receive(*(payloads.notification(leaf) for leaf in leaves))
        image = {"id": "1111", "mime_type": "image/jpeg", "sha256": "0" * 64}
        receive(payloads.notification({**leaves[1], "type": "image", "image": image}))
        kinds = dict(Message.objects.values_list("sender_phone", "kind"))
        assert (kinds[f"+{payloads.CUSTOMER}"], kinds[f"+{other}"]) == ("unsupported", "image")

    def test_a_placeholder_becomes_the_file_that_comes_later(self, number: PhoneNumber) -> None:
        placeholder = payloads.message("media_placeholder", history_context={"status": "READ"})
        receive(self.history(placeholder))
        assert only_message().kind == "unsupported"
        image = {"id": "3000004", "mime_type": "image/jpeg", "caption": "Old photo"}
        receive(self.history({**placeholder, "type": "image", "image": image}))
        message = only_message()
        assert (message.kind, message.text) == ("image", "Old photo")
        assert Media.objects.get().message == message
        assert message.conversation.last_message_preview == "Old photo"

    def test_a_message_that_was_not_available_is_read_once_the_history_brings_it(self, number: PhoneNumber) -> None:
        leaf = payloads.message("unsupported", errors=[{"code": 131060, "title": "Currently unavailable"}])
        receive(payloads.notification(leaf))
        assert only_message().conversation.last_message_preview == "Message in the phone app"
        receive(self.history({**leaf, "type": "text", "text": {"body": "Is this still for sale?"}, "errors": None}))
        message = only_message()
        assert (message.kind, message.text) == ("text", "Is this still for sale?")
        assert (message.error_code, message.error) == (None, "")
        assert message.conversation.last_message_preview == "Is this still for sale?"


class CallTests:
    def call(self, event: str, **parts: object) -> dict[str, object]:
        leaf = {"id": "wacid.CALL1", "from": payloads.CUSTOMER, "to": payloads.DISPLAY_NUMBER, "event": event}
        leaf |= {"timestamp": str(unix(timezone.now())), "direction": "USER_INITIATED", **parts}
        contacts = [{"profile": {"name": "Amara"}, "wa_id": payloads.CUSTOMER}]
        return payloads.notification(field="calls", calls=[leaf], contacts=contacts)

    def test_it_is_one_line_that_opens_the_window(self, number: PhoneNumber) -> None:
        receive(self.call("connect"))
        receive(self.call("terminate", status="COMPLETED", duration=65))
        message = only_message()
        assert message.kind == "call"
        assert message.payload["outcome"] == "answered"
        assert message.payload["duration"] == 65
        assert message.conversation.unread_count == 1
        assert message.conversation.window_open
        assert message.conversation.last_message_preview == "Call 1:05"

    def test_its_end_may_come_before_its_beginning(self, number: PhoneNumber) -> None:
        receive(self.call("terminate"))
        receive(self.call("connect"))
        message = only_message()
        assert message.payload["outcome"] == "missed"
        assert set(message.payload["steps"]) == {"connect", "terminate"}

    def recording(self) -> dict[str, object]:
        audio = {"id": "3000031", "mime_type": "audio/ogg; codecs=opus"}
        return self.call("call_recording_available", call_recording={"type": "audio", "audio": audio}, direction=None)

    def test_its_recording_is_its_file_and_nothing_rings_again(self, number: PhoneNumber) -> None:
        receive(self.call("connect"), self.call("terminate", status="COMPLETED", duration=55))
        conversation = only_message().conversation
        receive(self.recording(), self.recording())
        media = Media.objects.get()
        assert (media.message, media.media_id, media.state) == (only_message(), "3000031", "pending")
        assert only_message().payload["outcome"] == "answered"
        assert ProcrastinateJob.objects.filter(task_name="fetch_media").count() == 1
        before = (conversation.unread_count, conversation.window_closes_at, conversation.last_message_preview)
        conversation.refresh_from_db()
        assert before == (conversation.unread_count, conversation.window_closes_at, conversation.last_message_preview)
        assert conversation.last_message_preview == "Call 0:55"

    def test_a_recording_that_comes_first_rings_nowhere_until_the_call_comes(self, number: PhoneNumber) -> None:
        receive(self.recording())
        message = only_message()
        assert message.payload["outcome"] == "answered"
        assert (message.conversation.unread_count, message.conversation.window_closes_at) == (0, None)
        receive(self.call("connect"))
        assert only_message().conversation.window_open

    def test_a_call_of_ours_is_ours_though_its_recording_comes_first(self, number: PhoneNumber) -> None:
        receive(self.recording())
        receive(self.call("terminate", direction="BUSINESS_INITIATED", duration=55))
        receive(self.recording())
        message = only_message()
        assert (message.direction, message.origin) == ("outbound", "agent")

    def test_its_transcript_is_a_document_below_it(self, number: PhoneNumber) -> None:
        document = {"id": "3000032", "mime_type": "application/json"}
        later = str(unix(timezone.now()) + 60)
        body = self.call("call_transcription_available", call_transcript={"document": document}, timestamp=later)
        receive(self.call("connect"), body)
        receive(body)
        call, transcript = Message.objects.in_order()
        assert (call.kind, call.payload["outcome"]) == ("call", "answered")
        assert (transcript.kind, transcript.payload["type"]) == ("system", "call_transcript")
        assert Media.objects.get().message == transcript
        assert transcript.conversation.unread_count == 1
        assert transcript.conversation.last_message_preview == "Transcript of the call"

    def test_a_terminate_that_failed_is_a_failed_call(self, number: PhoneNumber) -> None:
        errors = [{"code": 138007, "title": "Connection timeout"}]
        receive(self.call("connect"), self.call("terminate", status="FAILED", errors=errors))
        message = only_message()
        assert (message.payload["outcome"], message.error_code) == ("failed", 138007)
        assert message.error == "Connection timeout"
        assert message.conversation.last_message_preview == "Failed call"
