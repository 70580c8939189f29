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
    about,
    notification,
    only,
)
from whatsapp.events import (
    CallChanged,
    Direction,
    Fault,
)
from whatsapp.parse import parse


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
