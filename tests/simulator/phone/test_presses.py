from __future__ import annotations

import requests

from simulator.samples import catalog
from tests.simulator.conftest import NUMBER, Api, Endpoint
from tests.simulator.phone_page import page, post, press


class ChatTests:
    """What the business sends, and how the person answers."""

    def test_it_shows_a_template_and_answers_its_button(self, api: Api, endpoint: Endpoint) -> None:
        words = ("Amara", "Norte Cargo 2", "Friday", "Rua do Alecrim 12")
        parameters = [{"type": "text", "text": word} for word in words]
        header = {"type": "image", "image": {"id": api.upload(catalog.make("image").content, "image/jpeg")}}
        template = {
            "name": "order_shipped",
            "language": {"code": "en_US"},
            "components": [
                {"type": "header", "parameters": [header]},
                {"type": "body", "parameters": parameters},
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"payload": "same-address"}],
                },
            ],
        }
        sent = api.answer(type="template", template=template).json()["messages"][0]["id"]

        assert "Hello <b>Amara</b>, your Norte Cargo 2 reaches you on <b>Friday</b>" in page(api)
        press(api, "Yes, same address")
        endpoint.wait(endpoint.messages)
        leaf = endpoint.messages()[0]
        assert leaf["button"] == {"payload": "same-address", "text": "Yes, same address"}
        assert leaf["context"] == {"from": NUMBER.digits, "id": sent}

    def test_it_answers_reply_buttons_and_lists(self, api: Api, endpoint: Endpoint) -> None:
        buttons = [{"type": "reply", "reply": {"id": "fri", "title": "Friday"}}]
        rows = [{"id": "mon", "title": "Monday", "description": "9 to 12"}]
        body = {"text": "Which day?"}
        api.write(text="Can somebody look at my bike?")
        api.answer(type="interactive", interactive={"type": "button", "body": body, "action": {"buttons": buttons}})
        action = {"button": "Days", "sections": [{"rows": rows}]}
        api.answer(type="interactive", interactive={"type": "list", "body": body, "action": action})

        press(api, "Friday")
        press(api, "Monday")

        endpoint.wait(lambda: len(endpoint.messages()) == 3)
        assert [message["interactive"] for message in endpoint.messages()[1:]] == [
            {"type": "button_reply", "button_reply": {"id": "fri", "title": "Friday"}},
            {"type": "list_reply", "list_reply": {"id": "mon", "title": "Monday", "description": "9 to 12"}},
        ]

    def test_it_answers_requests_for_a_place_and_a_number(self, api: Api, endpoint: Endpoint) -> None:
        body = {"text": "Please"}
        for kind, name in (("location_request_message", "send_location"), ("contact_request", "request_contact_info")):
            interactive = {"type": kind, "body": body, "action": {"name": name}}
            assert api.answer(recipient="PL.80125550417736620", type="interactive", interactive=interactive).ok

        for kind in ("location", "share_number"):
            post(api, "say", {"person": "tomasz", "kind": kind})

        endpoint.wait(lambda: len(endpoint.messages()) == 2)
        place, card = endpoint.messages()
        assert "latitude" in place["location"]
        assert "name" not in card["contacts"][0]
        assert card["contacts"][0]["phones"][0]["phone"].startswith("+")

    def test_it_shows_that_the_business_types_and_read(self, api: Api) -> None:
        wamid = api.write(text="Anybody?")
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        api.graph("POST", f"{NUMBER.phone_number_id}/messages", json=body | {"typing_indicator": {"type": "text"}})

        text = page(api)

        assert "typing…" in text
        assert '<span class="visually-hidden">Read</span>' in text

    def test_it_shows_what_never_arrived(self, api: Api) -> None:
        api.answer(text={"body": "Too late"})

        assert "Never arrived: Re-engagement message" in page(api)

    def test_the_player_gives_receipts(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts="by_hand")
        sent = api.answer(text={"body": "Good morning"}).json()["messages"][0]["id"]

        assert "Receipt:" in page(api)
        post(api, "receipt", {"wamid": sent, "status": "delivered"})

        endpoint.wait(lambda: len(endpoint.statuses()) == 2)
        assert [status["status"] for status in endpoint.statuses()] == ["sent", "delivered"]

    def test_a_file_of_the_business_never_runs_in_the_page(self, api: Api) -> None:
        wamid = api.write("document", file=("evil.html", b"<script>alert(1)</script>", "text/html"))
        media_id = next(message["media_id"] for message in api.messages() if message["wamid"] == wamid)

        answer = requests.get(f"{api.origin}/files/{media_id}", timeout=10)

        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_recording_can_be_sought_in(self, api: Api) -> None:
        api.write("voice")
        media_id = api.messages()[0]["media_id"]
        content = catalog.make("voice").content

        part = requests.get(f"{api.origin}/files/{media_id}", headers={"Range": "bytes=100-"}, timeout=10)

        assert part.status_code == 206
        assert part.content == content[100:]
        assert part.headers["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
