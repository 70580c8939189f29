"""Our intent as Meta's message JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import compose
from whatsapp.compose import ComposeError, Outgoing
from whatsapp.events import MEDIA_KINDS, Kind

PHONE = "+351915550123"
ENVELOPE = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": PHONE}


def message(kind: Kind, **more: Any) -> dict[str, Any]:
    return compose.message(Outgoing(kind=kind, **({"to": PHONE} | more)))


class EnvelopeTests:
    def test_it_works(self) -> None:
        sent = message(Kind.TEXT, text="Olá *Amara*", payload={"preview_url": True}, callback_data="message-7")
        assert sent == ENVELOPE | {
            "biz_opaque_callback_data": "message-7",
            "type": "text",
            "text": {"body": "Olá *Amara*", "preview_url": True},
        }

    def test_a_phone_number_wins_over_a_user_id(self) -> None:
        sent = message(Kind.TEXT, text="x", user_id="PT.13491208655302741918")
        assert sent["to"] == PHONE
        assert "recipient" not in sent

    def test_a_user_id_does_where_no_number_is_known(self) -> None:
        sent = message(Kind.TEXT, text="x", to="", user_id="PT.13491208655302741918")
        assert sent["recipient"] == "PT.13491208655302741918"
        assert "to" not in sent

    def test_a_group_is_named_as_one(self) -> None:
        sent = message(Kind.TEXT, text="x", to="", group_id="HBgLMTY0NjcwNDM1OTUVAgA")
        assert (sent["recipient_type"], sent["to"]) == ("group", "HBgLMTY0NjcwNDM1OTUVAgA")

    @pytest.mark.parametrize("kind", [Kind.LOCATION, Kind.CONTACTS, Kind.INTERACTIVE])
    def test_a_group_does_not_take_everything(self, kind: Kind) -> None:
        with pytest.raises(ComposeError, match="Groups"):
            message(kind, text="x", to="", group_id="G1")

    @pytest.mark.parametrize(
        "to", ["351915550123", "+0915550123", "+351 915 550 123", "+", "+35191555012345678", "+1a"]
    )
    def test_a_number_that_whatsapp_would_read_otherwise_is_refused(self, to: str) -> None:
        with pytest.raises(ComposeError, match="phone number"):
            message(Kind.TEXT, text="x", to=to)

    def test_nobody_is_no_receiver(self) -> None:
        with pytest.raises(ComposeError, match="Neither"):
            message(Kind.TEXT, text="x", to="")

    def test_it_answers_a_message(self) -> None:
        assert message(Kind.TEXT, text="x", quoted_wamid="wamid.Q")["context"] == {"message_id": "wamid.Q"}

    def test_our_own_id_has_a_limit(self) -> None:
        message(Kind.TEXT, text="x", callback_data="x" * 512)
        with pytest.raises(ComposeError):
            message(Kind.TEXT, text="x", callback_data="x" * 513)

    @pytest.mark.parametrize("kind", [Kind.SYSTEM, Kind.CALL, Kind.UNKNOWN, Kind.ORDER, Kind.BUTTON, Kind.UNSUPPORTED])
    def test_what_only_customers_send_cannot_be_sent(self, kind: Kind) -> None:
        with pytest.raises(ComposeError):
            message(kind, text="x")


class TextTests:
    @pytest.mark.parametrize("text", ["", "  \n", "x" * 4097, "\ud83d"])
    def test_what_whatsapp_refuses_is_refused(self, text: str) -> None:
        with pytest.raises(ComposeError):
            message(Kind.TEXT, text=text)

    def test_the_longest_text_is_sent_whole(self) -> None:
        assert message(Kind.TEXT, text="é" * 4096)["text"] == {"body": "é" * 4096, "preview_url": False}


class FileTests:
    @pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO])
    def test_a_caption_goes_with_it(self, kind: Kind) -> None:
        sent = message(kind, media_id="9", text="Look", file_name="a.jpg")
        assert sent[kind.value] == {"id": "9", "caption": "Look"}
        assert sent["type"] == kind.value

    def test_a_document_has_its_name(self) -> None:
        sent = message(Kind.DOCUMENT, media_id="9", file_name="fatura nº 7.pdf")
        assert sent["document"] == {"id": "9", "filename": "fatura nº 7.pdf"}

    def test_a_long_or_broken_name_stays_one_line_with_its_extension(self) -> None:
        name = message(Kind.DOCUMENT, media_id="9", file_name="x\r\n" + "y" * 400 + ".pdf")["document"]["filename"]
        assert len(name) == 240
        assert name.startswith("x y")
        assert name.endswith(".pdf")

    def test_a_voice_message_says_so(self) -> None:
        assert message(Kind.AUDIO, media_id="9", voice=True)["audio"] == {"id": "9", "voice": True}
        assert message(Kind.AUDIO, media_id="9")["audio"] == {"id": "9"}

    def test_a_sticker_is_its_file(self) -> None:
        assert message(Kind.STICKER, media_id="9", animated=True)["sticker"] == {"id": "9"}

    @pytest.mark.parametrize("kind", sorted(MEDIA_KINDS))
    def test_a_file_that_whatsapp_does_not_have_is_not_sent(self, kind: Kind) -> None:
        with pytest.raises(ComposeError, match="file"):
            message(kind)

    @pytest.mark.parametrize(
        ("kind", "text"), [(Kind.AUDIO, "x"), (Kind.STICKER, "x"), (Kind.IMAGE, "x" * 1025), (Kind.DOCUMENT, "\x00")]
    )
    def test_a_caption_that_whatsapp_refuses_is_refused(self, kind: Kind, text: str) -> None:
        with pytest.raises(ComposeError):
            message(kind, media_id="9", text=text)


class LocationTests:
    def test_it_works(self) -> None:
        place = {"latitude": 38.71, "longitude": -9.14, "name": "Workshop", "address": "Rua do Alecrim 40"}
        assert message(Kind.LOCATION, payload=place)["location"] == place

    def test_a_pin_without_words_is_a_place(self) -> None:
        assert message(Kind.LOCATION, payload={"latitude": 0, "longitude": 0, "name": ""})["location"] == {
            "latitude": 0,
            "longitude": 0,
        }

    @pytest.mark.parametrize("payload", [{}, {"latitude": 91, "longitude": 0}, {"latitude": "x", "longitude": 0}])
    def test_nowhere_is_refused(self, payload: dict[str, Any]) -> None:
        with pytest.raises(ComposeError, match="latitude"):
            message(Kind.LOCATION, payload=payload)


class ContactsTests:
    def test_it_works(self) -> None:
        card = {
            "name": "Amara Okafor",
            "organization": "Okafor Lda",
            "phones": [{"number": "+351 915 550 123", "wa_id": "351915550123", "label": "Mobile"}, {"number": "112"}],
            "emails": [{"value": "amara@example.com", "label": "Work"}],
            "urls": [{"value": "https://example.com"}],
            "addresses": [{"value": "Rua 1, Lisboa", "label": "Home"}],
            "birthday": "1990-12-31",
        }
        assert message(Kind.CONTACTS, payload={"contacts": [card]})["contacts"] == [
            {
                "name": {"formatted_name": "Amara Okafor", "first_name": "Amara Okafor"},
                "phones": [
                    {"phone": "+351 915 550 123", "wa_id": "351915550123", "type": "Mobile"},
                    {"phone": "112"},
                ],
                "org": {"company": "Okafor Lda"},
                "emails": [{"email": "amara@example.com", "type": "Work"}],
                "urls": [{"url": "https://example.com"}],
                "addresses": [{"street": "Rua 1, Lisboa", "type": "Home"}],
                "birthday": "1990-12-31",
            }
        ]

    def test_a_card_without_a_name_is_named_by_what_it_has(self) -> None:
        cards = [{"organization": "Okafor Lda"}, {"phones": [{"number": "+351 21"}]}]
        sent = message(Kind.CONTACTS, payload={"contacts": cards})["contacts"]
        assert [card["name"]["formatted_name"] for card in sent] == ["Okafor Lda", "+351 21"]

    @pytest.mark.parametrize(
        "contacts", [None, [], {}, [7], [{}], [{"name": " "}], [{"name": "A"}] * 258, [{"name": "A", "phones": "x"}]]
    )
    def test_what_is_no_card_is_refused(self, contacts: Any) -> None:
        with pytest.raises(ComposeError, match=r"(?i)contact"):
            message(Kind.CONTACTS, payload={"contacts": contacts})

    def test_a_birthday_is_a_date(self) -> None:
        with pytest.raises(ComposeError, match="birthday"):
            message(Kind.CONTACTS, payload={"contacts": [{"name": "A", "birthday": "31.12.1990"}]})


class TemplateTests:
    PAYLOAD = {
        "name": "order_shipped",
        "language": "pt_PT",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Olá {{1}}, chega na {{2}}."},
        ],
        "values": {"body": ["Amara", "sexta-feira"]},
    }

    def test_it_works(self) -> None:
        sent = message(Kind.TEMPLATE, payload=self.PAYLOAD, media_id="9")
        assert sent["type"] == "template"
        assert sent["template"] == {
            "name": "order_shipped",
            "language": {"code": "pt_PT"},
            "components": [
                {"type": "header", "parameters": [{"type": "image", "image": {"id": "9"}}]},
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "Amara"}, {"type": "text", "text": "sexta-feira"}],
                },
            ],
        }

    def test_one_without_values_has_no_components(self) -> None:
        payload = self.PAYLOAD | {"components": [{"type": "BODY", "text": "Hello"}], "values": {}}
        assert message(Kind.TEMPLATE, payload=payload)["template"] == {
            "name": "order_shipped",
            "language": {"code": "pt_PT"},
        }

    def test_what_is_wrong_is_said_with_the_name_of_the_field(self) -> None:
        with pytest.raises(ComposeError) as caught:
            message(Kind.TEMPLATE, payload=self.PAYLOAD | {"values": {"body": ["Amara", "a\nb"]}}, media_id="9")
        assert str(caught.value).startswith("Body 2: ")

    @pytest.mark.parametrize(
        "change",
        [
            {"name": ""},
            {"language": None},
            {"components": []},
            {"components": None},
            {"values": {"body": ["Amara"]}},
            {"values": ["Amara"]},
            {"components": [{"type": "BODY", "text": "x"}, {"type": "CAROUSEL"}]},
        ],
    )
    def test_what_whatsapp_refuses_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(ComposeError):
            message(Kind.TEMPLATE, payload=self.PAYLOAD | change, media_id="9")

    def test_a_missing_file_is_named(self) -> None:
        with pytest.raises(ComposeError, match="Photo"):
            message(Kind.TEMPLATE, payload=self.PAYLOAD)

    def test_a_code_needs_a_phone_number(self) -> None:
        payload = self.PAYLOAD | {
            "category": "AUTHENTICATION",
            "components": [{"type": "BODY", "text": "*{{1}}* is your code."}],
            "values": {"body": ["123456"]},
        }
        message(Kind.TEMPLATE, payload=payload)
        with pytest.raises(ComposeError, match="phone number"):
            message(Kind.TEMPLATE, payload=payload, to="", user_id="PT.1")


class ReactionTests:
    WHO = {"to": PHONE, "user_id": "", "group_id": ""}

    def test_it_works(self) -> None:
        sent = compose.reaction(**self.WHO, target_wamid="wamid.T", emoji="👍🏽", callback_data="7")
        assert sent == ENVELOPE | {
            "biz_opaque_callback_data": "7",
            "type": "reaction",
            "reaction": {"message_id": "wamid.T", "emoji": "👍🏽"},
        }

    def test_the_empty_emoji_takes_it_back(self) -> None:
        assert compose.reaction(**self.WHO, target_wamid="wamid.T", emoji="")["reaction"]["emoji"] == ""

    @pytest.mark.parametrize(("target", "emoji"), [("", "👍"), ("wamid.T", "ok"), ("wamid.T", "👍👍")])
    def test_anything_else_is_refused(self, target: str, emoji: str) -> None:
        with pytest.raises(ComposeError):
            compose.reaction(**self.WHO, target_wamid=target, emoji=emoji)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
CARD_KEYS = ["contacts", "name", "organization", "phones", "number", "emails", "value", "birthday"]
TEMPLATE_KEYS = ["name", "language", "category", "components", "values", "body", "text", "type", "buttons"]
BUTTON_KEYS = ["type", "buttons", "id", "title", "sections", "rows", "button", "description", "display_text", "url"]
OTHER_KEYS = ["header", "footer", "flow", "cta", "screen", "data", "latitude", "longitude"]
KEYS = st.sampled_from([*CARD_KEYS, *TEMPLATE_KEYS, *BUTTON_KEYS, *OTHER_KEYS])
WORDS = st.sampled_from(
    ["buttons", "list", "link", "flow", "location_request", "contact_request", "text", "image", "BODY", "HEADER", "a"]
)
ANYTHING = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


class HostileTests:
    @given(
        kind=st.sampled_from(Kind),
        text=st.text(st.characters(), max_size=30),
        payload=st.dictionaries(KEYS, WORDS | ANYTHING, max_size=6),
        media_id=st.sampled_from(["", "9"]),
        file_name=st.text(max_size=300),
    )
    def test_it_is_composed_or_refused_and_nothing_else(
        self, kind: Kind, text: str, payload: dict[str, Any], media_id: str, file_name: str
    ) -> None:
        try:
            sent = message(kind, text=text, payload=payload, media_id=media_id, file_name=file_name)
        except ComposeError:
            return
        assert json.loads(json.dumps(sent, allow_nan=False).encode()) == sent
        assert sent["type"] == kind.value
