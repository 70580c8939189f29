from __future__ import annotations

import json

import pytest

from simulator.samples import catalog
from tests.simulator.conftest import Api, Endpoint
from tests.simulator.graph.test_validation import interactive
from tests.simulator.phone_page import page, post, press
from tests.simulator.test_templates import body, button, header, template


class OutboundTests:
    """Every kind that the business sends, as the person sees it."""

    @pytest.fixture(autouse=True)
    def window(self, api: Api) -> None:
        api.write(text="Where is my bike?")

    @pytest.mark.parametrize(
        ("word", "shown"),
        [
            ("image", '<img class="speech__picture" src="/files/'),
            ("video", '<video class="speech__picture" src="/files/'),
            ("voice", '<audio class="speech__sound" src="/files/'),
            ("audio", '<audio class="speech__sound" src="/files/'),
            ("document", ">Fatura.pdf<small>application/pdf"),
            ("sticker", '<img class="speech__sticker" src="/files/'),
        ],
    )
    def test_it_shows_a_file(self, api: Api, word: str, shown: str) -> None:
        sample, kind = catalog.make(word), "audio" if word == "voice" else word
        more = {"voice": {"voice": True}, "document": {"filename": "Fatura.pdf"}}.get(word, {})

        api.answer(type=kind, **{kind: {"id": api.upload(sample.content, sample.mime_type)} | more})

        assert shown in page(api)
        assert ("data-voice" in page(api)) is (word == "voice")

    def test_it_shows_places_and_cards(self, api: Api) -> None:
        place = {"latitude": 38.71, "longitude": -9.14, "name": "Workshop", "address": "Rua do Alecrim 40"}
        api.answer(type="location", location=place)
        card = {"name": {"formatted_name": "João Pereira"}, "phones": [{"phone": "+351935550177"}]}
        api.answer(type="contacts", contacts=[card])

        text = page(api)
        for words in ("Workshop", "Rua do Alecrim 40", "mlat=38.71", "João Pereira", "+351935550177"):
            assert words in text

    def test_it_quotes_what_it_answers_and_nothing_that_is_gone(self, api: Api) -> None:
        asked = api.messages()[0]["wamid"]
        api.answer(text={"body": "In Lisbon"}, context={"message_id": asked})
        assert page(api).count('class="speech__quote"') == 1

        api.answer(text={"body": "In Porto"}, context={"message_id": "wamid.GONE"})
        assert page(api).count('class="speech__quote"') == 1

    def test_it_shows_a_reaction_of_the_business(self, api: Api) -> None:
        asked = api.messages()[0]["wamid"]

        api.answer(type="reaction", reaction={"message_id": asked, "emoji": "🚲"})

        assert '<p class="speech__reactions"><span>🚲</span></p>' in page(api)

    def test_it_shows_the_file_above_buttons(self, api: Api) -> None:
        header = {"type": "image", "image": {"id": api.upload(catalog.make("image").content, "image/jpeg")}}

        assert api.answer(**interactive("button", header=header, footer={"text": "Norte"})).ok

        text = page(api)
        assert '<img class="speech__picture"' in text
        assert "Norte</p>" in text

    def test_it_shows_the_headings_of_a_list(self, api: Api) -> None:
        api.answer(**interactive("list"))

        assert '<p class="speech__section">Week</p>' in page(api)

    def test_a_link_opens(self, api: Api) -> None:
        api.answer(**interactive("cta_url"))

        assert '<a href="https://norte.example/" rel="noopener noreferrer" target="_blank">Look</a>' in page(api)

    def test_a_form_is_answered_with_its_token(self, api: Api, endpoint: Endpoint) -> None:
        flow = interactive("flow")
        flow["interactive"]["action"]["parameters"]["flow_token"] = "service-9"
        sent = api.answer(**flow).json()["messages"][0]["id"]

        press(api, "Fill in")

        endpoint.wait(lambda: len(endpoint.messages()) == 2)
        answer = endpoint.messages()[1]
        assert answer["context"]["id"] == sent
        assert answer["interactive"]["type"] == "nfm_reply"
        assert json.loads(answer["interactive"]["nfm_reply"]["response_json"])["flow_token"] == "service-9"

    def test_it_draws_every_part_of_a_template(self, api: Api) -> None:
        coupon = button("copy_code", 0, {"type": "coupon_code", "coupon_code": "SPRING20"})
        parts = (header("text", "Amara", parameter_name="first_name"), body(percent="20 %", day="Sunday"), coupon)
        api.answer(**template("spring_code", *parts))
        document = {"id": api.upload(catalog.make("document").content, "application/pdf"), "filename": "Fatura.pdf"}
        pay = button("url", 0, {"type": "text", "text": "NC2-40817"})
        api.answer(**template("invoice_ready", header("document", document), body("NC2", "10 €", "Friday"), pay))
        place = {"latitude": "38.71", "longitude": "-9.14", "name": "Workshop"}
        api.answer(**template("pickup_point", header("location", place), body("Cargo 2", "Saturday")))
        cards = {"type": "carousel", "cards": [{}, {}]}
        api.answer(**template("new_bikes", body("Amara"), cards))

        text = page(api)
        for words in (
            "Amara, spring is here",
            "<b>20 %</b> off every helmet until Sunday",
            "Reply STOP to hear no more",
            "<small>SPRING20</small>",
            ">Fatura.pdf<small>",
            'href="https://norte.example/pay/NC2-40817"',
            'href="tel:+351215550100"',
            "Workshop",
            'href="https://norte.example/bikes/folding"',
        ):
            assert words in text

    def test_what_never_arrived_cannot_be_pressed(self, api: Api) -> None:
        api.faults(refuse=131026)
        api.answer(**interactive("button"))

        text = page(api)
        assert "Never arrived: Message undeliverable" in text
        assert '<button type="submit">Friday' not in text


class ReceiptTests:
    @pytest.fixture
    def sent(self, api: Api, endpoint: Endpoint) -> str:
        api.write(text="Hello")
        api.faults(receipts="by_hand")
        return str(api.answer(text={"body": "Good morning"}).json()["messages"][0]["id"])

    def test_each_message_has_its_own_until_it_is_read(self, api: Api, sent: str) -> None:
        api.answer(text={"body": "One more"})
        assert page(api).count("Receipt:") == 2

        post(api, "receipt", {"wamid": sent, "status": "read"})
        assert page(api).count("Receipt:") == 1

    def test_a_message_fails_with_the_code_that_was_typed(self, api: Api, endpoint: Endpoint, sent: str) -> None:
        assert post(api, "receipt", {"wamid": sent, "status": "failed", "code": "131049"}).status_code == 303
        assert post(api, "receipt", {"wamid": sent, "status": "failed", "code": "x"}).status_code == 400

        assert endpoint.wait_for_statuses(2)[1]["errors"][0]["code"] == 131049

    def test_a_voice_note_that_is_played_says_so(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        voice = {"id": api.upload(catalog.make("voice").content, "audio/ogg; codecs=opus"), "voice": True}
        sent = api.answer(type="audio", audio=voice).json()["messages"][0]["id"]

        post(api, "heard", {"wamid": sent})

        assert "played" in [each["status"] for each in endpoint.wait_for_statuses(3)]
