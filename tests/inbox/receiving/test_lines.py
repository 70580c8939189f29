"""Lines of a thread that nobody wrote: hand-overs of the AI agent, and steps of groups, whatever comes first."""

from __future__ import annotations

from typing import Any

import pytest

from inbox.formatting import humanize
from inbox.models import Conversation, Message
from tests import payloads
from tests.inbox.receiving.support import only_message, receive
from whatsapp.models import NumberUpdate, PhoneNumber

pytestmark = pytest.mark.django_db

GROUP = "R3JvdXBPZk5vcnRl"


def handover(**parts: Any) -> dict[str, Any]:
    """The AI agent hands a conversation to the team, in the shape without ``metadata`` that Meta sends."""
    number = {"phone_number_id": payloads.PHONE_NUMBER_ID, "display_phone_number": payloads.DISPLAY_NUMBER}
    value = {"sender": {"phone_number": payloads.CUSTOMER}, "recipient": number, "metadata": None}
    value |= {"type": "control_passed", "timestamp": "1760000000"}
    context = {"type": "summary", "summary": {"text": "Waits for frame 4711."}}
    passed = {"previous_owner_app_role": "meta_business_agent", "conversation_context": context}
    return payloads.notification(field="messaging_handovers", control_passed=passed, **(value | parts))


def group(step: str, field: str = "group_lifecycle_update", at: int = 1_760_000_000, **parts: Any) -> dict[str, Any]:
    """One step of a group."""
    leaf = {"group_id": GROUP, "type": step, "timestamp": at, **parts}
    return payloads.notification(field=field, groups=[leaf])


def text_in_group(at: int = 1_760_000_010) -> dict[str, Any]:
    return payloads.notification(payloads.message(group_id=GROUP, at=at))


class HandoverTests:
    def test_it_is_a_line_with_the_summary_and_an_update_of_the_number(self, number: PhoneNumber) -> None:
        receive(payloads.notification(payloads.message(at=1_759_999_000)), handover())
        line = Message.objects.get(kind="system")
        assert line.payload["summary"] == "Waits for frame 4711."
        assert line.conversation == Message.objects.get(kind="text").conversation
        assert line.conversation.last_message_preview == (
            "Meta Business Agent handed over to the team: Waits for frame 4711."
        )
        assert line.conversation.unread_count == 1  # the customer's message only
        assert NumberUpdate.objects.get().number == number

    def test_a_second_delivery_adds_no_line(self, number: PhoneNumber) -> None:
        receive(handover())
        receive(payloads.encode(handover()) + b" ")
        assert Message.objects.count() == 1

    def test_a_summary_beside_a_message_stands_above_it(self, number: PhoneNumber) -> None:
        context = {"type": "summary", "summary": {"text": "Waits for frame 4711."}}
        receive(payloads.notification(payloads.message(), conversation_context=context))
        line, message = Message.objects.in_order()
        assert (line.kind, line.payload["type"]) == ("system", "ai_summary")
        assert message.text == "Good morning"
        assert message.conversation.last_message_preview == "Good morning"


class GroupTests:
    @pytest.mark.parametrize("first", ["lifecycle", "message"])
    def test_its_name_reaches_its_conversation_whichever_comes_first(self, number: PhoneNumber, first: str) -> None:
        bodies = [group("group_create", subject="Workshop"), text_in_group()]
        for body in bodies if first == "lifecycle" else reversed(bodies):
            receive(body)
        conversation = Conversation.objects.get()
        assert humanize.display_name(conversation.contact) == "Workshop"
        assert conversation.contact.is_group
        assert [message.kind for message in conversation.messages.in_order()] == ["system", "text"]
        assert conversation.unread_count == 1

    def test_a_new_name_replaces_the_old_one(self, number: PhoneNumber) -> None:
        receive(group("group_create", subject="Workshop"))
        setting = {"text": "Workshop 2", "update_successful": True}
        receive(group("group_settings_update", "group_settings_update", at=1_760_000_100, group_subject=setting))
        conversation = Conversation.objects.get()
        assert humanize.display_name(conversation.contact) == "Workshop 2"
        assert conversation.last_message_preview == "New group name: Workshop 2"

    def test_an_older_name_that_comes_late_or_again_changes_nothing(self, number: PhoneNumber) -> None:
        setting = {"text": "Workshop 2", "update_successful": True}
        receive(group("group_settings_update", "group_settings_update", at=1_760_000_100, group_subject=setting))
        late = group("group_create", subject="Workshop")
        receive(late)
        receive(payloads.encode(late) + b" ")
        assert humanize.display_name(Conversation.objects.get().contact) == "Workshop 2"

    def test_a_refused_name_is_not_taken(self, number: PhoneNumber) -> None:
        receive(group("group_create", subject="Workshop"))
        setting = {"text": "Workshop 2", "update_successful": False}
        receive(group("group_settings_update", "group_settings_update", at=1_760_000_100, group_subject=setting))
        assert humanize.display_name(Conversation.objects.get().contact) == "Workshop"

    def test_a_group_that_could_not_be_made_has_no_conversation(self, number: PhoneNumber) -> None:
        receive(group("group_create", subject="Workshop", errors=[{"code": 131000, "title": "Something went wrong"}]))
        assert not Conversation.objects.exists()
        assert NumberUpdate.objects.count() == 1

    def test_who_joins_is_told_in_the_thread(self, number: PhoneNumber) -> None:
        people = [{"wa_id": payloads.CUSTOMER}]
        receive(group("group_participants_add", "group_participants_update", added_participants=people))
        message = only_message()
        assert message.conversation.last_message_preview == "+351 915 550 123 joined the group"
        assert message.conversation.unread_count == 0
        assert message.conversation.window_closes_at is None
