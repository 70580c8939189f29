"""What goes wrong on purpose while the business sends, and the list of what was received."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from simulator.control.client import SimulatorError
from tests.simulator.conftest import NUMBER, TOKEN, Api, Endpoint

MESSAGES = f"/{NUMBER.phone_number_id}/messages"
HELLO = {"text": {"body": "Good morning"}}


class ScriptTests:
    def test_the_next_sends_are_refused_and_then_it_works(self, api: Api) -> None:
        api.script({"times": 2, "code": 130429}, {"code": 131000, "details": "Bad day"})

        answers = [api.answer(**HELLO) for _ in range(4)]

        assert [answer.status_code for answer in answers] == [400, 400, 500, 200]
        assert [answer.json().get("error", {}).get("code") for answer in answers] == [130429, 130429, 131000, None]
        assert answers[2].json()["error"]["error_data"]["details"] == "Bad day"
        assert len(api.messages()) == 1
        assert api.planned() == []

    def test_an_answer_without_a_body(self, api: Api) -> None:
        api.script({"status": 500}, {"status": 502, "code": 2, "empty": True})

        assert [(each.status_code, each.content) for each in (api.answer(**HELLO), api.answer(**HELLO))] == [
            (500, b""),
            (502, b""),
        ]

    def test_the_line_breaks_before_the_message_is_accepted(self, api: Api) -> None:
        api.script({"line": "before"})

        with pytest.raises(requests.ConnectionError):
            api.answer(**HELLO)

        assert api.messages() == []
        assert len(api.requests(MESSAGES)) == 1

    def test_the_answer_is_lost_and_the_message_arrives(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.script({"line": "after"})

        with pytest.raises(requests.ConnectionError):
            api.answer(**HELLO, biz_opaque_callback_data="row 7")

        statuses = endpoint.wait_for_statuses(2)
        assert [(each["status"], each["biz_opaque_callback_data"]) for each in statuses] == [
            ("sent", "row 7"),
            ("delivered", "row 7"),
        ]

    def test_a_slow_answer_comes_after_the_message_was_accepted(self, api: Api) -> None:
        api.script({"seconds": 30})

        with pytest.raises(requests.ReadTimeout):
            requests.post(
                f"{api.origin}/v26.0{MESSAGES}",
                headers=TOKEN,
                json={"messaging_product": "whatsapp", "to": "+351915550123"} | HELLO,
                timeout=1,
            )

        assert len(api.messages()) == 1

    def test_uploads_and_read_marks_have_steps_of_their_own(self, api: Api) -> None:
        wamid = api.write(text="Hello")
        api.script({"call": "upload", "status": 503}, {"call": "read", "code": 131000})

        assert api.answer(**HELLO).status_code == 200
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert api.graph("POST", MESSAGES[1:], json=read).status_code == 500
        files = {"file": ("a.txt", b"a", "text/plain")}
        form = {"messaging_product": "whatsapp"}
        assert api.graph("POST", f"{NUMBER.phone_number_id}/media", data=form, files=files).status_code == 503
        assert api.planned() == []

    @pytest.mark.parametrize(
        ("step", "sentence"),
        [
            ({}, "A step needs"),
            ({"times": 0, "code": 1}, "A step needs"),
            ({"gremlins": 1}, "A step has no 'gremlins'"),
            ({"line": "sideways"}, "makes no sense"),
            ({"call": "sing", "code": 1}, "makes no sense"),
        ],
    )
    def test_it_refuses_a_step_that_makes_no_sense(self, api: Api, step: dict[str, Any], sentence: str) -> None:
        with pytest.raises(SimulatorError, match=sentence):
            api.script(step)


class SwitchTests:
    def test_a_dead_token_opens_nothing_until_it_is_put_right(self, api: Api) -> None:
        api.faults(token_dead=True)

        answers = [api.answer(**HELLO), api.graph("GET", NUMBER.phone_number_id)]
        assert {(each.status_code, each.json()["error"]["code"]) for each in answers} == {(401, 190)}

        api.faults(token_dead=False)
        assert api.answer(**HELLO).status_code == 200

    def test_every_answer_is_slow(self, api: Api) -> None:
        api.faults(slow=0.5)

        assert api.answer(**HELLO).elapsed.total_seconds() >= 0.5

    def test_receipts_are_held(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts="held")
        sent = api.answer(**HELLO).json()["messages"][0]["id"]

        for status in ("sent", "delivered", "read"):
            api.receipt(sent, status)

        assert [each["status"] for each in endpoint.wait_for_statuses(3)] == ["sent", "delivered", "read"]

    def test_a_message_fails_with_any_code(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts="held")
        sent = api.answer(**HELLO).json()["messages"][0]["id"]

        api.receipt(sent, "failed", code=999999)

        assert endpoint.wait_for_statuses()[0]["errors"][0]["code"] == 999999


class RequestTests:
    def test_it_lists_what_arrived(self, api: Api) -> None:
        before = time.time()
        api.answer(**HELLO)
        api.upload(b"Key at the neighbour's", "text/plain", "note.txt")
        api.graph("GET", NUMBER.phone_number_id)

        sent, uploaded, read = api.requests()

        assert (sent["method"], sent["path"], sent["status"]) == ("POST", MESSAGES, 200)
        assert sent["body"] == {"messaging_product": "whatsapp", "to": "+351915550123"} | HELLO
        assert before <= sent["at"] <= time.time()
        assert uploaded["body"]["file"] == {"name": "note.txt", "type": "text/plain", "size": 22}
        assert (read["method"], read["body"]) == ("GET", None)
        assert api.requests(MESSAGES) == [sent]
        assert api.requests(method="get", after=sent["id"]) == [read]

    def test_it_never_keeps_the_token(self, api: Api) -> None:
        api.answer(**HELLO)

        assert TOKEN["Authorization"].split()[1] not in str(api.requests())


class PlugTests:
    def test_nobody_connects_until_it_is_put_back_in(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        endpoint.wait(endpoint.messages)
        api.pull_plug()
        api.pull_plug()

        with pytest.raises(requests.ConnectionError, match="refused"):
            api.answer(**HELLO)
        api.write(text="Anybody?")
        assert api.overview()["pulled"] is True
        assert len(endpoint.messages()) == 1

        api.put_plug_in()
        assert api.answer(**HELLO).status_code == 200
        endpoint.wait(lambda: len(endpoint.messages()) == 2)
        assert [each["body"]["text"] for each in api.requests(MESSAGES)] == [HELLO["text"]]

    def test_pulled_while_an_answer_is_on_its_way(self, api: Api, endpoint: Endpoint) -> None:
        """The message was accepted, the answer is lost, and its receipts come when the plug is back."""
        api.write(text="Hello")
        endpoint.wait(endpoint.messages)
        api.script({"seconds": 20})
        ended: list[object] = []

        def send() -> None:
            try:
                ended.append(api.answer(**HELLO, biz_opaque_callback_data="row 7"))
            except requests.ConnectionError as error:
                ended.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        endpoint.wait(lambda: len(api.messages()) == 2)
        api.pull_plug()
        sending.join(timeout=10)

        assert [type(each) for each in ended] == [requests.ConnectionError]
        api.put_plug_in()
        endpoint.wait(lambda: "delivered" in [each["status"] for each in endpoint.statuses()])
        assert {each["biz_opaque_callback_data"] for each in endpoint.statuses()} == {"row 7"}
