"""The samples that live beside the repository: Meta's own, and hostile ones with a manifest. Skipped without them."""

from __future__ import annotations

import json
import re

import pytest

from tests.whatsapp.parse.support import SHARED
from whatsapp.events import BadLeaf, Kind, MessageReceived, UnreadableError, Unrecognized
from whatsapp.parse import parse, parse_entry, read

META = sorted(path.name for path in (SHARED / "meta").glob("*.json"))
WRAPPED = sorted(path.name for path in (SHARED / "aws" / "meta_entry").glob("*.json"))
HOSTILE = sorted(path.name for path in (SHARED / "adversarial").glob("[0-9]*"))

#: What a sample's name promises: the beginning of its name without its source → what its events are.
PROMISES = [
    (r"metadocs-syntax__smb_app_state_sync", ["ContactChanged", "Unrecognized"]),  # a placeholder for any action
    (r"text_dashboard_test_button|text", ["MessageReceived text"]),
    (r"image", ["MessageReceived image"]),
    (r"video", ["MessageReceived video"]),
    (r"audio_voice", ["MessageReceived audio"]),
    (r"document", ["MessageReceived document"]),
    (r"sticker_animated", ["MessageReceived sticker"]),
    (r"location", ["MessageReceived location"]),
    (r"contacts", ["MessageReceived contacts"]),
    (r"interactive", ["MessageReceived interactive"]),
    (r"button", ["MessageReceived button"]),
    (r"order", ["MessageReceived order"]),
    (r"unsupported", ["MessageReceived unsupported"]),
    (r"message_type", ["MessageReceived unknown"]),  # a placeholder for any kind
    (r"request_welcome", ["Unrecognized"]),
    (r"system_system_change_type", ["MessageReceived system"]),  # a placeholder that promises no new ids
    (r"system", ["MessageReceived system", "ContactChanged"]),
    (r"reaction", ["ReactionChanged"]),
    (r"edit", ["MessageEdited"]),
    (r"revoke", ["MessageRevoked"]),
    (r"errors_only", ["FaultReported"]),
    (r"status", ["StatusChanged"]),
    (r"user_actions", ["Unrecognized"]),
    (r"user_preferences|smb_app_state_sync", ["ContactChanged"]),
    (r"smb_message_echoes_text", ["MessageReceived text"]),
    (r"history_image", ["MessageReceived image"]),
    (
        r"history_threads",
        [f"MessageReceived {kind}" for kind in ("text", "unsupported", "text", "text")] + ["NumberChanged"],
    ),
    (r"calls_status_ringingacceptedrejected", ["CallChanged", "Unrecognized"]),  # a placeholder for three words
    (r"calls", ["CallChanged"]),
    (r"message_template|template_category", ["TemplateChanged"]),
    # What failed as a whole changed nothing in the group's thread.
    (
        r"group_lifecycle_update_group_(create|delete)__2|group_settings_update_group_settings_update__3",
        ["NumberChanged"],
    ),
    (r"group", ["NumberChanged", "MessageReceived system"]),
    (
        r"account|automatic_events|business_capability|partner|payment|phone_number|security|nofield_partner",
        ["NumberChanged"],
    ),
]

UNREADABLE = {
    "08_int_5000_digits.json": "The text holds a number with too many digits.",
    "09_nan_infinity.json": "The text holds NaN, which JSON does not know.",
    "10_deep_nesting_20000.json": "The text nests more than 64 levels deep.",
    "12_utf16_bom_body.bin": "The body is not UTF-8 text (byte 0).",
    "13_invalid_utf8.bin": "The body is not UTF-8 text (byte 439).",
}

#: Hostile, but read: what their events are.
READ = {
    "01_nul_in_text.json": ["MessageReceived text"],
    "03_lone_surrogate.json": ["MessageReceived text"],
    "05_bidi_zero_width_name.json": ["MessageReceived text"],
    "06_huge_int_timestamp.json": ["MessageReceived text"],
    "15_wrong_types_everywhere.json": ["BadLeaf"] * 9,
    "17_unknown_message_type.json": ["MessageReceived unknown"],
    "18_unknown_field_change.json": ["Unrecognized"],
    "19_no_phone_bsuid_only.json": ["MessageReceived text"],
    "20_unknown_phone_number_id.json": ["MessageReceived text"],
    "21_same_wamid_two_numbers.json": ["MessageReceived text"] * 2,
    "23_batch_one_poison.json": ["MessageReceived text", "BadLeaf", "MessageReceived text", "StatusChanged"],
    "24_status_read_before_sent.json": ["StatusChanged"] * 3,
    "25_status_unknown_wamid.json": ["StatusChanged"],
    "26_status_failed_after_delivered.json": ["StatusChanged"] * 2,
    "28_reaction_to_unknown.json": ["ReactionChanged"],
    "30_reaction_removed_first.json": ["ReactionChanged"] * 2,
    "31_xss_everywhere.json": [f"MessageReceived {kind}" for kind in ("text", "image", "document", "location")]
    + ["MessageReceived contacts"],
    "32_filename_tricks.json": ["MessageReceived document"] * 11,
    "33_formula_injection.json": ["MessageReceived text"] * 5,
    "34_media_url_ssrf.json": ["MessageReceived image"] * 7,
    "35_media_declared_mismatch.json": [f"MessageReceived {kind}" for kind in ("image", "image", "sticker", "audio")],
    "37_signature_cases.json": ["MessageReceived text"],
    "39_sns_forgeries.json": ["BadLeaf"],  # not Meta's at all
}

pytestmark = pytest.mark.skipif(not META, reason="The folder of shared samples is not beside the repository.")


def words(body: bytes) -> list[str]:
    return [
        f"MessageReceived {event.kind}" if isinstance(event, MessageReceived) else type(event).__name__
        for event in parse(body)
    ]


def promise(name: str) -> list[str]:
    word = name.split("__", 1)[1]
    return next(expected for pattern, expected in PROMISES if re.match(pattern, word) or re.match(pattern, name))


class MetaSamplesTests:
    @pytest.mark.parametrize("name", META)
    def test_each_is_what_its_name_promises(self, name: str) -> None:
        assert words((SHARED / "meta" / name).read_bytes()) == promise(name)


class WrappedEntriesTests:
    @pytest.mark.parametrize("name", WRAPPED)
    def test_every_entry_that_aws_wraps_is_read(self, name: str) -> None:
        found = list(parse_entry(read((SHARED / "aws" / "meta_entry" / name).read_bytes()), path="entry"))
        assert found
        assert [event for event in found if isinstance(event, BadLeaf | Unrecognized)] == []


class HostileSamplesTests:
    def test_each_one_has_an_expectation(self) -> None:
        cases = json.loads((SHARED / "adversarial" / "MANIFEST.json").read_text())["cases"]
        assert {case["file"] for case in cases if case["file"]} == set(HOSTILE) == {*UNREADABLE, *READ}

    @pytest.mark.parametrize("name", UNREADABLE)
    def test_what_cannot_be_read_says_why(self, name: str) -> None:
        with pytest.raises(UnreadableError) as caught:
            parse((SHARED / "adversarial" / name).read_bytes())
        assert str(caught.value) == UNREADABLE[name]

    @pytest.mark.parametrize("name", READ)
    def test_the_rest_is_read(self, name: str) -> None:
        assert words((SHARED / "adversarial" / name).read_bytes()) == READ[name]

    def events(self, name: str) -> list[MessageReceived]:
        found = parse((SHARED / "adversarial" / name).read_bytes())
        return [event for event in found if isinstance(event, MessageReceived)]

    def test_nul_and_lone_surrogates_are_replaced(self) -> None:
        assert self.events("01_nul_in_text.json")[0].text == "pay\ufffdload"
        assert self.events("03_lone_surrogate.json")[0].text == "broken \ufffd emoji \ufffd"

    def test_other_odd_characters_stay_as_they_were_sent(self) -> None:
        (event,) = self.events("05_bidi_zero_width_name.json")
        assert event.text == "\u202egpj.exe\u202c \u2066x\u2069"
        assert event.party.name.startswith("\u202eSupport\u200b Team\u2069e\u0301")

    def test_an_impossible_time_is_none(self) -> None:
        assert self.events("06_huge_int_timestamp.json")[0].at is None

    def test_every_wrong_type_says_where_it_is(self) -> None:
        found = parse((SHARED / "adversarial" / "15_wrong_types_everywhere.json").read_bytes())
        value = "entry[3].changes[0].value"
        assert [event.path for event in found if isinstance(event, BadLeaf)] == [
            "entry[0]",
            "entry[1]",
            "entry[2]",
            f"{value}.metadata",
            f"{value}.contacts",
            f"{value}.messages",
            *(f"{value}.statuses[{index}]" for index in range(3)),
        ]

    def test_declared_types_are_words_without_parameters_or_line_breaks(self) -> None:
        types = [event.media and event.media.mime_type for event in self.events("35_media_declared_mismatch.json")]
        assert types == ["image/svg+xml", "image/jpeg", "image/webp", "audio/ogg"]
        assert {event.kind for event in self.events("34_media_url_ssrf.json")} == {Kind.IMAGE}
