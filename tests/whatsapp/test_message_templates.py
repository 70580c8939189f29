"""Message templates: what they ask for, whether values fit, how they look, and what is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp.message_templates import Button, check, parameters, parse, render

BODY = {"type": "BODY", "text": "Hello *{{1}}*, it comes on {{2}}.", "example": {"body_text": [["Amara", "Friday"]]}}
NAMED = {
    "type": "BODY",
    "text": "Hi {{first_name}}, see you on {{day}}. Yes, {{day}}.",
    "example": {
        "body_text_named_params": [
            {"param_name": "first_name", "example": "Amara"},
            {"param_name": "day", "example": "Tuesday"},
        ]
    },
}
IMAGE = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://example.com/a.jpg"]}}
FOOTER = {"type": "FOOTER", "text": "Norte Bicycles"}
PICK_UP = {
    "type": "URL",
    "text": "Track",
    "url": "https://norte.example/t/{{1}}",
    "example": ["https://norte.example/t/7"],
}
CODE = [
    {"type": "BODY", "text": "*{{1}}* is your verification code.", "add_security_recommendation": True},
    {"type": "FOOTER", "text": "This code expires in 5 minutes.", "code_expiration_minutes": 5},
    {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Copy code",
                "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456"],
            }
        ],
    },
]


def buttons(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(listed)}


def keys(components: list[dict[str, Any]], parameter_format: str = "") -> list[tuple[str, str]]:
    return [(field.key, field.kind) for field in parse(components, parameter_format).fields]


class FormTests:
    def test_it_asks_for_what_the_definition_leaves_open_in_the_order_of_the_message(self) -> None:
        form = parse([IMAGE, BODY, FOOTER, buttons({"type": "QUICK_REPLY", "text": "Yes"}, PICK_UP)], "POSITIONAL")
        assert [(field.key, field.kind) for field in form.fields] == [
            ("header", "image"),
            ("body.1", "text"),
            ("body.2", "text"),
            ("button.1", "url_suffix"),
        ]
        assert [field.example for field in form.fields] == ["", "Amara", "Friday", "7"]
        assert form.fields[3].prefix == "https://norte.example/t/"
        assert (form.refusal, form.media_kind, form.named) == ("", "image", False)

    def test_named_placeholders_are_asked_for_once_each(self) -> None:
        form = parse([NAMED], "NAMED")
        assert [(field.key, field.label, field.example) for field in form.fields] == [
            ("body.first_name", "First name", "Amara"),
            ("body.day", "Day", "Tuesday"),
        ]
        assert form.named

    def test_a_definition_without_its_format_is_told_by_its_placeholders(self) -> None:
        assert parse([NAMED]).named
        assert not parse([BODY]).named

    def test_numbers_count_in_their_order_whatever_the_sentence(self) -> None:
        text = {"type": "BODY", "text": "{{2}} {{10}} {{1}}"}
        assert keys([text]) == [("body.1", "text"), ("body.2", "text"), ("body.10", "text")]

    def test_types_in_small_letters_are_the_same(self) -> None:
        assert keys([{"type": "body", "text": "{{1}}"}, {"type": "header", "format": "video"}]) == [
            ("header", "video"),
            ("body.1", "text"),
        ]

    def test_a_header_may_be_text_or_a_place(self) -> None:
        assert keys([{"type": "HEADER", "format": "TEXT", "text": "For {{1}}"}, BODY])[0] == ("header.1", "text")
        assert keys([{"type": "HEADER", "format": "LOCATION"}, BODY])[0] == ("header", "location")

    def test_a_code_is_asked_for_once_and_needs_a_phone_number(self) -> None:
        form = parse(CODE)
        assert [(field.key, field.label) for field in form.fields] == [("body.1", "Code")]
        assert form.needs_phone
        assert not form.refusal

    @pytest.mark.parametrize("button", ["QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL", "REQUEST_CONTACT_INFO", "FLOW"])
    def test_buttons_that_need_nothing_ask_for_nothing(self, button: str) -> None:
        form = parse([BODY, buttons({"type": button, "text": "x"})])
        assert len(form.fields) == 2
        assert not form.refusal

    @pytest.mark.parametrize(
        "components",
        [
            [BODY, {"type": "CAROUSEL", "cards": []}],
            [BODY, {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "x"}}],
            [BODY, {"type": "SOMETHING_NEW"}],
            [BODY, buttons({"type": "CATALOG", "text": "x"})],
            [BODY, buttons({"type": "MPM", "text": "x"})],
            [BODY, buttons({"type": "SOMETHING_NEW", "text": "x"})],
            [{"type": "HEADER", "format": "PRODUCT"}, BODY],
            [],
            None,
            "text",
        ],
    )
    def test_what_cannot_be_sent_says_so(self, components: Any) -> None:
        refusal = parse(components).refusal
        assert refusal.endswith(".")
        with pytest.raises(ValueError, match="template"):
            parameters(components, "", {})


class CheckTests:
    FORM = parse([IMAGE, BODY, buttons(PICK_UP)])
    VALUES = {"body": ["Amara", "Friday"], "buttons": {"0": "7"}}

    def test_right_values_are_fine(self) -> None:
        assert check(self.FORM, self.VALUES) == {}
        assert check(self.FORM, {"body": {"1": "Amara", "2": "Friday"}, "buttons": {"0": "7"}}) == {}
        assert check(parse([NAMED]), {"body": ["Amara", "Tuesday"]}) == {}

    def test_everything_missing_is_named(self) -> None:
        wrong = check(self.FORM, {}, has_media=False)
        assert set(wrong) == {"header", "body.1", "body.2", "button.0"}

    @pytest.mark.parametrize(
        "value",
        ["", "  ", "a\nb", "a\tb", "a\rb", "a    b", "a\u2028b", "x" * 1025, "a\x00b", "a\ud83d", None, [], {}, True],
    )
    def test_a_value_that_whatsapp_refuses_is_refused(self, value: object) -> None:
        assert set(check(self.FORM, self.VALUES | {"body": ["Amara", value]})) == {"body.2"}

    def test_three_spaces_and_markup_are_fine(self) -> None:
        assert check(self.FORM, self.VALUES | {"body": ["a   b", "<b>*x*</b> {{1}}"]}) == {}

    @pytest.mark.parametrize("suffix", ["a b", "a\nb", "<x>", 'a"b', "x" * 2000, "a\u202eb", "a\\b"])
    def test_the_end_of_an_address_has_to_be_one(self, suffix: str) -> None:
        assert set(check(self.FORM, self.VALUES | {"buttons": {"0": suffix}})) == {"button.0"}

    def test_the_whole_text_has_a_limit_too(self) -> None:
        wrong = check(self.FORM, self.VALUES | {"body": ["x" * 600, "y" * 600]})
        assert "1,024" in wrong["body"]

    def test_a_body_alone_may_be_long(self) -> None:
        values = {"body": ["x" * 600, "y" * 600]}
        assert check(parse([BODY]), values) == {}
        assert "body" in check(parse([BODY, FOOTER]), values)

    def test_a_header_has_sixty_characters_in_all(self) -> None:
        form = parse([{"type": "HEADER", "format": "TEXT", "text": "For {{1}}"}, {"type": "BODY", "text": "x"}])
        assert check(form, {"header": ["x" * 56]}) == {}
        assert "60" in check(form, {"header": ["x" * 57]})["header"]

    def test_a_place_is_one(self) -> None:
        form = parse([{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "x"}])
        assert check(form, {"header": {"latitude": 38.7, "longitude": -9.1}}) == {}
        for place in (None, [], {}, {"latitude": 99, "longitude": 0}):
            assert set(check(form, {"header": place})) == {"header"}

    def test_codes_are_short(self) -> None:
        assert check(parse(CODE), {"body": ["123456"]}) == {}
        assert "15" in check(parse(CODE), {"body": ["1" * 16]})["body.1"]


class RenderTests:
    def test_it_is_what_the_customer_sees(self) -> None:
        shown = render(
            [
                {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
                BODY,
                FOOTER,
                buttons(
                    PICK_UP,
                    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+351215550100"},
                    {"type": "COPY_CODE", "example": ["SPRING"]},
                    {"type": "QUICK_REPLY", "text": "Stop"},
                ),
            ],
            {"header": ["77"], "body": ["Amara", "Friday"], "buttons": {"0": "77?a=1", "2": "BIKE25"}},
        )
        assert (shown.header_format, shown.header) == ("TEXT", "Order 77")
        assert shown.body == "Hello *Amara*, it comes on Friday."
        assert shown.footer == "Norte Bicycles"
        assert shown.buttons == (
            Button("URL", "Track", "https://norte.example/t/77?a=1"),
            Button("PHONE_NUMBER", "Call", "+351215550100"),
            Button("COPY_CODE", "Copy offer code", "BIKE25"),
            Button("QUICK_REPLY", "Stop"),
        )
        assert shown.text == "Order 77\nHello *Amara*, it comes on Friday.\nNorte Bicycles"

    def test_without_values_it_shows_the_placeholders(self) -> None:
        assert render([NAMED]).body == NAMED["text"]

    def test_a_name_is_filled_wherever_it_stands(self) -> None:
        shown = render([NAMED], {"body": {"first_name": "Amara", "day": "Tuesday"}})
        assert shown.body == "Hi Amara, see you on Tuesday. Yes, Tuesday."

    def test_a_code_is_on_its_button(self) -> None:
        assert render(CODE, {"body": ["123456"]}).buttons == (Button("OTP", "Copy code", "123456"),)

    def test_a_place_is_shown_by_its_name(self) -> None:
        shown = render([{"type": "HEADER", "format": "LOCATION"}], {"header": {"name": "Workshop"}})
        assert (shown.header_format, shown.header) == ("LOCATION", "Workshop")

    def test_a_carousel_can_be_looked_at(self) -> None:
        card = {"components": [IMAGE, {"type": "BODY", "text": "Cargo"}, buttons(PICK_UP)]}
        shown = render([BODY, {"type": "CAROUSEL", "cards": [card, card, "odd"]}])
        assert [(each.header_format, each.body, each.buttons[0].text) for each in shown.cards] == [
            ("IMAGE", "Cargo", "Track"),
            ("IMAGE", "Cargo", "Track"),
        ]

    @given(first=st.text(min_size=1), second=st.text(min_size=1))
    def test_hostile_values_stand_as_they_are_and_only_where_they_belong(self, first: str, second: str) -> None:
        body = {"type": "BODY", "text": "<{{1}}|{{2}}|{{1}}>"}
        assert render([body], {"body": [first, second]}).body == f"<{first}|{second}|{first}>"

    def test_a_value_that_reads_like_a_placeholder_is_not_filled(self) -> None:
        assert render([BODY], {"body": ["{{2}}", "{{1}}"]}).body == "Hello *{{2}}*, it comes on {{1}}."


class ParameterTests:
    def test_positional_values_go_in_their_order(self) -> None:
        assert parameters([IMAGE, BODY, FOOTER], "", {"body": {"2": "Friday", "1": "Amara"}}, media_id="9") == [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": "9"}}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Amara"}, {"type": "text", "text": "Friday"}]},
        ]

    def test_named_values_carry_their_names(self) -> None:
        assert parameters([NAMED], "NAMED", {"body": ["Amara", "Tuesday"]}) == [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Amara", "parameter_name": "first_name"},
                    {"type": "text", "text": "Tuesday", "parameter_name": "day"},
                ],
            }
        ]

    def test_a_document_keeps_its_name(self) -> None:
        header = {"type": "HEADER", "format": "DOCUMENT"}
        sent = parameters([header, FOOTER], "", {}, media_id="9", file_name="fatura.pdf")
        assert sent[0]["parameters"] == [{"type": "document", "document": {"id": "9", "filename": "fatura.pdf"}}]

    def test_only_buttons_that_need_something_are_named_by_their_place(self) -> None:
        sent = parameters(
            [
                FOOTER,
                buttons(
                    {"type": "QUICK_REPLY", "text": "x"},
                    PICK_UP,
                    {"type": "URL", "text": "Home", "url": "https://norte.example/"},
                    {"type": "COPY_CODE", "example": ["A"]},
                    {"type": "FLOW", "text": "Book", "flow_id": 1},
                ),
            ],
            "",
            {"buttons": {"1": "77", "3": "BIKE25"}},
        )
        assert sent == [
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "77"}]},
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": "3",
                "parameters": [{"type": "coupon_code", "coupon_code": "BIKE25"}],
            },
            {"type": "button", "sub_type": "flow", "index": "4"},
        ]

    def test_a_code_goes_into_the_text_and_onto_the_button(self) -> None:
        assert parameters(CODE, "", {"body": ["123456"]}) == [
            {"type": "body", "parameters": [{"type": "text", "text": "123456"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "123456"}]},
        ]

    def test_a_place_is_sent_with_its_words(self) -> None:
        place = {"latitude": 38.7, "longitude": -9.1, "name": "Workshop", "address": "Rua 1", "odd": "x"}
        sent = parameters([{"type": "HEADER", "format": "LOCATION"}], "", {"header": place})
        assert sent[0]["parameters"][0]["location"] == {
            "latitude": "38.7",
            "longitude": "-9.1",
            "name": "Workshop",
            "address": "Rua 1",
        }

    def test_a_message_template_without_anything_open_sends_nothing_more(self) -> None:
        assert parameters([{"type": "BODY", "text": "Hello"}, FOOTER], "", {}) == []


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
WORDS = st.sampled_from(
    ["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "TEXT", "IMAGE", "LOCATION", "URL", "OTP", "COPY_CODE", "FLOW"]
)
KEYS = st.sampled_from(
    ["type", "format", "text", "buttons", "url", "example", "body_text", "cards", "components", "otp_type", "1", "0"]
)
PIECES = st.sampled_from(["{{1}}", "{{2}}", "{{name}}", "{{ 1 }}", "{{", "}}", "{{1", "{{" + "9" * 5000 + "}}", "x"])
TEXTS = st.lists(PIECES).map("".join)
ANYTHING = st.recursive(
    LEAVES | WORDS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
DEFINITION = st.lists(st.dictionaries(KEYS, WORDS | TEXTS | ANYTHING, max_size=6), max_size=5)
VALUES = st.dictionaries(st.sampled_from(["header", "body", "buttons"]), ANYTHING)


class HostileTests:
    @given(definition=DEFINITION | ANYTHING, values=VALUES)
    def test_nothing_that_comes_from_outside_breaks_it(self, definition: Any, values: dict[str, Any]) -> None:
        form = parse(definition)
        check(form, values)
        shown = render(definition, values)
        assert isinstance(shown.body, str)
        if not form.refusal and not check(form, values):
            sent = parameters(definition, "", values, media_id="1")
            json.dumps(sent, allow_nan=False)

    @given(first=st.text(min_size=1), second=st.text(min_size=1))
    def test_what_is_sent_is_what_is_shown(self, first: str, second: str) -> None:
        values = {"body": [first, second]}
        if check(parse([BODY]), values):
            return
        sent = [parameter["text"] for parameter in parameters([BODY], "", values)[0]["parameters"]]
        assert sent == [first, second]
        assert render([BODY], values).body == f"Hello *{first}*, it comes on {second}."
