"""From bytes to clean JSON: what RFC 8259 refuses is refused, and PostgreSQL can keep the rest."""

from __future__ import annotations

import json

import pytest

from whatsapp.events import UnreadableError
from whatsapp.parse.clean_json import MAX_DEPTH, clean, cleaned, decode, read


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


class ReadTests:
    def test_an_object_in_utf_8(self) -> None:
        assert read('{"ä": ["🖼", 1, 2.5, true, null]}'.encode()) == {"ä": ["🖼", 1, 2.5, True, None]}

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"\xff\xfe{\x00}\x00", "The body is not UTF-8 text (byte 0)."),
            (b'{"a": "\xed\xa0\x80"}', "The body is not UTF-8 text (byte 7)."),  # a surrogate in UTF-8
            (b'{"a": "\xc0\x80"}', "The body is not UTF-8 text (byte 7)."),  # an overlong NUL
            (b'\xef\xbb\xbf{"a": 1}', "The text starts with a byte order mark, which JSON does not allow."),
            (b"", "The text is not JSON: Expecting value at character 0."),
            (b'{"a": 1', "The text is not JSON: Expecting ',' delimiter at character 7."),
            (b'{"a": 1} {}', "The text is not JSON: Extra data at character 9."),
            (b'{"a": "\x00"}', "The text is not JSON: Invalid control character at at character 7."),
            (b"[]", "The body is JSON, but not an object."),
            (b'"text"', "The body is JSON, but not an object."),
            (b'{"a": NaN}', "The text holds NaN, which JSON does not know."),
            (b'{"a": [-Infinity]}', "The text holds -Infinity, which JSON does not know."),
            (b'{"a": ' + b"9" * 5000 + b"}", "The text holds a number with too many digits."),
        ],
    )
    def test_what_is_refused_and_why(self, body: bytes, reason: str) -> None:
        with pytest.raises(UnreadableError) as caught:
            read(body)
        assert str(caught.value) == reason

    def test_the_reason_never_quotes_the_body(self) -> None:
        with pytest.raises(UnreadableError) as caught:
            read(b'{"message": "a secret of the customer", ]')
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 20_000, 500_000])
    def test_too_deep_is_refused_whether_python_could_read_it_or_not(self, depth: int) -> None:
        with pytest.raises(UnreadableError, match="nests more than 64 levels deep"):
            read(nested(depth).encode())

    def test_the_deepest_that_is_read(self) -> None:
        assert read(nested(MAX_DEPTH).encode())

    def test_brackets_inside_text_are_no_depth(self) -> None:
        assert read(json.dumps({"a": "[" * 5000}).encode()) == {"a": "[" * 5000}

    def test_a_number_beyond_all_floats_stays_text(self) -> None:
        assert read(b'{"a": 1e999, "b": -1e999, "c": 1e5}') == {"a": "1e999", "b": "-1e999", "c": 100000.0}

    def test_of_two_equal_keys_the_last_counts(self) -> None:
        assert read(b'{"a": 1, "a": 2}') == {"a": 2}


class CleanTests:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain", "plain"),
            ("pay\0load", "pay\ufffdload"),
            ("broken \ud83d emoji \udc00", "broken \ufffd emoji \ufffd"),
            ("\udc00\ud83d", "\ufffd\ufffd"),
            ("whole 🖼", "whole 🖼"),
            ("\ud83d\0", "\ufffd\ufffd"),
            ("\u202egpj.exe\u200b", "\u202egpj.exe\u200b"),  # customers' text stays as it was sent
        ],
    )
    def test_only_what_postgresql_refuses_is_replaced(self, text: str, expected: str) -> None:
        assert clean(text) == expected

    @pytest.mark.parametrize("escape", ["\\u0000", "\\ud83d", "\\uD83D", "\\uDC00"])
    def test_escapes_are_cleaned_in_values_and_keys_at_any_depth(self, escape: str) -> None:
        document = read(f'{{"a{escape}": [{{"b": ["{escape}"]}}]}}'.encode())
        assert document == {"a\ufffd": [{"b": ["\ufffd"]}]}

    def test_an_escaped_emoji_is_whole(self) -> None:
        assert read(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}

    def test_an_escaped_escape_is_text(self) -> None:
        assert read(rb'{"a": "\\u0000"}') == {"a": "\\u0000"}

    def test_keys_that_become_one_key_keep_the_last_value(self) -> None:
        assert cleaned({"\0": 1, "\ud800": 2}) == {"\ufffd": 2}

    def test_a_document_may_be_only_a_text(self) -> None:
        assert decode('"a\\u0000"') == "a\ufffd"
