"""The history of the phone app: who wrote what, its files, how far it is, and what is wrong with it."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import (
    AMARA,
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
    text,
)
from whatsapp.events import (
    BadLeaf,
    Direction,
    Fault,
    FaultReported,
    Kind,
    MessageReceived,
    NumberChanged,
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
        messages = [event for event in events if isinstance(event, MessageReceived)]
        assert [(event.historic, event.opens_window) for event in messages] == [(True, False)] * 8

    def test_a_thread_with_somebody_without_a_phone_number(self) -> None:
        party = Party("", USER_ID, NO_PHONE.parent_user_id, "", "amara.okafor")
        place = f"{LEAF}.history[0].threads[0].messages"
        theirs, ours, _progress = read("history_without_phone")
        assert theirs == message("history_bsuid_1", path=f"{place}[0]", party=party, text="Hello", **HISTORIC)
        assert isinstance(ours, MessageReceived)
        assert (ours.party, ours.direction, ours.status) == (party, Direction.OUTBOUND, Status.READ)

    def test_a_message_to_the_person_is_ours_even_when_our_number_is_not_told(self) -> None:
        leaf = text(**{"from": "1", "to_user_id": USER_ID})
        thread = {"context": {"user_id": USER_ID}, "messages": [leaf]}
        (event,) = parse(notification({"threads": [thread]}, key="history", field="history"))
        assert isinstance(event, MessageReceived)
        assert event.direction == Direction.OUTBOUND

    def test_a_thread_that_names_nobody_is_read_from_its_messages(self) -> None:
        leaf = text(**{"from": None, "from_user_id": USER_ID})
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

    def test_what_the_phone_app_wrote_may_come_as_echoes(self) -> None:
        assert only("history_echoes") == message(
            "history_echoes",
            path=f"{LEAF}.message_echoes[0]",
            text="Your frames are ready.",
            status=Status.SENT,
            **OURS,
            **HISTORIC,
        )

    def test_echoes_beside_threads_are_read_too(self) -> None:
        echo = text(id="wamid.BESIDE", **{"from": NUMBER["display_phone_number"], "to": "351915550123"})
        chunk = {"threads": [{"id": "351915550123", "messages": [text()]}]}
        found = parse(notification(chunk, key="history", field="history", message_echoes=[echo]))
        told = [(event.wamid, event.direction) for event in found if isinstance(event, MessageReceived)]
        assert told == [("wamid.PLAIN", Direction.INBOUND), ("wamid.BESIDE", Direction.OUTBOUND)]

    def test_a_history_that_was_declined_says_so(self) -> None:
        title = "History sync is turned off by the business from the WhatsApp Business App"
        assert only("history_declined") == FaultReported(
            **about(f"{LEAF}.history[0].errors"),
            faults=(Fault(2593109, title, "History sharing is turned off by the business"),),
        )

    def test_one_bad_message_does_not_lose_its_thread(self) -> None:
        thread = {"id": "351915550123", "messages": [None, {"type": "text"}, text()]}
        *bad, kept = parse(notification({"threads": [thread]}, key="history", field="history"))
        assert [type(event) for event in bad] == [BadLeaf, BadLeaf]
        assert isinstance(kept, MessageReceived)
        assert kept.path.endswith("threads[0].messages[2]")

    def test_a_message_that_is_still_on_the_phone_is_not_said_to_be_sent(self) -> None:
        ours = text(**{"from": NUMBER["display_phone_number"], "history_context": {"status": "PENDING"}})
        thread = {"id": "351915550123", "messages": [ours]}
        (event,) = parse(notification({"threads": [thread]}, key="history", field="history"))
        assert isinstance(event, MessageReceived)
        assert (event.direction, event.status) == (Direction.OUTBOUND, Status.UNKNOWN)

    def test_a_thread_takes_its_name_from_the_contacts(self) -> None:
        thread = {"id": "351915550123", "messages": [text()]}
        contacts = [{"wa_id": "351915550123", "profile": {"name": "Amara Okafor"}}]
        (event,) = parse(notification({"threads": [thread]}, key="history", field="history", contacts=contacts))
        assert isinstance(event, MessageReceived)
        assert event.party == AMARA

    def test_it_says_how_much_of_it_is_here(self) -> None:
        progress = read("history")[-1]
        assert progress == NumberChanged(
            **about(f"{LEAF}.history[0].metadata", at=None),
            webhook_field="history",
            summary="History of the phone app: phase 1, part 2, 60 % are here.",
        )

    @pytest.mark.parametrize(
        ("chunk", "place"),
        [
            ("x", "history[0]"),
            ({"threads": {"id": "1"}}, "history[0].threads"),
            ({"threads": [7]}, "history[0].threads[0]"),
            ({"threads": [{"id": "1", "messages": "x"}]}, "history[0].threads[0].messages"),
        ],
    )
    def test_what_is_not_a_history_says_where(self, chunk: object, place: str) -> None:
        (event,) = parse(notification(chunk, key="history", field="history"))
        assert isinstance(event, BadLeaf)
        assert event.path == f"{LEAF}.{place}"
