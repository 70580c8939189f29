"""Groups: every step as a sentence of its own, with its time and place."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import LEAF, about, notification, only
from whatsapp.events import BadLeaf, NumberChanged
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
        assert only(name) == NumberChanged(**about(f"{LEAF}.groups[0]"), webhook_field=field, summary=summary)

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
