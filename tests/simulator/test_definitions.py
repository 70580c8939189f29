"""Creating message templates: what Meta takes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.network import message_templates, world
from tests.simulator.conftest import Api, refusal

PATH = f"{world.WABA_ID}/message_templates"


def body(text: str, *examples: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text} | ({"example": {"body_text": [list(examples)]}} if examples else {})


def definition(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain = {"name": "bike_ready", "language": "en_US", "category": "UTILITY"}
    return plain | {"components": list(components) or [body("Hello")]} | more


def carousel(count: int) -> dict[str, Any]:
    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW"]}}
    return {"type": "CAROUSEL", "cards": [{"components": [header, body("A bike")]}] * count}


class DefinitionTests:
    @pytest.mark.parametrize(
        "template",
        [
            definition(),
            definition(category="utility"),
            definition(body("Hi {{1}}, on {{2}} or {{1}}", "Amara", "Friday")),
            definition(
                {
                    "type": "BODY",
                    "text": "Hi {{first_name}}",
                    "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Amara"}]},
                },
                parameter_format="NAMED",
            ),
            definition(body("New"), carousel(2)),
        ],
    )
    def test_it_is_taken(self, api: Api, template: dict[str, Any]) -> None:
        assert api.graph("POST", PATH, json=template).json()["status"] == "PENDING"

    @pytest.mark.parametrize(
        ("template", "details"),
        [
            (definition(name="Bike Ready"), "lowercase letters"),
            (definition(name="bike-ready"), "lowercase letters"),
            (definition(category="NEWS"), "category must be one of"),
            (definition(body("Hi {{2}}", "Amara")), "without gaps"),
            (definition(body("Hi {{1}} and {{3}}", "a", "b")), "without gaps"),
            (definition(body("Hi {{name}}", "Amara")), "without gaps"),
            (definition(body("Hi {{1}} and {{2}}", "Amara")), "example is missing"),
            (definition(body("Hi {{1}}")), "example is missing"),
            (definition(body("Hi {{name}}"), parameter_format="NAMED"), "example is missing"),
            (definition({"type": "HEADER", "format": "IMAGE"}, body("Hi")), "example of the file"),
            (definition(body("New"), carousel(1)), "2 to 10 cards"),
            (definition(body("New"), carousel(11)), "2 to 10 cards"),
        ],
    )
    def test_it_is_refused(self, api: Api, template: dict[str, Any], details: str) -> None:
        answer = api.graph("POST", PATH, json=template)

        assert refusal(answer)[0] == 100
        assert details in answer.json()["error"]["error_data"]["details"]

    def test_an_edit_is_held_to_the_same(self, api: Api) -> None:
        created = api.graph("POST", PATH, json=definition()).json()["id"]

        answer = api.graph("POST", created, json={"components": [body("Hi {{1}}")]})

        assert refusal(answer)[0] == 100

    def test_what_the_account_has_would_be_taken(self, api: Api) -> None:
        for number, template in enumerate(message_templates.TEMPLATES):
            answer = api.graph("POST", PATH, json=template | {"name": f"copy_{number}"})
            assert answer.status_code == 200, (template["name"], answer.json())

    def test_an_interactive_carousel_has_two_cards_at_least(self, api: Api) -> None:
        api.write(text="Hello")
        part = {"type": "carousel", "body": {"text": "Look"}, "action": {"cards": [{"type": "cta_url"}]}}

        assert refusal(api.answer(type="interactive", interactive=part))[0] == 100
