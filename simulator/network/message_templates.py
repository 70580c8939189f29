"""The message templates that the simulated account has before anybody touches it, as Meta lists them."""

from __future__ import annotations

from typing import Any


def _body(text: str, *examples: str) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "BODY", "text": text}
    if examples:
        body["example"] = {"body_text": [list(examples)]}
    return body


def _named_body(text: str, **examples: str) -> dict[str, Any]:
    known = [{"param_name": name, "example": example} for name, example in examples.items()]
    return {"type": "BODY", "text": text, "example": {"body_text_named_params": known}}


def _media_header(kind: str) -> dict[str, Any]:
    return {"type": "HEADER", "format": kind, "example": {"header_handle": ["https://norte.example/example"]}}


def _buttons(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(buttons)}


def _card(text: str, path: str) -> dict[str, Any]:
    link = {"type": "URL", "text": "Look at it", "url": f"https://norte.example/bikes/{path}"}
    return {"components": [_media_header("IMAGE"), {"type": "BODY", "text": text}, _buttons(link)]}


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

#: What the account has: every kind of component, and every status that keeps a template from being sent.
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
    _template(
        9,
        "delivery_film",
        "en_US",
        "UTILITY",
        _media_header("VIDEO"),
        _named_body(
            "{{first_name}}, this is how your {{bike}} comes out of its box.", first_name="Amara", bike="Cargo 2"
        ),
        {"type": "FOOTER", "text": "Norte Bicycles, Lisbon"},
        _buttons({"type": "QUICK_REPLY", "text": "It arrived"}, {"type": "QUICK_REPLY", "text": "I need help"}),
        parameter_format="NAMED",
    ),
    _template(
        10,
        "invoice_ready",
        "en_US",
        "UTILITY",
        _media_header("DOCUMENT"),
        _body("Invoice {{1}} over *{{2}}* is attached. It is due on {{3}}.", "NC2-40817", "2.490,00 €", "30 November"),
        {"type": "FOOTER", "text": "Questions? Call us."},
        _buttons(
            {"type": "URL", "text": "Pay online", "url": "https://norte.example/pay/{{1}}", "example": ["NC2-40817"]},
            {"type": "PHONE_NUMBER", "text": "Call the workshop", "phone_number": "+351215550100"},
        ),
    ),
    _template(
        11,
        "pickup_point",
        "en_US",
        "UTILITY",
        {"type": "HEADER", "format": "LOCATION"},
        _body("Your {{1}} waits for you here, until {{2}}.", "Norte Cargo 2", "Saturday 13:00"),
        _buttons({"type": "URL", "text": "Opening hours", "url": "https://norte.example/hours"}),
    ),
    _template(
        12,
        "spring_code",
        "en_US",
        "MARKETING",
        {
            "type": "HEADER",
            "format": "TEXT",
            "text": "{{first_name}}, spring is here",
            "example": {"header_text_named_params": [{"param_name": "first_name", "example": "Amara"}]},
        },
        _named_body(
            "*{{percent}}* off every helmet until {{day}}. _One code for one person._", percent="20 %", day="Sunday"
        ),
        {"type": "FOOTER", "text": "Reply STOP to hear no more"},
        _buttons(
            {"type": "COPY_CODE", "text": "Copy offer code", "example": ["SPRING20"]},
            {"type": "QUICK_REPLY", "text": "Stop offers"},
        ),
        parameter_format="NAMED",
    ),
    _template(
        13,
        "service_form",
        "en_US",
        "UTILITY",
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["40817"]}},
        _body("Before we look at your {{1}}, tell us what is wrong with it.", "Norte Cargo 2"),
        _buttons({"type": "FLOW", "text": "Fill in the form", "flow_id": 700000000000001, "flow_action": "NAVIGATE"}),
    ),
    _template(
        14,
        "login_code",
        "en_US",
        "AUTHENTICATION",
        _body("*{{1}}* is your verification code. For your security, do not share this code.", "402817"),
        {"type": "FOOTER", "text": "This code expires in 10 minutes.", "code_expiration_minutes": 10},
        _buttons(
            {
                "type": "URL",
                "text": "Copy code",
                "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp402817"],
            }
        ),
    ),
    _template(
        15,
        "new_bikes",
        "en_US",
        "MARKETING",
        _body("{{1}}, these two are new in the shop.", "Amara"),
        {
            "type": "CAROUSEL",
            "cards": [
                _card("*Norte Cargo 2*: carries two children, or eighty kilos of anything.", "cargo-2"),
                _card("*Norte Folding*: fits under a desk, and into every train.", "folding"),
            ],
        },
    ),
    _template(
        16, "autumn_reminder", "en_US", "MARKETING", _body("Lights on? We check them for free."), status="DISABLED"
    ),
    _template(
        17,
        "feedback_request",
        "es_ES",
        "MARKETING",
        {"type": "HEADER", "format": "TEXT", "text": "¿Qué tal la bici?"},
        _body("Hola {{1}}, ¿nos cuentas cómo va tu {{2}}?", "Lucía", "Norte Cargo 2"),
        _buttons({"type": "QUICK_REPLY", "text": "Muy bien"}, {"type": "QUICK_REPLY", "text": "Regular"}),
    ),
)
