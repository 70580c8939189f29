"""What the lines say that nobody wrote."""

from __future__ import annotations

from typing import Any

import pytest

from inbox.formatting import system_lines

BOT = "Meta Business Agent"


def person(name: str) -> dict[str, str]:
    return {"name": name}


class WordsTests:
    @pytest.mark.parametrize(
        ("payload", "words"),
        [
            ({"type": "handover", "to": "team"}, f"{BOT} handed over to the team"),
            (
                {"type": "handover", "to": "team", "reason": "Asked for you"},
                f"{BOT} handed over to the team: Asked for you",
            ),
            ({"type": "handover", "to": "team", "step": "control_taken"}, f"The team took over from {BOT}"),
            ({"type": "handover", "to": "ai_agent"}, f"{BOT} answers from now on"),
            ({"type": "handover"}, f"The conversation changed hands between {BOT} and the team"),
            ({"type": "ai_summary", "summary": "Waits."}, f"Summary by {BOT}"),
            ({"type": "group", "step": "created", "subject": "Workshop"}, "The group “Workshop” was created"),
            ({"type": "group", "step": "joined", "people": [person("Vera")]}, "Vera joined the group"),
            ({"type": "group", "step": "left", "people": [person("Vera")]}, "Vera left the group"),
            ({"type": "group", "step": "removed", "people": [person("Vera")]}, "Vera was removed from the group"),
            (
                {"type": "group", "step": "removed", "people": [person("Vera"), person("Rui")]},
                "Vera and Rui were removed from the group",
            ),
            (
                {"type": "group", "step": "joined", "people": [person(name) for name in ("A", "B", "C", "D")]},
                "A, B, C and 1 more joined the group",
            ),
            ({"type": "group", "step": "asked", "people": [person("Vera")]}, "Vera asked to join the group"),
            ({"type": "group", "step": "joined"}, "Unknown contact joined the group"),
            (
                {"type": "group", "step": "settings", "subject": "Workshop", "picture": True},
                "New group name: Workshop · New picture",
            ),
            ({"type": "group", "step": "suspended"}, "WhatsApp suspended the group"),
            ({"type": "group", "step": "group painted"}, "The group changed: group painted"),
            ({"body": "Amara changed her number"}, "Amara changed her number"),
            ({}, "Amara changed their number or ID."),
        ],
    )
    def test_each_line_says_what_happened(self, payload: dict[str, Any], words: str) -> None:
        assert system_lines.line(payload, "Amara") == words

    def test_the_list_shows_the_summary_itself(self) -> None:
        payload = {"type": "handover", "to": "team", "summary": "Waits for frame 4711."}
        assert system_lines.preview(payload) == f"{BOT} handed over to the team: Waits for frame 4711."
