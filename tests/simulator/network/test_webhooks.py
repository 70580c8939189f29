from __future__ import annotations

import json

import pytest

from simulator.network import webhooks
from tests.simulator.conftest import SECRET, Api, Endpoint


class BodyTests:
    def test_it_escapes_as_meta_does(self) -> None:
        body = {"text": {"body": "café / <b> 100% @you 🚲"}}

        assert webhooks.encode(body) == (rb'{"text":{"body":"caf\u00e9 \/ \u003Cb> 100\u0025 \u0040you \ud83d\udeb2"}}')

    @pytest.mark.parametrize("text", ["\\/", "\\\\/", "\ud83d alone", "nul \x00", '"quoted" \\ <%@/'])
    def test_it_can_be_read_back_whatever_the_text(self, text: str) -> None:
        assert json.loads(webhooks.encode({"body": text})) == {"body": text}

    def test_it_signs_the_bytes_on_the_wire(self) -> None:
        # The vector that Meta's page leads to: the secret and the body of an empty notification.
        body = webhooks.encode(webhooks.body([]))

        assert webhooks.signature(body, "test_app_secret") == (
            "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
        )


class MessageWebhookTests:
    def test_it_posts_a_text_signed(self, api: Api, endpoint: Endpoint) -> None:
        wamid = api.write(text="Olá <3 @ 50% a/b")

        endpoint.wait(endpoint.messages)
        post = endpoint.posts[0]
        assert post.headers["X-Hub-Signature-256"] == webhooks.signature(post.body, SECRET)
        assert rb"Ol\u00e1 \u003C3 \u0040 50\u0025 a\/b" in post.body
        value = post.values()[0]
        assert value["contacts"] == [
            {"profile": {"name": "Amara Okafor"}, "wa_id": "351915550123", "user_id": "PT.71204458190233751"}
        ]
        leaf = value["messages"][0]
        assert (leaf["id"], leaf["from"], leaf["type"]) == (wamid, "351915550123", "text")
        assert leaf["from_user_id"] == "PT.71204458190233751"

    def test_it_leaves_the_number_out_of_somebody_who_shows_a_username(self, api: Api, endpoint: Endpoint) -> None:
        api.write(person="tomasz", text="Dzień dobry")

        endpoint.wait(endpoint.messages)
        value = endpoint.values()[0]
        assert "from" not in value["messages"][0]
        assert "wa_id" not in value["contacts"][0]
        assert value["contacts"][0]["profile"] == {"name": "Tomasz", "username": "tomasz.k"}
