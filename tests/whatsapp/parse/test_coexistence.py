"""What comes from the phone app and from calls: history, its contact list, preferences, every step of a call."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import (
    AMARA,
    AT,
    LEAF,
    NAMELESS,
    NO_PHONE,
    NUMBER,
    USER_ID,
    about,
    file,
    message,
    notification,
    only,
    read,
)
from whatsapp.events import (
    BadLeaf,
    CallChanged,
    ContactChanged,
    Direction,
    Fault,
    FaultReported,
    Kind,
    MessageReceived,
    Origin,
    Party,
    Status,
)
from whatsapp.parse import parse

HISTORIC = {"historic": True, "opens_window": False}
OURS = {"direction": Direction.OUTBOUND, "origin": Origin.PHONE_APP}


class HistoryTests:
    def test_a_thread_tells_who_wrote_what(self) -> None:
        theirs, *rest = read("history")
        assert theirs == message(
            "history_theirs",
            path=f"{LEAF}.history[0].threads[0].messages[0]",
            party=NAMELESS,
            text="Are you open?",
            **HISTORIC,
        )
        told = [
            (event.wamid, event.direction, event.origin, event.kind, event.status)
            for event in rest
            if isinstance(event, MessageReceived)
        ]
        assert told == [
            ("wamid.HISTORY_OURS", Direction.OUTBOUND, Origin.PHONE_APP, Kind.TEXT, Status.PLAYED),
            ("wamid.HISTORY_FAILED", Direction.OUTBOUND, Origin.PHONE_APP, Kind.TEXT, Status.FAILED),
            ("wamid.HISTORY_PLACEHOLDER", Direction.INBOUND, Origin.CUSTOMER, Kind.UNSUPPORTED, None),
            ("wamid.HISTORY_OTHER", Direction.INBOUND, Origin.CUSTOMER, Kind.TEXT, None),
        ]

    def test_each_thread_is_another_person(self) -> None:
        people = [event.party.wa_id for event in read("history") if isinstance(event, MessageReceived)]
        assert people == ["351915550123"] * 4 + ["551987650321"]

    def test_nothing_of_it_opens_a_window(self) -> None:
        events = [*read("history"), *read("history_without_phone"), *read("history_media")]
        assert [(event.historic, event.opens_window) for event in events] == [(True, False)] * len(events)

    def test_a_thread_with_somebody_without_a_phone_number(self) -> None:
        party = Party("", USER_ID, NO_PHONE.parent_user_id, "", "amara.okafor")
        place = f"{LEAF}.history[0].threads[0].messages"
        theirs, ours = read("history_without_phone")
        assert theirs == message("history_bsuid_1", path=f"{place}[0]", party=party, text="Hello", **HISTORIC)
        assert isinstance(ours, MessageReceived)
        assert (ours.party, ours.direction, ours.status) == (party, Direction.OUTBOUND, Status.READ)

    def test_a_message_to_the_person_is_ours_even_when_our_number_is_not_told(self) -> None:
        leaf = {"id": "wamid.X", "type": "text", "from": "1", "to_user_id": USER_ID}
        thread = {"context": {"user_id": USER_ID}, "messages": [leaf]}
        (event,) = parse(notification({"threads": [thread]}, key="history", field="history"))
        assert isinstance(event, MessageReceived)
        assert event.direction == Direction.OUTBOUND

    def test_a_thread_that_names_nobody_is_read_from_its_messages(self) -> None:
        leaf = {"id": "wamid.X", "type": "text", "from_user_id": USER_ID}
        (event,) = parse(notification({"threads": [{"messages": [leaf]}]}, key="history", field="history"))
        assert isinstance(event, MessageReceived)
        assert event.party == Party(user_id=USER_ID)

    def test_a_file_comes_later_under_the_id_of_its_placeholder(self) -> None:
        assert only("history_media").wamid == read("history")[3].wamid  # type: ignore[union-attr]
        assert only("history_media") == message(
            "history_placeholder",
            at=read("history")[3].at,
            party=NAMELESS,
            kind=Kind.IMAGE,
            text="The old shop",
            media=file(3100015, "image/jpeg"),
            **HISTORIC,
        )

    def test_a_file_that_we_sent(self) -> None:
        assert only("history_media_of_ours") == message(
            "history_our_photo",
            party=NAMELESS,
            kind=Kind.IMAGE,
            media=file(3100016, "image/jpeg"),
            status=Status.SENT,
            **OURS,
            **HISTORIC,
        )

    def test_a_history_that_was_declined_says_so(self) -> None:
        title = "History sync is turned off by the business from the WhatsApp Business App"
        assert only("history_declined") == FaultReported(
            **about(f"{LEAF}.history[0].errors"),
            faults=(Fault(2593109, title, "History sharing is turned off by the business"),),
        )

    def test_one_bad_message_does_not_lose_its_thread(self) -> None:
        good = {"id": "wamid.X", "type": "text", "from": "351915550123"}
        thread = {"id": "351915550123", "messages": [None, {"type": "text"}, good]}
        *bad, kept = parse(notification({"threads": [thread]}, key="history", field="history"))
        assert [type(event) for event in bad] == [BadLeaf, BadLeaf]
        assert isinstance(kept, MessageReceived)
        assert kept.path.endswith("threads[0].messages[2]")


class ContactListTests:
    def test_somebody_was_saved(self) -> None:
        party = Party("351915550123", USER_ID, "", "Amara (frames)", "amara.okafor")
        assert only("contact_saved") == ContactChanged(**about(f"{LEAF}.state_sync[0]"), party=party, saved=True)

    def test_somebody_was_removed(self) -> None:
        assert only("contact_removed") == ContactChanged(**about(f"{LEAF}.state_sync[0]"), party=NAMELESS, saved=False)

    def test_nobody_is_a_bad_leaf(self) -> None:
        leaf = {"type": "contact", "action": "add", "contact": {"full_name": "Nobody"}}
        (event,) = parse(notification(leaf, key="state_sync", field="smb_app_state_sync"))
        assert isinstance(event, BadLeaf)


class PreferenceTests:
    @pytest.mark.parametrize(
        ("name", "word"), [("marketing_stopped", "stop"), ("marketing_resumed", "resume"), ("marketing_signup", "")]
    )
    def test_no_more_marketing_and_marketing_again(self, name: str, word: str) -> None:
        party = Party("351915550123", USER_ID, "", "Amara Okafor")
        assert only(name) == ContactChanged(**about(f"{LEAF}.user_preferences[0]"), party=party, marketing=word)


class CallTests:
    def call(self, step: str, *, path: str = f"{LEAF}.calls[0]", **fields: object) -> CallChanged:
        return CallChanged(**(about(path) | {"call_id": "wacid.CALL", "step": step, "party": AMARA} | fields))

    def test_the_customer_calls(self) -> None:
        assert only("call_connect") == self.call("connect")

    def test_it_ends_with_its_length(self) -> None:
        assert only("call_terminate") == self.call("terminate", duration=65)

    def test_it_fails_with_the_reason(self) -> None:
        fault = Fault(138021, "Call error", "No answer from the phone")
        assert only("call_failed") == self.call("terminate", faults=(fault,))

    def test_we_call(self) -> None:
        assert only("call_ours") == self.call("connect", party=NAMELESS, direction=Direction.OUTBOUND)

    def test_somebody_without_a_phone_number_calls(self) -> None:
        assert only("call_without_phone") == self.call("connect", party=NO_PHONE)

    def test_a_step_that_we_do_not_know(self) -> None:
        assert only("call_recording") == self.call("other")

    @pytest.mark.parametrize("word", ["ringing", "accepted", "rejected"])
    def test_how_a_call_of_ours_goes(self, word: str) -> None:
        assert only(f"call_{word}") == self.call(
            word, path=f"{LEAF}.statuses[0]", party=NAMELESS, direction=Direction.OUTBOUND
        )

    def test_without_a_direction_the_caller_tells_it(self) -> None:
        leaf = {"id": "wacid.X", "event": "connect", "from": NUMBER["display_phone_number"], "to": "351915550123"}
        (event,) = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(event, CallChanged)
        assert (event.direction, event.party, event.at) == (Direction.OUTBOUND, NAMELESS, None)

    @pytest.mark.parametrize("duration", [None, "x", -1, 10**12, [], 1.5])
    def test_a_length_that_makes_no_sense_is_none(self, duration: object) -> None:
        leaf = {"id": "wacid.X", "event": "terminate", "from": "351915550123", "duration": duration}
        (event,) = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(event, CallChanged)
        assert event.duration is None

    def test_its_time_is_whatsapps(self) -> None:
        assert only("call_connect").at == AT
