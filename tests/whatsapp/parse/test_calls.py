"""Calls: every step of one, in both directions."""

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
    notification,
    only,
    read,
)
from whatsapp.events import (
    BadLeaf,
    CallChanged,
    Direction,
    Fault,
    FaultReported,
    Kind,
    MessageReceived,
    Party,
    Unrecognized,
)
from whatsapp.parse import parse


class CallTests:
    def call(self, step: str, *, path: str = f"{LEAF}.calls[0]", **fields: object) -> CallChanged:
        return CallChanged(
            **(about(path) | {"call_id": "wacid.CALL", "step": step, "party": AMARA, "directed": True} | fields)
        )

    def test_the_customer_calls(self) -> None:
        assert only("call_connect") == self.call("connect")

    def test_it_ends_with_its_length(self) -> None:
        assert only("call_terminate") == self.call("terminate", duration=65)

    def test_it_fails_with_the_reason(self) -> None:
        fault = Fault(138021, "Call error", "No answer from the phone")
        assert only("call_failed") == self.call("failed", faults=(fault,))

    @pytest.mark.parametrize(
        ("status", "step"),
        [
            ("FAILED", "failed"),
            ("Failed", "failed"),
            (["FAILED"], "failed"),
            ("COMPLETED", "terminate"),
            (["Failed", "Completed"], "terminate"),
            (None, "terminate"),
            (7, "terminate"),
        ],
    )
    def test_only_a_terminate_that_says_so_is_a_failed_call(self, status: object, step: str) -> None:
        leaf = {"id": "wacid.X", "event": "terminate", "from": "351915550123", "status": status}
        (event,) = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(event, CallChanged)
        assert event.step == step

    def test_the_reason_of_a_failure_may_stand_beside_the_call(self) -> None:
        leaf = {"id": "wacid.X", "event": "terminate", "from": "351915550123", "status": "FAILED"}
        errors = [{"code": 138007, "title": "Connection timeout"}]
        event, reported = parse(notification(leaf, key="calls", field="calls", errors=errors))
        assert isinstance(event, CallChanged)
        assert event.faults == (Fault(138007, "Connection timeout"),)
        assert isinstance(reported, FaultReported)

    def test_its_length_is_told_by_when_it_began_and_ended(self) -> None:
        leaf = {"id": "wacid.X", "event": "terminate", "from": "351915550123"}
        leaf |= {"start_time": "1760000000", "end_time": "1760000042"}
        (event,) = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(event, CallChanged)
        assert event.duration == 42

    def test_we_call(self) -> None:
        assert only("call_ours") == self.call("connect", party=NAMELESS, direction=Direction.OUTBOUND)

    def test_somebody_without_a_phone_number_calls(self) -> None:
        assert only("call_without_phone") == self.call("connect", party=NO_PHONE)

    def test_its_recording_is_a_file_of_it(self) -> None:
        assert only("call_recording") == self.call("recording", media=file(3100031, "audio/ogg"))

    def test_its_transcript_is_a_line_with_a_document(self) -> None:
        told, transcript = read("call_transcript")
        assert told == self.call("transcript", directed=False)
        assert isinstance(transcript, MessageReceived)
        assert (transcript.kind, transcript.party, transcript.opens_window) == (Kind.SYSTEM, AMARA, False)
        assert transcript.payload == {"type": "call_transcript", "call_id": "wacid.CALL"}
        assert transcript.media == file(3100032, "application/json", file_name="Call transcript.json")
        assert transcript.wamid.startswith("line.transcript.")

    @pytest.mark.parametrize("event", ["call_recording_available", "call_transcription_available"])
    def test_a_file_without_an_id_is_named_and_the_call_is_kept(self, event: str) -> None:
        leaf = {"id": "wacid.X", "event": event, "from": "351915550123"}
        told, bad = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(told, CallChanged)
        assert isinstance(bad, BadLeaf)
        assert bad.reason.endswith("of the call has no usable file id.")

    def test_an_event_that_we_do_not_know_is_no_call_and_is_named(self) -> None:
        event = only("call_event_of_the_future")
        assert isinstance(event, Unrecognized)
        assert event.what == "call event call_put_on_hold"

    def test_the_customer_of_a_call_of_ours_is_who_stands_in_contacts(self) -> None:
        assert only("call_created") == self.call("created", direction=Direction.OUTBOUND)

    def test_the_contact_gives_the_phone_number_where_from_and_to_are_ours(self) -> None:
        ours = NUMBER["display_phone_number"]
        leaf = {"id": "wacid.X", "event": "connect", "direction": "BUSINESS_INITIATED", "from": ours, "to": ours}
        contacts = [{"wa_id": "351915550123", "user_id": USER_ID, "profile": {"name": "Amara Okafor"}}]
        (event,) = parse(notification(leaf | {"to_user_id": USER_ID}, key="calls", field="calls", contacts=contacts))
        assert isinstance(event, CallChanged)
        assert event.party == Party("351915550123", USER_ID, "", "Amara Okafor")

    @pytest.mark.parametrize("word", ["ringing", "accepted", "rejected"])
    def test_how_a_call_of_ours_goes(self, word: str) -> None:
        assert only(f"call_{word}") == self.call(
            word, path=f"{LEAF}.statuses[0]", party=NAMELESS, direction=Direction.OUTBOUND
        )

    def test_a_status_that_we_do_not_know_is_named_and_rings_nowhere(self) -> None:
        leaf = {"id": "wacid.X", "status": "PARKED", "recipient_id": "351915550123"}
        told, named = parse(notification(leaf, key="statuses", field="calls"))
        assert isinstance(told, CallChanged)
        assert told.step == "other"
        assert isinstance(named, Unrecognized)
        assert named.what == "call status parked"

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

    @pytest.mark.parametrize(
        ("direction", "outbound"), [("BUSINESS_INITIATED", Direction.OUTBOUND), ("USER_INITIATED", Direction.INBOUND)]
    )
    @pytest.mark.parametrize("swapped", [False, True])
    def test_the_person_is_never_our_own_number(self, direction: str, outbound: Direction, swapped: bool) -> None:
        caller, called = NUMBER["display_phone_number"], "351915550123"
        if swapped != (direction == "USER_INITIATED"):
            caller, called = called, caller
        leaf = {"id": "wacid.X", "event": "connect", "direction": direction, "from": caller, "to": called}
        (event,) = parse(notification(leaf, key="calls", field="calls"))
        assert isinstance(event, CallChanged)
        assert (event.direction, event.party) == (outbound, NAMELESS)
