from __future__ import annotations

from typing import Any

import pytest
import requests

from simulator.network import world
from simulator.samples import catalog
from tests.simulator.conftest import NUMBER, Api, Endpoint

MESSAGES = f"{NUMBER.phone_number_id}/messages"


def code(answer: requests.Response) -> int:
    return int(answer.json()["error"]["code"])


class TokenTests:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic abc"}])
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", MESSAGES),
            ("GET", "1234567890"),
            ("GET", f"{world.WABA_ID}/phone_numbers"),
            ("GET", "anything/at/all"),
        ],
    )
    def test_it_refuses_as_meta_does(self, api: Api, headers: dict[str, str], method: str, path: str) -> None:
        answer = api.graph(method, path, headers=headers)

        assert answer.status_code == 401
        error = answer.json()["error"]
        assert (error["code"], error["type"]) == (190, "OAuthException")
        assert error["fbtrace_id"]

    @pytest.mark.parametrize("version", ["v21.0", "v26.0", "v99.0"])
    def test_it_answers_every_version(self, api: Api, version: str) -> None:
        headers = {"Authorization": f"Bearer {world.ACCESS_TOKEN}"}

        answer = requests.get(f"{api.origin}/{version}/{NUMBER.phone_number_id}", headers=headers, timeout=10)

        assert answer.json()["display_phone_number"] == NUMBER.display


class SendTests:
    def test_it_answers_with_the_message_id(self, api: Api) -> None:
        answer = api.answer(type="text", text={"body": "Good morning"}).json()

        assert answer["messaging_product"] == "whatsapp"
        assert answer["contacts"] == [
            {"input": "+351915550123", "wa_id": "351915550123", "user_id": "PT.71204458190233751"}
        ]
        assert answer["messages"][0]["id"].startswith("wamid.")

    def test_it_leaves_out_the_number_when_sent_to_a_user_id(self, api: Api) -> None:
        answer = api.answer(recipient="PL.80125550417736620", text={"body": "Good morning"}).json()

        assert answer["contacts"] == [{"input": "PL.80125550417736620", "user_id": "PL.80125550417736620"}]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"messaging_product": "", "text": {"body": "a"}}, 100),
            ({"to": "", "text": {"body": "a"}}, 100),
            ({"to": "nobody", "text": {"body": "a"}}, 131009),
            ({"to": f"+{NUMBER.digits}", "text": {"body": "a"}}, 131021),
            ({"type": "hologram", "hologram": {}}, 100),
            ({"type": "text"}, 131008),
            ({"type": "text", "text": {"body": " "}}, 100),
            ({"type": "text", "text": {"body": "a" * 4097}}, 100),
            ({"type": "text", "text": {"body": "a"}, "context": {}}, 131008),
            ({"type": "image", "image": {}}, 131008),
            ({"type": "image", "image": {"id": "1", "link": "https://a.example/"}}, 131008),
            ({"type": "image", "image": {"id": "1234"}}, 100),
            ({"type": "image", "image": {"link": "file:///etc/passwd"}}, 100),
            ({"type": "image", "image": {"link": "https://a.example/", "caption": "a" * 1025}}, 100),
            ({"type": "audio", "audio": {"link": "https://a.example/", "caption": "a"}}, 100),
            ({"type": "location", "location": {"latitude": 91, "longitude": 1}}, 131009),
            ({"type": "location", "location": {"longitude": 1}}, 131008),
            ({"type": "contacts", "contacts": [{"name": {}}]}, 131008),
            ({"type": "reaction", "reaction": {"message_id": "wamid.A"}}, 131008),
            ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "a"}}}, 131008),
            ({"type": "template", "template": {"name": "a"}}, 131008),
            ({"type": "template", "template": {"name": "nothing", "language": {"code": "en_US"}}}, 132001),
            ({"type": "template", "template": {"name": "old_reminder", "language": {"code": "en_US"}}}, 132015),
            ({"type": "template", "template": {"name": "order_shipped", "language": {"code": "pt_PT"}}}, 132000),
            ({"type": "template", "template": {"name": "order_shipped", "language": {"code": "en_US"}}}, 132012),
        ],
    )
    def test_it_refuses_what_meta_refuses(self, api: Api, body: dict[str, Any], expected: int) -> None:
        answer = api.answer(**body)

        assert answer.status_code in (400, 404)
        assert code(answer) == expected
        assert api.messages() == []

    @pytest.mark.parametrize("count", [0, 4])
    def test_it_takes_one_to_three_buttons(self, api: Api, count: int) -> None:
        buttons = [{"type": "reply", "reply": {"id": f"b{n}", "title": f"Button {n}"}} for n in range(count)]
        interactive = {"type": "button", "body": {"text": "Which?"}, "action": {"buttons": buttons}}

        assert code(api.answer(type="interactive", interactive=interactive)) == 131009

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff"])
    def test_it_answers_with_an_error_to_what_is_no_message(self, api: Api, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {world.ACCESS_TOKEN}", "Content-Type": "application/json"}

        assert code(api.graph("POST", MESSAGES, data=body, headers=headers)) == 100

    def test_it_takes_a_chunked_body(self, api: Api) -> None:
        headers = {"Authorization": f"Bearer {world.ACCESS_TOKEN}", "Content-Type": "application/json"}
        parts = iter([b'{"messaging_product":"whatsapp","to":"+351915550123",', b'"text":{"body":"In two parts"}}'])

        answer = api.graph("POST", MESSAGES, data=parts, headers=headers)

        assert answer.status_code == 200
        assert api.messages()[0]["leaf"]["text"] == {"body": "In two parts"}

    def test_it_marks_earlier_messages_as_read_too(self, api: Api) -> None:
        first, second, third = (api.write(text=word, at=at) for word, at in (("a", 1e9), ("b", 2e9), ("c", 3e9)))

        body = {"messaging_product": "whatsapp", "status": "read", "message_id": second}
        assert api.graph("POST", MESSAGES, json=body).json() == {"success": True}

        read = {message["wamid"] for message in api.messages() if message["status"] == "read"}
        assert read == {first, second}
        assert third not in read

    def test_it_does_not_mark_what_it_never_sent(self, api: Api) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}

        assert code(api.graph("POST", MESSAGES, json=body)) == 131009


class StatusTests:
    def test_it_fails_later_when_the_window_is_closed(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Last week", at=1_000_000_000)

        answer = api.answer(text={"body": "Good morning"})

        assert answer.status_code == 200
        endpoint.wait(endpoint.statuses)
        status = endpoint.statuses()[0]
        assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)
        assert "contacts" not in endpoint.values()[-1]

    def test_it_fails_later_when_nobody_has_the_number(self, api: Api, endpoint: Endpoint) -> None:
        api.answer(to="+15550001111", text={"body": "Hello?"})

        endpoint.wait(endpoint.statuses)
        status = endpoint.statuses()[0]
        assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)
        assert status["recipient_id"] == "15550001111"

    def test_it_reports_read_when_the_chat_is_opened(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        sent = api.answer(text={"body": "Good morning"}, biz_opaque_callback_data="row 7").json()["messages"][0]["id"]

        assert api.open_chat("amara", NUMBER.phone_number_id) == 1
        assert api.open_chat("amara", NUMBER.phone_number_id) == 0

        endpoint.wait(lambda: len(endpoint.statuses()) == 3)
        assert [status["status"] for status in endpoint.statuses()] == ["sent", "delivered", "read"]
        assert {(status["id"], status["biz_opaque_callback_data"]) for status in endpoint.statuses()} == {
            (sent, "row 7")
        }

    def test_it_refuses_a_file_of_another_kind_later(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        files = {"file": ("a.pdf", catalog.make("invoice").content, "application/pdf")}
        form = {"messaging_product": "whatsapp"}
        media_id = api.graph("POST", f"{NUMBER.phone_number_id}/media", data=form, files=files).json()["id"]

        api.answer(type="image", image={"id": media_id})

        endpoint.wait(endpoint.statuses)
        assert endpoint.statuses()[0]["errors"][0]["code"] == 131053


class AccountTests:
    def test_it_stops_posting_without_a_subscription(self, api: Api, endpoint: Endpoint) -> None:
        path = f"{world.WABA_ID}/subscribed_apps"
        assert api.graph("DELETE", path).json() == {"success": True}
        assert api.graph("GET", path).json() == {"data": []}

        api.write(text="Into the void")
        assert api.overview()["webhooks_waiting"] == 0

        api.graph("POST", path)
        wamid = api.write(text="Heard")
        endpoint.wait(endpoint.messages)
        assert [message["id"] for message in endpoint.messages()] == [wamid]

    def test_it_reviews_a_new_template(self, api: Api, endpoint: Endpoint) -> None:
        template = {
            "name": "new_one",
            "language": "en_US",
            "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Hi"}],
        }

        created = api.graph("POST", f"{world.WABA_ID}/message_templates", json=template).json()

        assert created["status"] == "PENDING"
        endpoint.wait(endpoint.posts.copy)
        change = endpoint.posts[0].json["entry"][0]["changes"][0]
        assert (change["field"], change["value"]["event"]) == ("message_template_status_update", "APPROVED")
        listed = api.graph("GET", f"{world.WABA_ID}/message_templates?name=new_one").json()["data"]
        assert [each["id"] for each in listed] == [created["id"]]
        assert api.graph("DELETE", f"{world.WABA_ID}/message_templates?name=new_one").json() == {"success": True}

    def test_it_says_that_an_object_does_not_exist(self, api: Api) -> None:
        error = api.graph("GET", "999").json()["error"]

        assert (error["code"], error["error_subcode"]) == (100, 33)
