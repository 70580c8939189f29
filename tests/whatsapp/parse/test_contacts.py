"""What WhatsApp tells about people: marketing preferences, and the phone app's contact list."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import (
    LEAF,
    NAMELESS,
    USER_ID,
    about,
    notification,
    only,
)
from whatsapp.events import (
    BadLeaf,
    ContactChanged,
    Party,
    Unrecognized,
)
from whatsapp.parse import parse


class ContactListTests:
    def test_somebody_was_saved(self) -> None:
        party = Party("351915550123", USER_ID, "", "Amara (frames)", "amara.okafor")
        assert only("contact_saved") == ContactChanged(**about(f"{LEAF}.state_sync[0]"), party=party, saved=True)

    def test_somebody_was_removed(self) -> None:
        assert only("contact_removed") == ContactChanged(**about(f"{LEAF}.state_sync[0]"), party=NAMELESS, saved=False)

    def test_what_happened_otherwise_is_not_guessed(self) -> None:
        leaf = {"type": "contact", "action": "archive", "contact": {"phone_number": "351915550123"}}
        event, named = parse(notification(leaf, key="state_sync", field="smb_app_state_sync"))
        assert isinstance(event, ContactChanged)
        assert (event.party, event.saved) == (NAMELESS, None)
        assert isinstance(named, Unrecognized)
        assert named.what == "contact list action “archive”"

    def test_nobody_is_a_bad_leaf(self) -> None:
        leaf = {"type": "contact", "action": "add", "contact": {"full_name": "Nobody"}}
        (event,) = parse(notification(leaf, key="state_sync", field="smb_app_state_sync"))
        assert isinstance(event, BadLeaf)


class PreferenceTests:
    @pytest.mark.parametrize(
        ("name", "word"),
        [("marketing_stopped", "stop"), ("marketing_resumed", "resume"), ("marketing_signup", "signup")],
    )
    def test_no_more_marketing_and_marketing_again(self, name: str, word: str) -> None:
        party = Party("351915550123", USER_ID, "", "Amara Okafor")
        assert only(name) == ContactChanged(**about(f"{LEAF}.user_preferences[0]"), party=party, marketing=word)

    def test_a_preference_about_something_else_than_marketing_is_not_applied(self) -> None:
        leaf = {"wa_id": "351915550123", "category": "utility_messages", "value": "stop", "timestamp": 1760000000}
        event, named = parse(notification(leaf, key="user_preferences", field="user_preferences"))
        assert isinstance(event, ContactChanged)
        assert event.marketing == ""
        assert isinstance(named, Unrecognized)
        assert named.what == "preference “stop” for utility_messages"
