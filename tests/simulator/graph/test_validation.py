"""What Meta refuses at once in a message, and what it refuses after it has looked at it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from simulator.samples import catalog
from simulator.server import Simulator
from tests.simulator.conftest import NUMBER, Api, Endpoint, refusal

BODY = {"text": "Which day?"}
BOOK = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "spring"}]}


def interactive(kind: str, **more: Any) -> dict[str, Any]:
    """A message of this type that is in order, with ``more`` over it; None takes a part away."""
    actions: dict[str, Any] = {
        "button": {"buttons": [{"type": "reply", "reply": {"id": "fri", "title": "Friday"}}]},
        "list": {"button": "Days", "sections": [{"title": "Week", "rows": [{"id": "mon", "title": "Monday"}]}]},
        "cta_url": {"name": "cta_url", "parameters": {"display_text": "Look", "url": "https://norte.example/"}},
        "location_request_message": {"name": "send_location"},
        "contact_request": {"name": "request_contact_info"},
        "flow": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "7", "flow_cta": "Fill in"}},
    }
    part = {"type": kind, "body": BODY, "action": actions[kind]} | more
    return {"type": "interactive", "interactive": {name: value for name, value in part.items() if value is not None}}


def with_parameters(kind: str, **more: Any) -> dict[str, Any]:
    message = interactive(kind)
    message["interactive"]["action"]["parameters"] |= more
    return message


def rows(*ids: str, **more: str) -> dict[str, Any]:
    return {"button": "Days", "sections": [{"rows": [{"id": each, "title": "Day"} | more for each in ids]}]}


def replies(*replies: tuple[str, str]) -> dict[str, Any]:
    return {"buttons": [{"type": "reply", "reply": {"id": one, "title": title}} for one, title in replies]}


class InteractiveTests:
    KINDS = ("button", "list", "cta_url", "location_request_message", "contact_request", "flow")

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_takes_every_type(self, api: Api, kind: str) -> None:
        assert api.answer(**interactive(kind)).status_code == 200

    @pytest.mark.parametrize("kind", ["button", "cta_url", "flow"])
    @pytest.mark.parametrize("word", ["image", "video", "document"])
    def test_it_takes_a_file_above_the_text(self, api: Api, endpoint: Endpoint, kind: str, word: str) -> None:
        api.write(text="Hello")
        sample = catalog.make(word)
        header = {"type": word, word: {"id": api.upload(sample.content, sample.mime_type)}}

        assert api.answer(**interactive(kind, header=header)).status_code == 200

        assert [each["status"] for each in endpoint.wait_for_statuses(2)] == ["sent", "delivered"]

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            (interactive("button", body={"text": "a" * 1025}), 100),
            (interactive("button", body=None), 131008),
            (interactive("button", footer={"text": "a" * 61}), 100),
            (interactive("button", header={"type": "text", "text": "a" * 61}), 100),
            (interactive("button", header={"type": "audio"}), 131009),
            (interactive("button", header={"type": "image", "image": {"id": "1"}}), 100),
            (interactive("button", header={"type": "image"}), 131008),
            (interactive("button", action=replies()), 131009),
            (interactive("button", action=replies(*((str(n), str(n)) for n in range(4)))), 131009),
            (interactive("button", action=replies(("a", "x" * 21))), 100),
            (interactive("button", action=replies(("a" * 257, "x"))), 100),
            (interactive("button", action=replies(("a", "x"), ("a", "y"))), 131009),
            (interactive("button", action=replies(("a", "x"), ("b", "x"))), 131009),
            (interactive("button", action={"buttons": [{"type": "url"}]}), 131009),
            (interactive("list", body={"text": "a" * 4097}), 100),
            (interactive("list", header={"type": "image", "image": {"link": "https://a.example/"}}), 131009),
            (interactive("list", action=rows()), 131009),
            (interactive("list", action=rows(*map(str, range(11)))), 131009),
            (interactive("list", action=rows("a", "a")), 131009),
            (interactive("list", action=rows("a", title="x" * 25)), 100),
            (interactive("list", action=rows("a", description="x" * 73)), 100),
            (interactive("list", action=rows("a" * 201)), 100),
            (interactive("list", action=rows("a") | {"button": "x" * 21}), 100),
            (interactive("list", action={"button": "x", "sections": rows("a")["sections"] * 2}), 131008),
            (with_parameters("cta_url", display_text="x" * 21), 100),
            (with_parameters("cta_url", url="javascript:alert(1)"), 131009),
            (interactive("cta_url", action={"name": "cta_url"}), 131008),
            (interactive("location_request_message", action={"name": "send_place"}), 131009),
            (interactive("location_request_message", header={"type": "text", "text": "Hi"}), 131009),
            (interactive("contact_request", action={"name": "x"}), 131009),
            (with_parameters("flow", flow_name="both"), 131008),
            (with_parameters("flow", flow_message_version="2"), 131009),
            (with_parameters("flow", flow_cta=""), 131008),
            (with_parameters("flow", flow_action="jump"), 131009),
            (with_parameters("flow", flow_action_payload={}), 131008),
            ({"type": "interactive", "interactive": {"type": "hologram", "body": BODY, "action": {}}}, 100),
        ],
    )
    def test_it_refuses_what_is_out_of_bounds(self, api: Api, message: dict[str, Any], code: int) -> None:
        assert refusal(api.answer(**message))[0] == code
        assert api.messages() == []

    def test_a_list_may_have_a_longer_text(self, api: Api) -> None:
        assert api.answer(**interactive("list", body={"text": "a" * 4096})).status_code == 200


class ContentTests:
    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ({"text": {"body": "a", "preview_url": "yes"}}, 100),
            ({"text": {"body": "a"}, "biz_opaque_callback_data": "a" * 513}, 100),
            ({"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "nice"}}, 131009),
            (
                {
                    "type": "reaction",
                    "reaction": {"message_id": "wamid.A", "emoji": "👍"},
                    "context": {"message_id": "wamid.A"},
                },
                100,
            ),
            ({"type": "contacts", "contacts": [{"name": {"formatted_name": "a"}}] * 258}, 131009),
            ({"type": "contacts", "contacts": [{"name": {"formatted_name": "a"}, "phones": "1"}]}, 100),
            ({"type": "location", "location": {"latitude": "north", "longitude": 1}}, 131009),
            ({"type": "image", "image": {"link": "https://a.example/", "filename": "a.jpg"}}, 100),
            ({"type": "audio", "audio": {"link": "https://a.example/", "voice": "yes"}}, 100),
            ({"recipient": "somebody", "text": {"body": "a"}}, 131009),
            ({"to": "+1", "text": {"body": "a"}}, 131009),
        ],
    )
    def test_it_refuses(self, api: Api, message: dict[str, Any], code: int) -> None:
        assert refusal(api.answer(**message))[0] == code

    @pytest.mark.parametrize(
        ("to", "wa_id"),
        [("351915550123", "351915550123"), ("915550123", "351915550123"), ("5215512345678", "5215512345678")],
        ids=["whole", "without its country", "whole in Mexico's way"],
    )
    def test_without_a_plus_only_what_cannot_be_whole_gets_the_own_country(self, api: Api, to: str, wa_id: str) -> None:
        assert api.answer(to=to, text={"body": "Hi"}).json()["contacts"][0]["wa_id"] == wa_id

    def test_a_reply_to_a_message_that_nobody_knows_is_sent_all_the_same(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")

        assert api.answer(text={"body": "Hi"}, context={"message_id": "wamid.GONE"}).status_code == 200

        assert endpoint.wait_for_statuses()[0]["status"] == "sent"


class RecipientTests:
    def test_the_window_can_be_refused_at_once(self, api: Api) -> None:
        api.faults(window_error="at_once")

        assert refusal(api.answer(text={"body": "Hi"}))[0] == 131047
        api.write(text="Hello")
        assert api.answer(text={"body": "Hi"}).status_code == 200

    @pytest.mark.parametrize(("what", "code"), [("all", 131026), ("marketing", 131050)])
    def test_a_person_blocks_us(self, api: Api, endpoint: Endpoint, what: str, code: int) -> None:
        api.write(text="Hello")
        api.block("amara", what)

        sent = api.answer(type="template", template={"name": "spring_service", "language": {"code": "en_US"}} | {
            "components": [BOOK]
        })  # fmt: skip

        assert sent.status_code == 200
        assert endpoint.wait_for_statuses()[0]["errors"][0]["code"] == code
        api.block("amara", "")
        api.answer(text={"body": "Welcome back"})
        assert [each["status"] for each in endpoint.wait_for_statuses(2)][1] == "sent"


class ReactionTests:
    def test_it_fails_on_what_is_too_old_or_in_another_chat(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        old = api.write(text="Long ago", at=time.time() - 31 * 24 * 3600)
        elsewhere = api.write(text="Me", person="mei")

        for wamid in (old, elsewhere, "wamid.NEVER"):
            reaction = {"message_id": wamid, "emoji": "👍"}
            assert api.answer(type="reaction", reaction=reaction).status_code == 200

        assert [each["errors"][0]["code"] for each in endpoint.wait_for_statuses(3)] == [131009] * 3

    def test_it_is_given_and_taken_back(self, api: Api, simulator: Simulator, endpoint: Endpoint) -> None:
        wamid = api.write(text="Hello")
        target = simulator.exchange.chats.get(wamid)
        assert target

        for emoji, shown in (("👩🏽‍🔧", {wamid: ["👩🏽‍🔧"]}), ("", {})):
            api.answer(type="reaction", reaction={"message_id": wamid, "emoji": emoji})
            assert simulator.exchange.chats.reactions([target]) == shown

        assert [each["status"] for each in endpoint.wait_for_statuses(2)] == ["sent", "sent"]


class WebhookTests:
    def test_every_status_echoes_what_the_send_carried(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.answer(text={"body": "Hi"}, biz_opaque_callback_data="row 7")
        api.answer(to="+15550001111", text={"body": "Hi"}, biz_opaque_callback_data="row 8")
        api.open_chat("amara", NUMBER.phone_number_id)

        statuses = endpoint.wait_for_statuses(4)
        assert {(each["status"], each["biz_opaque_callback_data"]) for each in statuses} == {
            ("sent", "row 7"),
            ("delivered", "row 7"),
            ("read", "row 7"),
            ("failed", "row 8"),
        }
