"""Sends of a message template: what fits its definition, and what Meta says to what does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.conftest import Api, Endpoint, refusal

TOMASZ = "PL.80125550417736620"


def template(name: str, *components: dict[str, Any], language: str = "en_US") -> dict[str, Any]:
    part = {"name": name, "language": {"code": language}, "components": list(components)}
    return {"type": "template", "template": part}


def body(*texts: str, **named: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in texts]
    return {
        "type": "body",
        "parameters": parameters
        + [{"type": "text", "text": text, "parameter_name": name} for name, text in named.items()],
    }


def header(kind: str, value: Any, **more: str) -> dict[str, Any]:
    return {"type": "header", "parameters": [{"type": kind, kind: value} | more]}


def button(sub_type: str, index: int, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": list(parameters)}


LINK = {"link": "https://norte.example/a"}
INVOICE = (header("document", LINK | {"filename": "a.pdf"}), body("NC2-40817", "10 €", "Friday"))
PLACE = {"latitude": "38.71", "longitude": "-9.14", "name": "Workshop", "address": "Rua do Alecrim 40"}
PAY = button("url", 0, {"type": "text", "text": "NC2-40817"})
COUPON = button("copy_code", 0, {"type": "coupon_code", "coupon_code": "SPRING20"})
SPRING = (header("text", "Amara", parameter_name="first_name"), body(percent="20 %", day="Sunday"))


class TemplateTests:
    @pytest.mark.parametrize(
        "message",
        [
            template("hello_world"),
            template("order_shipped", body("Amara", "Cargo", "sexta"), language="pt_PT"),
            template("order_shipped", header("image", LINK), body("a", "b", "c", "d")),
            template("delivery_film", header("video", LINK), body(first_name="Amara", bike="Cargo 2")),
            template("invoice_ready", *INVOICE, PAY),
            template("pickup_point", header("location", PLACE), body("Cargo 2", "Saturday")),
            template("spring_code", *SPRING, COUPON, button("quick_reply", 1, {"type": "payload", "payload": "stop"})),
            template(
                "service_form",
                header("text", "40817"),
                body("Cargo 2"),
                button("flow", 0, {"type": "action", "action": {"flow_token": "service-7"}}),
            ),
            template("login_code", body("402817"), button("url", 0, {"type": "text", "text": "402817"})),
            template("feedback_request", body("Lucía", "Cargo 2"), language="es_ES"),
        ],
    )
    def test_it_takes_what_fits(self, api: Api, message: dict[str, Any]) -> None:
        answer = api.answer(**message)

        assert answer.status_code == 200, answer.text
        assert answer.json()["messages"][0]["message_status"] == "accepted"

    @pytest.mark.parametrize(
        ("message", "code", "details"),
        [
            (template("hello_world", language="de"), 132001, "does not exist in de"),
            (template("winter_sale"), 132001, "does not exist"),
            (template("free_bike"), 132001, "does not exist"),
            (template("old_reminder"), 132015, "paused"),
            (template("autumn_reminder"), 132016, "disabled"),
            (template("hello_world", body("a")), 132000, "params (1) does not match the expected number of params (0)"),
            (template("order_shipped", header("image", LINK), body("a")), 132000, "params (1)"),
            (template("order_shipped", body("a", "b", "c", "d")), 132012, "expected IMAGE, received UNKNOWN"),
            (template("order_shipped", header("video", LINK), body("a", "b", "c", "d")), 132012, "received VIDEO"),
            (template("order_shipped", header("image", {}), body("a", "b", "c", "d")), 131008, "header"),
            (template("order_shipped", header("image", {"id": "1"}), body("a", "b", "c", "d")), 100, "media id 1"),
            (template("appointment_reminder", body("a", "b", "c")), 132012, "Parameter name"),
            (template("appointment_reminder", body(first_name="a", day="b", hour="c")), 132012, "Parameter name"),
            (template("order_shipped", body("a\nb", "b", "c"), language="pt_PT"), 132018, "new-line"),
            (template("order_shipped", body("a" + " " * 5, "b", "c"), language="pt_PT"), 132018, "spaces"),
            (template("order_shipped", body("", "b", "c"), language="pt_PT"), 131008, "missing text"),
            (template("order_shipped", body("a" * 1024, "b", "c"), language="pt_PT"), 132005, "longer than 1024"),
            (template("invoice_ready", *INVOICE), 131008, "Button at index 0 of type Url requires a parameter"),
            (
                template("invoice_ready", *INVOICE, PAY, button("url", 1, {"type": "text", "text": "1"})),
                100,
                "is of type Call and does not support parameters",
            ),
            (template("invoice_ready", *INVOICE, PAY, button("phone_number", 1)), 100, "must be one of"),
            (template("invoice_ready", *INVOICE, PAY, button("url", 2)), 132018, "no button at index 2"),
            (template("invoice_ready", *INVOICE, button("quick_reply", 0)), 132012, "is of type Url"),
            (template("spring_code", *SPRING), 131008, "of type CopyCode requires a parameter"),
            (
                template(
                    "spring_code", *SPRING, button("copy_code", 0, {"type": "coupon_code", "coupon_code": "A" * 16})
                ),
                132018,
                "at most 15",
            ),
            (
                template(
                    "pickup_point",
                    header("location", PLACE),
                    body("a", "b"),
                    button("url", 0, {"type": "text", "text": "x"}),
                ),
                132018,
                "does not require parameters",
            ),
            (template("new_bikes", body("Amara")), 132012, "number of cards"),
            (template("hello_world", {"type": "footer"}), 100, "must be one of"),
        ],
    )
    def test_it_refuses_what_does_not(self, api: Api, message: dict[str, Any], code: int, details: str) -> None:
        found = refusal(api.answer(**message))

        assert found[0] == code
        assert details in found[1]
        assert api.messages() == []

    def test_a_login_code_needs_the_phone_number(self, api: Api) -> None:
        message = template("login_code", body("402817"), button("url", 0, {"type": "text", "text": "402817"}))

        assert refusal(api.answer(recipient=TOMASZ, **message))[0] == 131062

    def test_the_picture_above_is_looked_at_later(self, api: Api, endpoint: Endpoint) -> None:
        media_id = api.upload(b"no picture", "image/jpeg")

        api.answer(**template("order_shipped", header("image", {"id": media_id}), body("a", "b", "c", "d")))

        assert endpoint.wait_for_statuses()[0]["errors"][0]["code"] == 131053

    def test_a_template_opens_no_window_and_needs_none(self, api: Api, endpoint: Endpoint) -> None:
        assert api.answer(**template("hello_world")).status_code == 200

        assert [each["status"] for each in endpoint.wait_for_statuses(2)] == ["sent", "delivered"]
        api.answer(text={"body": "And now?"})
        assert endpoint.wait_for_statuses(3)[2]["errors"][0]["code"] == 131047
