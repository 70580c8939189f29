from __future__ import annotations

from pathlib import Path

import pytest
import requests

from simulator.network import webhooks
from simulator.server import Simulator
from tests.simulator.conftest import NUMBER, SECRET, Api, Endpoint


class RedeliveryTests:
    def test_it_tries_again_until_it_is_accepted(self, api: Api, endpoint: Endpoint) -> None:
        endpoint.answers = [503, 401, 200]

        wamid = api.write(text="Again")

        endpoint.wait(lambda: len(endpoint.posts) == 3)
        assert [message["id"] for message in endpoint.messages()] == [wamid] * 3
        assert len({post.body for post in endpoint.posts}) == 1
        api.wait_until_posted()
        hooks = [call for call in api.calls() if call["method"] == "hook"]
        assert [call["status"] for call in hooks] == [503, 401, 200]
        assert hooks[0]["note"] == "again in 1 s"
        assert hooks[2]["target"] == "text (try 3)"

    def test_a_webhook_that_failed_holds_nothing_up(self, api: Api, endpoint: Endpoint) -> None:
        endpoint.answers = [503]

        first, second = api.write(text="First"), api.write(text="Second")

        endpoint.wait(lambda: len(endpoint.posts) == 3)
        assert [message["id"] for message in endpoint.messages()] == [first, second, first]

    def test_it_survives_a_restart_with_the_product_away(self, tmp_path: Path, endpoint: Endpoint) -> None:
        # Port 9 of loopback: nobody listens there.
        running = Simulator(folder=tmp_path, webhook_url="http://127.0.0.1:9/", app_secret=SECRET)
        running.start()
        wamid = Api(running.origin).write(text="Before the restart")
        endpoint.wait(lambda: Api(running.origin).calls())
        running.stop()

        again = Simulator(folder=tmp_path, webhook_url=endpoint.url, app_secret=SECRET)
        again.start()
        try:
            endpoint.wait(endpoint.messages)
            assert endpoint.messages()[0]["id"] == wamid
            assert [message["wamid"] for message in Api(again.origin).messages()] == [wamid]
        finally:
            again.stop()


class MisbehaviourTests:
    def test_it_posts_twice(self, api: Api, endpoint: Endpoint) -> None:
        wamid = api.write(text="Twice", faults=["twice"])

        endpoint.wait(lambda: len(endpoint.posts) == 2)
        assert [message["id"] for message in endpoint.messages()] == [wamid, wamid]

    def test_it_posts_late_with_the_time_of_writing(self, api: Api, endpoint: Endpoint) -> None:
        api.faults(webhook_late=0.5)
        late = api.write(text="Late", at=1_700_000_000)
        api.faults(webhook_late=0)
        early = api.write(text="Early", person="tomasz")

        endpoint.wait(lambda: len(endpoint.posts) == 2)
        assert [message["id"] for message in endpoint.messages()] == [early, late]
        assert endpoint.messages()[1]["timestamp"] == "1700000000"

    def test_it_posts_out_of_order(self, api: Api, endpoint: Endpoint) -> None:
        api.faults(webhook_disorder=True)

        first, second = api.write(text="First"), api.write(text="Second")

        endpoint.wait(lambda: len(endpoint.posts) == 2)
        assert [message["id"] for message in endpoint.messages()] == [second, first]

    def test_it_keeps_the_order_of_a_chat_otherwise(self, api: Api, endpoint: Endpoint) -> None:
        wamids = [api.write(text=str(n)) for n in range(12)]

        endpoint.wait(lambda: len(endpoint.posts) == 12)
        assert [message["id"] for message in endpoint.messages()] == wamids

    def test_it_posts_in_batches(self, api: Api, endpoint: Endpoint) -> None:
        api.faults(webhook_batch=True)

        wamids = [api.write(text="a"), api.write(text="b", person="dilnoza"), api.write(text="c")]

        endpoint.wait(lambda: len(endpoint.messages()) == 3)
        assert len(endpoint.posts) == 1
        value = endpoint.values()[0]
        assert {message["id"] for message in value["messages"]} == set(wamids)
        assert {contact["wa_id"] for contact in value["contacts"]} == {"351915550123", "998905550147"}

    def test_it_posts_a_thousand_at_once(self, api: Api, endpoint: Endpoint) -> None:
        wamids = api.send_batch("amara", NUMBER.phone_number_id, ({"text": f"No. {n}"} for n in range(1200)))

        endpoint.wait(lambda: len(endpoint.posts) == 2)
        assert [len(value["messages"]) for value in endpoint.values()] == [1000, 200]
        assert [message["id"] for message in endpoint.messages()] == wamids

    def test_statuses_come_before_the_answer_to_the_send(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts_first=True)

        sent = api.answer(text={"body": "Good morning"}).json()["messages"][0]["id"]

        assert [(status["id"], status["status"]) for status in endpoint.statuses()] == [
            (sent, "sent"),
            (sent, "delivered"),
        ]

    def test_receipts_wait_for_the_player(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts="by_hand")
        sent = api.answer(type="text", text={"body": "Good morning"}).json()["messages"][0]["id"]

        api.receipt(sent, "read")
        api.receipt(sent, "delivered")

        endpoint.wait(lambda: len(endpoint.statuses()) == 2)
        assert sorted(status["status"] for status in endpoint.statuses()) == ["read", "sent"]
        assert api.messages()[-1]["status"] == "read"


class SendingFaultTests:
    def test_the_line_breaks_after_the_message_was_taken(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(line="after")

        with pytest.raises(requests.ConnectionError):
            api.answer(text={"body": "Good morning"}, biz_opaque_callback_data="row 7")

        endpoint.wait(lambda: len(endpoint.statuses()) == 2)
        assert {status["biz_opaque_callback_data"] for status in endpoint.statuses()} == {"row 7"}

    def test_the_line_breaks_before_anything_was_taken(self, api: Api) -> None:
        api.faults(line="before")

        with pytest.raises(requests.ConnectionError):
            api.answer(text={"body": "Good morning"})

        assert api.messages() == []

    @pytest.mark.parametrize(("refused", "status"), [(190, 401), (130429, 400), (131016, 503), (368, 403)])
    def test_it_refuses_at_once(self, api: Api, refused: int, status: int) -> None:
        api.faults(refuse=refused)

        answer = api.answer(text={"body": "Good morning"})

        assert (answer.status_code, answer.json()["error"]["code"]) == (status, refused)
        assert api.messages() == []

    def test_it_refuses_later(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(refuse=131049)

        assert api.answer(text={"body": "Offer"}).status_code == 200

        endpoint.wait(endpoint.statuses)
        assert endpoint.statuses()[0]["errors"][0]["code"] == 131049

    def test_24_hours_pass_and_a_new_message_opens_the_window(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(window_closed_at=4_000_000_000)
        api.answer(text={"body": "Too late"})
        api.faults(window_closed_at=1)
        api.answer(text={"body": "In time"})

        endpoint.wait(lambda: len(endpoint.statuses()) == 3)
        words = [status["status"] for status in endpoint.statuses()]
        assert words == ["failed", "sent", "delivered"]


class AnyWebhookTests:
    def test_it_posts_what_it_is_given(self, api: Api, endpoint: Endpoint) -> None:
        value = {"event": "FLAGGED", "current_limit": "TIER_1K", "display_phone_number": NUMBER.digits}

        api.webhook("phone_number_quality_update", value)

        endpoint.wait(endpoint.posts.copy)
        post = endpoint.posts[0]
        assert post.json["entry"][0]["changes"] == [{"value": value, "field": "phone_number_quality_update"}]
        assert post.headers["X-Hub-Signature-256"] == webhooks.signature(post.body, SECRET)
