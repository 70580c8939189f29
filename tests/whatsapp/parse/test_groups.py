"""Groups: every step as a sentence of its own, with its time and place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.whatsapp.parse.support import AT, LEAF, USER_ID, about, notification, read
from whatsapp.events import BadLeaf, Kind, MessageReceived, NumberChanged, Party
from whatsapp.parse import parse


class GroupTests:
    @pytest.mark.parametrize(
        ("name", "field", "summary"),
        [
            ("group_created", "group_lifecycle_update", "The group “Workshop” was created."),
            ("group_joined", "group_participants_update", "A group got members, added participants: 1."),
            ("group_settings", "group_settings_update", "A group has other settings, group subject changed."),
            ("group_suspended", "group_status_update", "A group was suspended."),
        ],
    )
    def test_every_field_about_groups(self, name: str, field: str, summary: str) -> None:
        update, line = read(name)
        assert update == NumberChanged(**about(f"{LEAF}.groups[0]"), webhook_field=field, summary=summary)
        assert isinstance(line, MessageReceived)
        assert (line.kind, line.opens_window, line.at) == (Kind.SYSTEM, False, AT)

    @pytest.mark.parametrize(
        ("name", "payload"),
        [
            ("group_created", {"step": "created", "subject": "Workshop"}),
            ("group_joined", {"step": "joined", "people": [{"wa_id": "351915550123", "name": "+351915550123"}]}),
            ("group_left", {"step": "left", "people": [{"user_id": USER_ID, "name": "@amara.okafor"}]}),
            ("group_settings", {"step": "settings", "subject": "Workshop 2"}),
            ("group_suspended", {"step": "suspended"}),
        ],
    )
    def test_each_step_is_a_line_in_the_groups_own_thread(self, name: str, payload: dict[str, Any]) -> None:
        _, line = read(name)
        assert isinstance(line, MessageReceived)
        assert line.payload == {"type": "group"} | payload
        assert line.group_subject == payload.get("subject", "")
        assert line.group_id
        assert line.party == Party()

    def test_whom_we_remove_is_named_as_we_asked(self) -> None:
        people = [{"input": "+351915550123"}, {"input": USER_ID}]
        leaf = {"group_id": "G", "type": "group_participants_remove", "removed_participants": people}
        _, line = parse(notification(leaf, key="groups", field="group_participants_update"))
        assert isinstance(line, MessageReceived)
        assert line.payload["step"] == "removed"
        assert line.payload["people"] == [
            {"wa_id": "351915550123", "name": "+351915550123"},
            {"user_id": USER_ID, "name": USER_ID},
        ]

    def test_who_asks_to_join_is_named(self) -> None:
        leaf = {"group_id": "G", "type": "group_join_request_created", "wa_id": "351915550123"}
        _, line = parse(notification(leaf, key="groups", field="group_participants_update"))
        assert isinstance(line, MessageReceived)
        assert (line.payload["step"], line.payload["people"][0]["wa_id"]) == ("asked", "351915550123")

    def test_settings_of_which_none_changed_are_no_line(self) -> None:
        subject = {"text": "Workshop 3", "update_successful": False}
        leaf = {"group_id": "G", "type": "group_settings_update", "group_subject": subject}
        (event,) = parse(notification(leaf, key="groups", field="group_settings_update"))
        assert isinstance(event, NumberChanged)

    def test_a_step_that_failed_says_why(self) -> None:
        group = {"type": "group_create", "errors": [{"code": 131000, "title": "Something went wrong"}]}
        (event,) = parse(notification(group, key="groups", field="group_lifecycle_update"))
        assert isinstance(event, NumberChanged)
        assert event.summary == "A group was not changed (group create), WhatsApp reports: Something went wrong."

    def test_a_setting_that_was_refused_is_not_said_to_be_changed(self) -> None:
        group = {"type": "group_settings_update", "profile_picture": {"update_successful": False}}
        (event,) = parse(notification(group, key="groups", field="group_settings_update"))
        assert isinstance(event, NumberChanged)
        assert event.summary == "A group has other settings, profile picture not changed."

    def test_a_step_that_we_do_not_know_is_named(self) -> None:
        (event,) = parse(notification({"type": "group_painted"}, key="groups", field="group_status_update"))
        assert isinstance(event, NumberChanged)
        assert event.summary == "A group changed (group painted)."

    def test_what_is_no_group_is_a_bad_leaf_beside_the_others(self) -> None:
        groups = [None, {"type": "group_delete", "subject": "Workshop"}]
        bad, event = parse(notification(None, field="group_lifecycle_update", groups=groups, messages=None))
        assert isinstance(bad, BadLeaf)
        assert isinstance(event, NumberChanged)
        assert event.summary == "The group “Workshop” was deleted."
