"""Hand-overs between Meta's AI agent and the team, and the summaries that come with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.whatsapp.parse.support import AMARA, AT, LEAF, NAMELESS, NUMBER, about, notification, read, text
from whatsapp.events import Kind, MessageReceived, NumberChanged, Unrecognized
from whatsapp.parse import parse

SUMMARY = {"conversation_context": {"type": "summary", "summary": {"text": "She waits for her frames."}}}


def told(value: dict[str, Any]) -> list[Any]:
    """What a hand-over with these parts says."""
    recipient = {"phone_number_id": NUMBER["phone_number_id"]}
    value = {"sender": {"phone_number": "351915550123"}, "recipient": recipient, "metadata": None} | value
    return parse(notification(None, field="messaging_handovers", messages=None, **value))


class HandoverTests:
    def test_it_is_an_update_of_the_number_and_a_line_in_the_thread(self) -> None:
        update, line = read("handover_to_team")
        assert update == NumberChanged(
            **about(LEAF),
            webhook_field="messaging_handovers",
            summary="AI agent's conversation: control passed, with 351915550123.",
        )
        assert isinstance(line, MessageReceived)
        assert (line.kind, line.party, line.at, line.opens_window) == (Kind.SYSTEM, NAMELESS, AT, False)
        assert line.payload == {
            "type": "handover",
            "step": "control_passed",
            "to": "team",
            "reason": "The customer asked for a person",
            "summary": "Amara waits for frame 4711 and wants to know when it comes.",
        }

    def test_the_same_hand_over_has_the_same_id_and_another_one_another(self) -> None:
        first, again = (told({"type": "control_passed", "timestamp": "1760000000"})[1] for _ in range(2))
        other = told({"type": "control_passed", "timestamp": "1760000060"})[1]
        assert first.wamid == again.wamid != other.wamid

    @pytest.mark.parametrize(
        ("part", "to"),
        [
            ({"previous_owner_app_role": "meta_business_agent"}, "team"),
            ({"new_owner_role": "escalation"}, "team"),
            ({"new_owner_app_role": "meta_business_agent"}, "ai_agent"),
            ({"new_owner": {"app_role": "meta_business_agent"}}, "ai_agent"),
            ({}, None),
            (None, None),
        ],
    )
    def test_who_answers_from_now_on(self, part: object, to: str | None) -> None:
        _, line = told({"type": "control_passed", "control_passed": part})
        assert line.payload.get("to") == to

    def test_the_customer_may_have_a_user_id_only(self) -> None:
        _, line = told({"type": "control_taken", "sender": {"user_id": "PT.1234"}})
        assert (line.party.user_id, line.payload["step"]) == ("PT.1234", "control_taken")

    def test_a_context_without_a_summary_is_named(self) -> None:
        part = {"conversation_context": {"type": "transcript", "turns": []}}
        _, named, _ = told({"type": "control_passed", "control_passed": part})
        assert isinstance(named, Unrecognized)
        assert named.path == f"{LEAF}.control_passed.conversation_context"


class ContextTests:
    def test_a_summary_beside_a_message_is_a_line_above_it(self) -> None:
        line, message = read("text_with_summary")
        assert isinstance(line, MessageReceived)
        assert (line.kind, line.party, line.at, line.opens_window) == (Kind.SYSTEM, AMARA, AT, False)
        assert line.payload == {"type": "ai_summary", "summary": "Amara waits for frame 4711."}
        assert isinstance(message, MessageReceived)
        assert message.text == "A person, please"

    def test_beside_messages_of_two_people_it_is_nobodys(self) -> None:
        other = text(id="wamid.OTHER", **{"from": "351915550124"})
        found = parse(notification(None, messages=[text(), other], **SUMMARY))
        assert [type(event) for event in found] == [Unrecognized, MessageReceived, MessageReceived]

    def test_one_without_a_summary_is_named_and_the_message_is_kept(self) -> None:
        named, message = parse(notification(text(), conversation_context={"type": "mood"}))
        assert isinstance(named, Unrecognized)
        assert isinstance(message, MessageReceived)
