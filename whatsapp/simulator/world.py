"""Who and what exists in the simulated WhatsApp before anybody touches it: our numbers, people, message templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WABA_ID = "100000000000001"
APP_ID = "300000000000001"
#: The system user's token, good for every number of the account. It opens nothing but this simulator.
ACCESS_TOKEN = "SIMULATOR-ACCESS-TOKEN"  # noqa: S105 (guards nothing: the simulator answers on loopback only)
DEFAULT_PORT = 8001
DEFAULT_WEBHOOK_URL = "http://127.0.0.1:8000/webhooks/meta/"


@dataclass(frozen=True, slots=True)
class Number:
    """One of the business's numbers. ``digits`` is the number itself, ``phone_number_id`` Meta's id of it."""

    phone_number_id: str
    digits: str
    display: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with WhatsApp on their phone. ``wa_id`` is empty when they show a username instead of their number;
    ``user_id`` is their business-scoped user id, which every webhook carries since 2026."""

    key: str
    name: str
    wa_id: str
    user_id: str
    username: str = ""


NUMBERS = (
    Number("200000000000001", "351215550100", "+351 21 555 0100", "Norte Service"),
    Number("200000000000002", "351215550200", "+351 21 555 0200", "Norte Lisboa"),
)

PEOPLE = (
    Person("amara", "Amara Okafor", "351915550123", "PT.71204458190233751"),
    Person("tomasz", "Tomasz", "", "PL.80125550417736620", username="tomasz.k"),
    Person("dilnoza", "Dilnoza", "998905550147", "UZ.51920557603318844"),
    Person("yusuf", "يوسف الحداد", "212615550118", "MA.33905550827714096"),
    Person("mei", "陳美玲", "886955550162", "TW.64415550930087215"),
    Person("lucia", "Lucía 🚲", "34655550119", "ES.27785550661920034", username="lucia.bikes"),
)


def number(phone_number_id: str) -> Number | None:
    """Our number with this id, None when there is none."""
    return next((each for each in NUMBERS if each.phone_number_id == phone_number_id), None)


def _body(text: str, *examples: str) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "BODY", "text": text}
    if examples:
        body["example"] = {"body_text": [list(examples)]}
    return body


def _template(
    suffix: int, name: str, language: str, category: str, *components: dict[str, Any], **more: str
) -> dict[str, Any]:
    return {
        "id": f"4000000000000{suffix:02d}",
        "name": name,
        "language": language,
        "category": category,
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": list(components),
    } | more


_SHIPPED = "Hello *{{1}}*, your {{2}} reaches you on *{{3}}*. Is the address still {{4}}?"

#: Message templates as Meta lists them.
TEMPLATES: tuple[dict[str, Any], ...] = (
    _template(
        1,
        "order_shipped",
        "en_US",
        "UTILITY",
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["https://norte.example/example.jpg"]}},
        _body(_SHIPPED, "Amara", "Norte Cargo 2", "Friday", "Rua do Alecrim 12"),
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Yes, same address"},
                {"type": "QUICK_REPLY", "text": "Choose another day"},
            ],
        },
    ),
    _template(
        2,
        "appointment_reminder",
        "en_US",
        "UTILITY",
        {"type": "HEADER", "format": "TEXT", "text": "Your appointment"},
        {
            "type": "BODY",
            "text": "Hi {{first_name}}, we look at your bike on {{day}} at {{time}}.",
            "example": {
                "body_text_named_params": [
                    {"param_name": "first_name", "example": "Amara"},
                    {"param_name": "day", "example": "Tuesday"},
                    {"param_name": "time", "example": "10:30"},
                ]
            },
        },
        {"type": "FOOTER", "text": "Norte Bicycles, Lisbon"},
        parameter_format="NAMED",
    ),
    _template(
        3,
        "order_shipped",
        "pt_PT",
        "UTILITY",
        _body("Olá *{{1}}*, a sua {{2}} chega na *{{3}}*.", "Amara", "Norte Cargo 2", "sexta-feira"),
    ),
    _template(
        4,
        "spring_service",
        "en_US",
        "MARKETING",
        _body("Spring is coming. Book your yearly service this week and the chain is on us."),
        {
            "type": "BUTTONS",
            "buttons": [
                {
                    "type": "URL",
                    "text": "Book a slot",
                    "url": "https://norte.example/book/{{1}}",
                    "example": ["spring"],
                },
                {"type": "QUICK_REPLY", "text": "Stop offers"},
            ],
        },
    ),
    _template(5, "hello_world", "en_US", "UTILITY", _body("Hello, this is Norte Bicycles.")),
    _template(6, "winter_sale", "en_US", "MARKETING", _body("Everything 20 % off until Sunday."), status="PENDING"),
    _template(
        7,
        "free_bike",
        "en_US",
        "MARKETING",
        _body("You have won a bike!!!"),
        status="REJECTED",
        rejected_reason="ABUSIVE_CONTENT",
    ),
    _template(8, "old_reminder", "en_US", "UTILITY", _body("Your bike is ready."), status="PAUSED"),
)
