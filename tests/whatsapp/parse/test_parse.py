"""Whole notifications: every field, every envelope, and whatever else may come instead."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whatsapp.parse.support import AMARA, FIXTURES, LEAF, NUMBER, load, message, notification, only, read, text
from whatsapp import events
from whatsapp.events import BadLeaf, Fault, FaultReported, MessageReceived, Party, Unrecognized
from whatsapp.parse import parse, parse_entry
from whatsapp.parse.fields import MAX_ID, MAX_NAME, MAX_PHONE, MAX_USER_ID, MAX_USERNAME, MAX_WAMID

NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))


def strings(value: object) -> Iterator[str]:
    """Every string in an event, the keys of its payload and its raw leaf included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from strings(key)
            yield from strings(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from strings(child)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from strings(getattr(value, field.name))


def assert_clean(body: bytes) -> None:
    """Whatever is in the body: it is read or refused, and what is read fits into rows."""
    try:
        found = parse(body)
    except events.UnreadableError:
        return
    for event in found:
        for word in strings(event):
            assert "\0" not in word
            word.encode()
        assert len(event.phone_number_id) <= MAX_ID
        assert len(event.waba_id) <= MAX_ID
        for name in ("wamid", "call_id", "target_wamid", "quoted_wamid"):
            assert len(getattr(event, name, "")) <= MAX_WAMID
        for party in (getattr(event, name, None) for name in ("party", "previous", "participant")):
            if party is not None:
                assert len(party.wa_id) <= MAX_PHONE
                assert max(len(party.user_id), len(party.parent_user_id)) <= MAX_USER_ID
                assert len(party.name) <= MAX_NAME
                assert len(party.username) <= MAX_USERNAME


class FieldTests:
    def test_an_error_without_a_message_is_kept(self) -> None:
        details = (
            "Message failed to send because there were too many messages sent from this phone number "
            "in a short period of time"
        )
        assert only("errors_only") == FaultReported(
            **NUMBER, path=f"{LEAF}.errors", faults=(Fault(130429, "Rate limit hit", details),)
        )

    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("unknown_field", "field telepathy"),
            ("tracking_events", "field tracking_events"),
            ("consumer_profile", "field consumer_profile"),
            ("user_id_update", "field user_id_update"),  # withdrawn by Meta in August 2026
            ("user_actions", "user_actions"),
            ("nothing_known", "“mood_context” in field messages"),
        ],
    )
    def test_what_we_have_no_use_for_is_counted(self, name: str, what: str) -> None:
        event = only(name)
        assert isinstance(event, Unrecognized)
        assert event.what == what

    def test_a_standby_of_another_shape_is_counted(self) -> None:
        (event,) = parse(notification({}, key="standby", field="standby"))
        assert isinstance(event, Unrecognized)

    def test_the_raw_leaf_is_what_came(self) -> None:
        leaf = json.loads(load("image"))["entry"][0]["changes"][0]["value"]["messages"][0]
        (event,) = parse(load("image"))
        assert event.raw == leaf

    def test_a_fault_of_a_history_does_not_carry_its_threads(self) -> None:
        chunk = {"errors": [{"code": 1}], "threads": [{"id": "1", "messages": []}]}
        (event,) = parse(notification(chunk, key="history", field="history"))
        assert event.raw == {"errors": [{"code": 1}]}


class EnvelopeTests:
    def test_a_batch_is_read_in_its_order(self) -> None:
        first, second, status = read("batch")
        assert first == message("batch_1", text="To 351215550100")
        assert second == message(
            "batch_2",
            path="entry[0].changes[1].value.messages[0]",
            phone_number_id="200000000000002",
            display_phone_number="351215550200",
            text="To 351215550200",
        )
        assert (status.path, type(status).__name__) == ("entry[1].changes[0].value.statuses[0]", "StatusChanged")

    def test_the_dashboards_test_button(self) -> None:
        event = only("dashboard_sample")
        assert (event.wamid, event.party.name, event.phone_number_id) == ("ABGGFlA5Fpa", "test user name", "123456123")

    def test_one_entry_without_its_envelope(self) -> None:
        assert only("entry_without_envelope") == message("entry_without_envelope", text="Bare")

    def test_the_entry_that_aws_wraps(self) -> None:
        (entry,) = json.loads(load("text"))["entry"]
        (event,) = parse_entry(entry, path="whatsAppWebhookEntry")
        assert isinstance(event, MessageReceived)
        assert event.path == "whatsAppWebhookEntry.changes[0].value.messages[0]"
        assert event.party == AMARA

    @pytest.mark.parametrize(
        ("body", "path", "reason"),
        [
            ({}, "entry", "The notification has no list “entry”."),
            ({"entry": {}}, "entry", "The notification has no list “entry”."),
            ({"entry": [None]}, "entry[0]", "This entry is not an object."),
            ({"entry": [{"id": "1"}]}, "entry[0]", "This entry has no list “changes”."),
            ({"entry": [{"changes": [7]}]}, "entry[0].changes[0]", "This change has no object “value”."),
            ({"entry": [{"changes": [{"value": []}]}]}, "entry[0].changes[0]", "This change has no object “value”."),
        ],
    )
    def test_a_broken_envelope_says_where(self, body: object, path: str, reason: str) -> None:
        (event,) = parse(json.dumps(body).encode())
        assert isinstance(event, BadLeaf)
        assert (event.path, event.reason) == (path, reason)

    @pytest.mark.parametrize(
        ("leaves", "reason"),
        [({"0": "x"}, "“messages” is not a list."), (["x"], "This item of “messages” is not an object.")],
    )
    def test_leaves_of_the_wrong_type_say_so(self, leaves: object, reason: str) -> None:
        (event,) = parse(notification(text(), messages=leaves))
        assert isinstance(event, BadLeaf)
        assert event.reason == reason

    def test_one_bad_leaf_never_loses_its_siblings(self) -> None:
        leaves = [text(id="wamid.1"), None, {"id": None, "type": "text"}, text(id="wamid.2")]
        kinds = [type(event) for event in parse(notification(text(), messages=leaves))]
        assert kinds == [MessageReceived, BadLeaf, BadLeaf, MessageReceived]

    @pytest.mark.parametrize(
        ("key", "reason"),
        [("contacts", "“contacts” is not a list."), ("errors", "“errors” is not a list.")],
    )
    def test_what_is_said_once_for_all_leaves_may_be_wrong_and_they_are_read(self, key: str, reason: str) -> None:
        problem, event = parse(notification(text(), **{key: "x"}))
        assert isinstance(problem, BadLeaf)
        assert (problem.path, problem.reason) == (f"{LEAF}.{key}", reason)
        assert isinstance(event, MessageReceived)

    def test_without_our_number_nothing_can_be_placed(self) -> None:
        (event,) = parse(notification(text(), metadata=None))  # missing; of a wrong type, that is said as well
        assert isinstance(event, BadLeaf)
        assert event.reason == "It does not say which of our numbers it is about."

    def test_a_time_that_makes_no_sense_is_none_and_the_message_is_kept(self) -> None:
        (event,) = parse(notification(text(timestamp="99999999999999999999")))
        assert isinstance(event, MessageReceived)
        assert event.at is None

    def test_a_thousand_updates_in_one_notification(self) -> None:
        leaves = [text(id=f"wamid.{index}", **{"from": str(351_900_000_000 + index)}) for index in range(1000)]
        contacts = [{"wa_id": leaf["from"], "profile": {"name": leaf["id"]}} for leaf in reversed(leaves)]
        found = parse(notification(text(), messages=leaves, contacts=contacts))
        assert [(event.wamid, event.party) for event in found if isinstance(event, MessageReceived)] == [
            (leaf["id"], Party(wa_id=leaf["from"], name=leaf["id"])) for leaf in leaves
        ]


class OwnFixturesTests:
    """Every notification of tests/fixtures/meta; the tests of each module say what exactly it is."""

    @pytest.mark.parametrize("name", NAMES)
    def test_nothing_in_it_is_bad(self, name: str) -> None:
        found = read(name)
        assert found
        assert [event for event in found if isinstance(event, BadLeaf)] == []
        assert_clean(load(name))


SUSPECTS = [None, True, 0, -1, 1.5, 10**30, "", "\0\ud800", "x" * 1000, [], {}, [[]], [{}]]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**17, max_value=10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=12)
    | st.sampled_from(["\0", "\ud83d", "x" * 400, "1" * 300, "text", "NaN", "{}", "messages", "1760000000"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


DOCUMENTS: list[dict[str, Any]] = [json.loads(load(name)) for name in NAMES]


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """One of our notifications with up to three parts replaced by anything."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from([place for place in places(document) if place]))
        parent: Any = document
        for key in path:
            parent = parent[key]
        parent[last] = draw(JSON)
    return document


class AnythingTests:
    @settings(max_examples=300, deadline=None)
    @given(document=damaged())
    def test_any_value_in_any_place_is_read_or_a_bad_leaf(self, document: dict[str, Any]) -> None:
        assert_clean(json.dumps(document).encode())

    @pytest.mark.parametrize("value", SUSPECTS)
    def test_the_usual_suspects_in_every_place_of_every_fixture(self, value: object) -> None:
        for document in DOCUMENTS:
            for place in list(places(document))[1:]:
                *path, last = place
                changed = copy.deepcopy(document)
                parent: Any = changed
                for key in path:
                    parent = parent[key]
                parent[last] = value
                assert_clean(json.dumps(changed).encode())

    @settings(max_examples=200, deadline=None)
    @given(body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
    def test_any_bytes_are_read_or_refused(self, body: bytes) -> None:
        assert_clean(body)

    @settings(max_examples=100, deadline=None)
    @given(document=JSON)
    def test_any_json_is_read_or_refused(self, document: object) -> None:
        assert_clean(json.dumps(document).encode())
