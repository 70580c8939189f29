"""Phone numbers as people, programs and WhatsApp write them."""

from __future__ import annotations

import pytest

from whatsapp import phone_numbers
from whatsapp.phone_numbers import AmbiguousPhoneError, NotAPhoneError

#: As WhatsApp names people: Portugal, Mexico with its 1 and without, Brazil with its 9 and without, Argentina.
WA_IDS = ["351915550123", "5215512345678", "525512345678", "5511987654321", "551187654321", "5491112345678"]


class ReadTests:
    @pytest.mark.parametrize("wa_id", WA_IDS)
    @pytest.mark.parametrize("country", ["PT", "MX", "BR", "AR", "US"])
    def test_what_we_print_is_taken_back_as_it_is(self, wa_id: str, country: str) -> None:
        assert phone_numbers.read(f"+{wa_id}", [country]) == f"+{wa_id}"

    @pytest.mark.parametrize("wa_id", WA_IDS)
    def test_a_whole_number_without_a_plus_is_left_alone(self, wa_id: str) -> None:
        assert phone_numbers.read(wa_id, ["PT"]) == f"+{wa_id}"

    @pytest.mark.parametrize(
        ("written", "country", "meant"),
        [
            ("915 550 123", "PT", "+351915550123"),
            ("0151 23456789", "DE", "+4915123456789"),
            ("(415) 555-2671", "US", "+14155552671"),
        ],
    )
    def test_one_that_cannot_be_whole_gets_the_own_country(self, written: str, country: str, meant: str) -> None:
        assert phone_numbers.read(written, [country]) == meant

    @pytest.mark.parametrize("written", ["00351 915 550 123", "+351 915 550 123", "+351-915-550-123 "])
    def test_with_a_plus_or_00_it_means_itself(self, written: str) -> None:
        assert phone_numbers.read(written, ["US"]) == "+351915550123"

    def test_where_both_make_sense_it_asks_and_names_both(self) -> None:
        with pytest.raises(AmbiguousPhoneError, match=r"“5165024110” can be \+15165024110 or \+5165024110") as raised:
            phone_numbers.read("5165024110", ["US"])
        assert "Write it with a plus and its country code." in str(raised.value)

    def test_two_own_countries_can_both_make_sense(self) -> None:
        with pytest.raises(AmbiguousPhoneError):
            phone_numbers.read("612345678", ["ES", "FR"])

    @pytest.mark.parametrize("written", ["", "hello", "+", "12", "+351 LISBOA", "+1234", "+" + "1" * 40])
    def test_what_is_none_is_refused_with_a_sentence(self, written: str) -> None:
        with pytest.raises(NotAPhoneError, match="country code"):
            phone_numbers.read(written, ["PT"])


class E164Tests:
    @pytest.mark.parametrize("written", ["+351 21 555 0100", "351215550100", "+351215550100"])
    def test_the_ways_to_write_one_number_are_one(self, written: str) -> None:
        assert phone_numbers.e164(written) == "+351215550100"

    @pytest.mark.parametrize("written", ["", "21 555 0100", "GROUP-1"])
    def test_what_has_no_country_stays(self, written: str) -> None:
        assert phone_numbers.e164(written) == written

    def test_its_country_is_known(self) -> None:
        assert phone_numbers.country_of("+351 21 555 0100") == "PT"
        assert phone_numbers.country_of("21 555 0100") == ""
