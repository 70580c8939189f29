"""What a message carries: every kind of Meta's messages, from a whole notification to the exact event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.whatsapp.parse.support import NO_PHONE, about, file, message, notification, only, text
from whatsapp.events import BadLeaf, Fault, Kind, MessageReceived, RemoteMedia, Unrecognized
from whatsapp.parse import parse
from whatsapp.parse.kinds import sha256_hex

QUESTION = {"quoted_wamid": "wamid.QUESTION"}
UNSUPPORTED = Fault(131051, "Message type unknown", "Message type is currently not supported.")


def read(**parts: Any) -> Any:
    (event,) = parse(notification(text(**parts)))
    return event


class TextTests:
    def test_its_words_are_kept_as_they_were_written(self) -> None:
        assert only("text") == message("text", text="Bom dia! A moldura chegou? 🖼️\nمرحبا")

    def test_whitespace_is_part_of_it(self) -> None:
        assert read(text={"body": "  a\n\n  b \t"}).text == "  a\n\n  b \t"

    def test_it_may_be_longer_than_what_we_may_send(self) -> None:
        assert read(text={"body": "x" * 70_000}).text == "x" * 70_000

    @pytest.mark.parametrize("part", [None, [], {"body": None}, {"body": ["x"]}])
    def test_a_text_without_words_is_still_a_message(self, part: object) -> None:
        event, problem = parse(notification(text(text=part)))
        assert isinstance(event, MessageReceived)
        assert (event.kind, event.text) == (Kind.TEXT, "")
        assert isinstance(problem, BadLeaf)
        assert problem.path == event.path


class MediaTests:
    def test_an_image(self) -> None:
        assert only("image") == message("image", kind=Kind.IMAGE, media=file(3100001, "image/jpeg"))

    def test_a_caption_is_the_text(self) -> None:
        assert only("image_with_caption") == message(
            "image_with_caption", kind=Kind.IMAGE, text="The cracked corner", media=file(3100002, "image/jpeg")
        )

    def test_a_video(self) -> None:
        assert only("video") == message(
            "video", kind=Kind.VIDEO, text="How it rattles", media=file(3100004, "video/mp4")
        )

    def test_an_audio_file_is_not_a_voice_note(self) -> None:
        assert only("audio") == message("audio", kind=Kind.AUDIO, media=file(3100005, "audio/mpeg"))

    def test_a_voice_note_loses_the_parameter_of_its_type(self) -> None:
        assert only("voice_note") == message(
            "voice_note", kind=Kind.AUDIO, media=file(3100006, "audio/ogg", voice=True)
        )

    def test_the_voice_note_of_old_payloads(self) -> None:
        assert only("voice_note_of_old") == message(
            "voice_note_of_old", kind=Kind.AUDIO, media=file(3100008, "audio/ogg", voice=True)
        )

    def test_a_voicemail_has_an_id_of_its_own_kind(self) -> None:
        assert only("voicemail") == message(
            "voicemail", wamid="wacid.VOICEMAIL", kind=Kind.AUDIO, media=file(3100007, "audio/ogg")
        )

    def test_a_document_has_a_name_and_a_caption(self) -> None:
        assert only("document") == message(
            "document",
            kind=Kind.DOCUMENT,
            text="The invoice",
            media=file(3100009, "application/pdf", file_name="Fatura nº 7 – março.pdf"),
        )

    def test_a_document_may_have_no_name_and_a_hexadecimal_digest(self) -> None:
        assert only("document_without_name") == message(
            "document_without_name", kind=Kind.DOCUMENT, media=file(3100010, "text/csv")
        )

    def test_a_sticker(self) -> None:
        assert only("sticker") == message("sticker", kind=Kind.STICKER, media=file(3100011, "image/webp"))

    def test_an_animated_sticker(self) -> None:
        assert only("sticker_animated") == message(
            "sticker_animated", kind=Kind.STICKER, media=file(3100012, "image/webp", animated=True)
        )

    def test_a_file_that_whatsapp_did_not_pass_on_says_why(self) -> None:
        assert only("image_not_passed_on") == message(
            "image_not_passed_on",
            kind=Kind.IMAGE,
            media=RemoteMedia("3100003", "image/jpeg"),
            faults=(Fault(131052, "Media download error", "The file is larger than we pass on."),),
        )

    def test_without_an_id_there_is_no_file_to_fetch(self) -> None:
        fault = Fault(131052, "Media download error")
        assert only("image_without_file") == message("image_without_file", kind=Kind.IMAGE, faults=(fault,))

    @pytest.mark.parametrize(
        ("declared", "kept"),
        [
            ("Image/JPEG", "image/jpeg"),
            (" audio/ogg ; codecs=opus", "audio/ogg"),
            ("image/jpeg\r\nSet-Cookie: a=b", "image/jpeg"),
            ("", ""),
            (None, ""),
            (["image/jpeg"], ""),
        ],
    )
    def test_the_declared_type_is_one_clean_word(self, declared: object, kept: str) -> None:
        assert read(type="image", image={"id": "1", "mime_type": declared}).media.mime_type == kept


class DigestTests:
    @pytest.mark.parametrize(
        "text",
        [
            "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",  # webhooks
            "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg",
            "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg=",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  # the media endpoint
            "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
        ],
    )
    def test_every_way_to_write_it_is_one_digest(self, text: str) -> None:
        assert sha256_hex(text) == "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    @pytest.mark.parametrize("text", ["", "abc", "z" * 64, "!" * 44, "n4bQ" * 11, "é" * 44, 64, None, ["x"] * 64])
    def test_what_is_not_a_digest_is_none(self, text: object) -> None:
        assert sha256_hex(text) == ""


class LocationTests:
    def test_a_point(self) -> None:
        assert only("location") == message(
            "location", kind=Kind.LOCATION, payload={"latitude": 41.1496, "longitude": -8.6109}
        )

    def test_a_place_whose_coordinates_are_text(self) -> None:
        assert only("location_of_place") == message(
            "location_of_place",
            kind=Kind.LOCATION,
            payload={
                "latitude": 41.1408,
                "longitude": -8.611,
                "name": "Livraria da Ribeira",
                "address": "Rua das Flores 12, Porto",
                "url": "https://livraria.example/",
            },
        )

    @pytest.mark.parametrize(
        ("latitude", "longitude"),
        [(91, 0), (0, 181), ("nan", 0), ("inf", 0), (True, 0), (None, 0), ("x", 0), ("1e999", 1)],
    )
    def test_a_point_that_is_nowhere_is_left_out(self, latitude: object, longitude: object) -> None:
        place = {"latitude": latitude, "longitude": longitude, "name": "Somewhere"}
        assert read(type="location", location=place).payload == {"name": "Somewhere"}


class ContactsTests:
    def test_cards_with_everything(self) -> None:
        ines = {
            "name": "Dr. Inês Prado",
            "organization": "Prado & Filhos",
            "phones": [
                {"number": "+351 21 555 0177", "wa_id": "", "label": "WORK"},
                {"number": "+351 91 555 0177", "wa_id": "351915550177", "label": "CELL"},
            ],
            "emails": [{"value": "ines@prado.example", "label": "WORK"}],
            "urls": [{"value": "https://prado.example", "label": "WORK"}],
            "addresses": [{"value": "Rua do Sol 5, 4700-001, Braga, Portugal", "label": "HOME"}],
            "birthday": "1980-02-29",
        }
        payload = {"contacts": [ines, {"name": "Tomás Prado"}]}
        assert only("contacts") == message("contacts", kind=Kind.CONTACTS, payload=payload)

    def test_a_number_shared_on_request_has_no_name(self) -> None:
        phones = [{"number": "351915550123", "wa_id": "", "label": ""}]
        assert only("contact_own_number") == message(
            "contact_own_number", party=NO_PHONE, kind=Kind.CONTACTS, payload={"contacts": [{"phones": phones}]}
        )


class InteractiveTests:
    def test_a_button(self) -> None:
        payload = {"type": "button_reply", "id": "pickup-1", "title": "Pick it up"}
        assert only("interactive_button") == message(
            "interactive_button", kind=Kind.INTERACTIVE, text="Pick it up", payload=payload, **QUESTION
        )

    def test_a_row_of_a_list(self) -> None:
        payload = {"type": "list_reply", "id": "slot-3", "title": "Friday", "description": "between 14 and 16"}
        assert only("interactive_list") == message(
            "interactive_list", kind=Kind.INTERACTIVE, text="Friday", payload=payload, **QUESTION
        )

    def test_a_form_without_its_secret_token(self) -> None:
        answers = [("size", "A3"), ("glass", "yes"), ("extras", "hook, wire"), ("count", "2")]
        assert only("interactive_flow") == message(
            "interactive_flow",
            kind=Kind.INTERACTIVE,
            payload={
                "type": "nfm_reply",
                "name": "flow",
                "answers": [{"name": name, "value": value} for name, value in answers],
            },
            **QUESTION,
        )

    def test_a_form_whose_answers_are_not_json_keeps_them_as_text(self) -> None:
        assert only("interactive_flow_broken").payload["answers"] == [{"name": "", "value": '{"size": "A3'}]

    @pytest.mark.parametrize("answers", ["", "null", '""', None, 5])
    def test_a_form_without_answers_has_none(self, answers: object) -> None:
        reply = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": answers}}
        assert read(type="interactive", interactive=reply).payload == {"type": "nfm_reply"}

    def test_answers_too_deep_to_read_are_kept_as_text(self) -> None:
        deep = "[" * 5000 + "]" * 5000
        reply = {"type": "nfm_reply", "nfm_reply": {"response_json": deep}}
        assert read(type="interactive", interactive=reply).payload["answers"] == [{"name": "", "value": deep}]

    def test_an_escaped_nul_inside_the_answers_is_replaced(self) -> None:
        reply = {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a\\u0000": "b\\ud83d"}'}}
        assert read(type="interactive", interactive=reply).payload["answers"] == [
            {"name": "a\ufffd", "value": "b\ufffd"}
        ]

    def test_an_address(self) -> None:
        assert only("interactive_address").payload == {
            "type": "nfm_reply",
            "title": "Asha Rao\n12 MG Road",
            "name": "address_message",
            "answers": [
                {"name": "saved_address_id", "value": "a1"},
                {"name": "values", "value": "name: Asha Rao, in_pin_code: 560001"},
            ],
        }

    def test_a_permission_to_call(self) -> None:
        event = only("interactive_call_permission")
        assert (event.text, event.payload["title"]) == ("", "You may call me")
        assert {"name": "is_permanent", "value": "no"} in event.payload["answers"]
        assert {"name": "expiration_timestamp", "value": "1760604800"} in event.payload["answers"]

    def test_a_refusal_of_calls(self) -> None:
        assert only("interactive_call_refusal").payload["title"] == "Please do not call me"

    def test_a_choice_of_payment(self) -> None:
        answers = [{"name": "payment_method", "value": "pix"}, {"name": "reference_id", "value": "ORDER-7"}]
        assert only("interactive_payment") == message(
            "interactive_payment",
            kind=Kind.INTERACTIVE,
            payload={"type": "payment_method", "title": "pix", "answers": answers},
            **QUESTION,
        )

    def test_a_product(self) -> None:
        assert only("interactive_product").payload == {
            "type": "product",
            "catalog_id": "4400112233",
            "product_id": "FRAME-A3-OAK",
        }

    def test_a_product_with_words_beside_it(self) -> None:
        product = {"type": "product", "product": {"product_retailer_id": "HOOK"}, "body": {"text": "This one?"}}
        event = read(type="interactive", interactive=product)
        assert (event.text, event.payload) == ("This one?", {"type": "product", "product_id": "HOOK"})

    def test_an_answer_of_a_kind_to_come_shows_what_it_says(self) -> None:
        assert only("interactive_of_the_future").payload == {
            "type": "other",
            "title": "Long life",
            "answers": [{"name": "title", "value": "Long life"}, {"name": "lines", "value": "3"}],
        }

    @pytest.mark.parametrize("part", [None, [], {}, {"type": []}, {"type": "button_reply", "button_reply": 3}])
    def test_one_that_says_nothing_is_still_a_message(self, part: object) -> None:
        event, problem = parse(notification(text(type="interactive", interactive=part)))
        assert isinstance(event, MessageReceived)
        assert event.kind == Kind.INTERACTIVE
        assert isinstance(problem, BadLeaf)

    @pytest.mark.parametrize("kind", ["button", "list", "cta_url", "flow"])
    def test_a_question_of_ours_is_what_it_asks(self, kind: str) -> None:
        question = {"type": kind, "body": {"text": "Pick it up?"}, "action": {"buttons": []}}
        event = read(type="interactive", interactive=question)
        assert (event.kind, event.text, event.payload) == (Kind.INTERACTIVE, "Pick it up?", {"type": "other"})


class VcardTests:
    """A card that was shared by hand comes as a vCard beside its phones, without another name."""

    def card(self, vcard: str) -> dict[str, object]:
        leaf = {"vcard": vcard, "phones": [{"phone": "+351 915 550 123"}]}
        (card,) = read(type="contacts", contacts=[leaf]).payload["contacts"]
        return card  # type: ignore[no-any-return]

    @pytest.mark.parametrize(
        ("lines", "name"),
        [
            ("FN:Bela Nunes", "Bela Nunes"),
            ("item1.FN;CHARSET=UTF-8:Bela\\, Nunes", "Bela, Nunes"),
            ("FN:Bela\r\n  Nunes", "Bela Nunes"),
            ("N:Nunes;Bela\nfn:Bela N.", "Bela N."),
            ("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9 =\r\nPinto\r\nTEL:1", "José Pinto"),
            ("NOTE:FN:nobody\nX-FN:nobody", None),
        ],
        ids=[
            "plain",
            "with a group, a parameter and an escaped comma",
            "folded",
            "small letters",
            "quoted-printable over two lines",
            "none",
        ],
    )
    def test_its_name_is_read_from_there(self, lines: str, name: str | None) -> None:
        assert self.card(f"BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD").get("name") == name

    def test_its_company_too(self) -> None:
        assert self.card("BEGIN:VCARD\nORG:Norte;Workshop;\nEND:VCARD").get("organization") == "Norte, Workshop"


class OtherKindsTests:
    @pytest.mark.parametrize("word", ["pin", "unpin"])
    def test_what_was_pinned_in_a_group_is_said(self, word: str) -> None:
        event = read(type="pin", pin={"type": word, "message_id": "wamid.other"})
        assert (event.kind, event.payload) == (Kind.UNSUPPORTED, {"type": word})

    def test_a_button_of_a_template(self) -> None:
        payload = {"title": "Yes, confirm", "payload": "confirm-77"}
        assert only("button") == message("button", kind=Kind.BUTTON, text="Yes, confirm", payload=payload, **QUESTION)

    def test_an_order(self) -> None:
        frames = {"product_id": "FRAME-A3-OAK", "quantity": 2, "price": "24.9", "currency": "EUR"}
        hooks = {"product_id": "HOOK", "quantity": 10, "price": "0.50", "currency": "EUR"}
        assert only("order") == message(
            "order",
            kind=Kind.ORDER,
            text="By Friday if you can",
            payload={"catalog_id": "4400112233", "items": [frames, hooks]},
        )

    def test_what_whatsapp_does_not_pass_on(self) -> None:
        assert only("unsupported_poll") == message(
            "unsupported_poll", kind=Kind.UNSUPPORTED, payload={"type": "poll_creation"}, faults=(UNSUPPORTED,)
        )

    def test_what_whatsapp_does_not_pass_on_without_saying_what_it_was(self) -> None:
        assert only("unsupported") == message(
            "unsupported", kind=Kind.UNSUPPORTED, payload={"type": ""}, faults=(UNSUPPORTED,)
        )

    def test_what_older_payloads_call_unknown(self) -> None:
        assert only("unsupported_of_old") == message(
            "unsupported_of_old", kind=Kind.UNSUPPORTED, payload={"type": ""}, faults=(UNSUPPORTED,)
        )

    def test_a_disappearing_message_of_the_on_premises_api(self) -> None:
        assert only("ephemeral") == message("ephemeral", kind=Kind.UNSUPPORTED, payload={"type": "ephemeral"})

    def test_a_kind_that_we_do_not_know_is_kept_with_its_name(self) -> None:
        assert only("unknown_type") == message("unknown_type", kind=Kind.UNKNOWN, payload={"type": "hologram"})

    @pytest.mark.parametrize("language", ["pt_PT", {"code": "pt_PT", "policy": "deterministic"}])
    def test_a_template_of_ours_is_named(self, language: object) -> None:
        event = read(type="template", template={"name": "order_ready", "language": language})
        assert (event.kind, event.payload) == (Kind.TEMPLATE, {"name": "order_ready", "language": "pt_PT"})

    def test_opening_a_chat_is_not_a_message(self) -> None:
        assert only("request_welcome") == Unrecognized(**about(), what="request_welcome")

    @pytest.mark.parametrize("word", [None, [], {}, ""])
    def test_a_message_that_does_not_say_its_kind_is_kept(self, word: object) -> None:
        event = read(type=word)
        assert (event.kind, event.payload) == (Kind.UNKNOWN, {"type": ""})

    @pytest.mark.parametrize("kind", ["image", "voice", "location", "contacts", "interactive", "button", "order"])
    @pytest.mark.parametrize("part", [None, 5, "x", [], [7]])
    def test_one_whose_content_is_not_there_is_kept_and_reported(self, kind: str, part: object) -> None:
        event, problem = parse(notification(text(type=kind, **{kind: part})))
        assert isinstance(event, MessageReceived)
        assert (event.text, event.media, event.opens_window) == ("", None, True)
        assert isinstance(problem, BadLeaf)
        assert (problem.path, problem.raw) == (event.path, event.raw)

    def test_a_file_without_an_id_is_reported_unless_whatsapp_says_why(self) -> None:
        leaf = text(type="image", image={"caption": "Look"})
        event, problem = parse(notification(leaf))
        assert isinstance(event, MessageReceived)
        assert event.text == "Look"
        assert isinstance(problem, BadLeaf)
        assert problem.reason == "“image” has no usable file id."
        assert len(parse(notification(leaf | {"errors": [{"code": 131052}]}))) == 1

    def test_a_window_opens_with_every_kind(self) -> None:
        names = ("unsupported_poll", "unknown_type", "sticker", "image_without_file", "contacts")
        assert all(only(name).opens_window for name in names)
