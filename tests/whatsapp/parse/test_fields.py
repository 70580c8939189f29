"""Typed access to the parts of a leaf, and who is who among the contacts of a change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from whatsapp.events import Fault, Party
from whatsapp.parse import fields
from whatsapp.parse.fields import Contacts


class MomentTests:
    @pytest.mark.parametrize("value", ["1760000000", 1760000000, 1760000000.0])
    def test_seconds_as_text_or_number(self, value: object) -> None:
        assert fields.moment(value) == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            "",
            "x",
            "0",
            0,
            -1760000000,
            "-1760000000",
            " 1760000000",
            "+1760000000",
            "1_760_000_000",
            "١٧٦٠٠٠٠٠٠٠",  # int() would read these digits
            "²",
            "99999999999999999999",
            10**400,
            1760000000.5,
            1760000000000,  # milliseconds
            float("1e300"),
            "2025-10-09T08:53:20Z",
            ["1760000000"],
        ],
    )
    def test_anything_else_is_no_time(self, value: object) -> None:
        assert fields.moment(value) is None


class PhoneTests:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("351915550123", "351915550123"),
            ("+351 91 555-0123", "351915550123"),
            ("(351) 91.555 0123", "351915550123"),
            (351915550123, "351915550123"),
            ("", ""),
            ("+", ""),
            ("someone", "someone"),
            ("٣٥١", "٣٥١"),
            ("1" * 33, ""),
            ("x" * 33, ""),
            (None, ""),
            (True, ""),
            ({}, ""),
        ],
    )
    def test_digits_without_a_plus_and_never_a_part_of_something_longer(self, value: object, expected: str) -> None:
        assert fields.phone(value) == expected


class ValueTests:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("a", "a"), (" a ", "a"), (5, "5"), (True, ""), (None, ""), (1.5, ""), ([], ""), ("x" * 65, ""), (10**70, "")],
    )
    def test_an_identifier_is_never_cut(self, value: object, expected: str) -> None:
        assert fields.identifier(value) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [(5, 5), ("5", 5), (5.0, 5), (0, 0), (2**31 - 1, 2**31 - 1)],
    )
    def test_a_whole_number(self, value: object, expected: int) -> None:
        assert fields.whole(value) == expected

    @pytest.mark.parametrize("value", [2**31, -1, True, "٥", "5.0", 5.5, None, [], "9" * 5000, 1e300, 10**400])
    def test_what_does_not_fit_into_a_column_is_no_whole_number(self, value: object) -> None:
        assert fields.whole(value) is None

    @pytest.mark.parametrize(
        ("value", "expected"),
        [(1, 1.0), ("1.5", 1.5), (-2, -2.0), ("nan", None), ("inf", None), (10**400, None), (True, None), ("", None)],
    )
    def test_a_number_is_finite(self, value: object, expected: float | None) -> None:
        assert fields.number(value) == expected

    @pytest.mark.parametrize(("value", "expected"), [("@amara", "amara"), (" amara ", "amara"), (None, ""), ("@", "")])
    def test_a_username_has_no_at(self, value: object, expected: str) -> None:
        assert fields.username(value) == expected

    def test_a_lone_object_counts_as_a_list_of_one(self) -> None:
        assert fields.objects({"a": 1}) == fields.objects([{"a": 1}, None, "x"]) == [{"a": 1}]


class FaultTests:
    def test_details_are_preferred_and_the_title_is_kept(self) -> None:
        error = {"code": 1, "title": "T", "message": "M", "error_data": {"details": "D"}}
        assert fields.faults([error]) == (Fault(1, "T", "D"),)

    def test_a_message_that_says_more_than_the_title_is_the_detail(self) -> None:
        assert fields.faults([{"code": "131026", "title": "T", "message": "M"}]) == (Fault(131026, "T", "M"),)

    def test_a_message_alone_is_the_title(self) -> None:
        assert fields.faults([{"message": "M"}]) == (Fault(0, "M", ""),)

    @pytest.mark.parametrize("value", [None, "x", 5, [], [None, 3], {}])
    def test_what_is_no_error_is_none(self, value: object) -> None:
        assert fields.faults(value) == ()


AMARA = {"profile": {"name": "Amara"}, "wa_id": "351915550123", "user_id": "PT.1"}
BRUNO = {"profile": {"name": "Bruno"}, "wa_id": "351925550999", "user_id": "PT.2"}


class ContactsTests:
    def test_a_user_id_goes_before_a_phone(self) -> None:
        party = Contacts([AMARA, BRUNO]).party(wa_id="351915550123", user_id="PT.2")
        assert party == Party("351915550123", "PT.2", "", "Bruno")

    def test_a_phone_finds_the_user_id(self) -> None:
        party = Contacts([BRUNO, AMARA]).party(wa_id="351915550123")
        assert party == Party("351915550123", "PT.1", "", "Amara")

    def test_a_phone_that_went_to_somebody_else_brings_no_name(self) -> None:
        party = Contacts([AMARA, BRUNO]).party(wa_id="351915550123", user_id="PT.3")
        assert party == Party("351915550123", "PT.3")

    def test_the_only_contact_is_the_only_sender(self) -> None:
        contacts = Contacts([{"profile": {"name": "Amara"}, "user_id": "PT.1"}], {"messages": [{"id": "1"}]})
        assert contacts.party(wa_id="") == Party("", "PT.1", "", "Amara")

    def test_the_only_contact_gives_its_name_to_a_number_written_differently(self) -> None:
        value = {"messages": [{"from": "551187654321"}]}
        party = Contacts([{"profile": {"name": "Bia"}, "wa_id": "5511987654321"}], value).party(wa_id="551187654321")
        assert party == Party("551187654321", "", "", "Bia")

    def test_ids_of_one_kind_that_differ_are_never_mixed(self) -> None:
        value = {"messages": [{"from_user_id": "PT.9"}]}
        assert Contacts([AMARA], value).party(wa_id="", user_id="PT.9") == Party("", "PT.9", "", "Amara")

    def test_the_only_contact_is_not_everybody(self) -> None:
        value = {"messages": [{"from": "351915550123"}, {"from": "351925550999"}]}
        assert Contacts([AMARA], value).party(wa_id="351925550999") == Party("351925550999")

    def test_a_status_for_somebody_else_is_not_about_the_only_contact(self) -> None:
        value = {"messages": [{"from": "351915550123"}], "statuses": [{"recipient_user_id": "PT.2"}]}
        assert Contacts([AMARA], value).party(wa_id="", user_id="PT.2") == Party("", "PT.2")

    @pytest.mark.parametrize("contacts", [None, [], [None, 5, "x"], [{"profile": []}], [{"wa_id": {}}]])
    def test_contacts_that_make_no_sense_name_nobody(self, contacts: object) -> None:
        assert Contacts(contacts, {"messages": [{}]}).party(wa_id="1") == Party("1")
