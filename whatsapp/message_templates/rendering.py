"""A message template as the customer sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from whatsapp.message_templates.form import is_code_button
from whatsapp.message_templates.reading import (
    PLACEHOLDER,
    as_text,
    button_list,
    component,
    filled,
    named_values,
    objects,
    word,
)

#: What phones show on buttons without a text of their own.
UNNAMED_BUTTONS = {
    "COPY_CODE": gettext_lazy("Copy offer code"),
    "OTP": gettext_lazy("Copy code"),
    "CATALOG": gettext_lazy("View catalog"),
    "MPM": gettext_lazy("View items"),
}


@dataclass(frozen=True, slots=True)
class Button:
    """A button as the customer sees it. ``target`` is where it leads: an address, a phone number, a code; or empty."""

    type: str
    text: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One card of a carousel. ``header_format`` as in Rendered."""

    header_format: str = ""
    body: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message template as the customer sees it. All of it is plain text, to be escaped like any message.

    ``header_format``: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or empty; ``header`` its text (a place's name for
    LOCATION). Placeholders without a value stay as they are written in the definition. ``offer``: the text of a
    limited-time offer.
    """

    header_format: str = ""
    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    cards: tuple[Card, ...] = ()
    offer: str = ""

    @property
    def text(self) -> str:
        """Header, body and footer as one text, for search and previews."""
        return "\n".join(part for part in (self.header, self.body, self.footer) if part)


def render(components: object, values: Mapping[str, Any] | None = None) -> Rendered:
    """The message template with its values in place, exactly as the customer sees it. Never raises.

    A value that itself reads like a placeholder stays what it is.
    """
    parts = objects(components)
    given = values if isinstance(values, Mapping) else {}
    header, body = component(parts, "HEADER"), component(parts, "BODY")
    header_format = _format(header)
    body_text = as_text(body.get("text"))
    body_values = named_values(body_text, given.get("body"))
    offer = component(parts, "LIMITED_TIME_OFFER").get("limited_time_offer")
    return Rendered(
        header_format=header_format,
        header=_header(header, header_format, given.get("header")),
        body=filled(body_text, body_values),
        footer=as_text(component(parts, "FOOTER").get("text")),
        buttons=_buttons(button_list(parts), given.get("buttons"), body_values),
        cards=tuple(_card(card) for card in objects(component(parts, "CAROUSEL").get("cards"))),
        offer=as_text(offer.get("text")) if isinstance(offer, Mapping) else "",
    )


def _format(header: Mapping[str, Any]) -> str:
    return word(header.get("format")) or ("TEXT" if header.get("text") else "")


def _header(header: Mapping[str, Any], header_format: str, given: object) -> str:
    if header_format == "LOCATION":
        return as_text(given.get("name")) if isinstance(given, Mapping) else ""
    text = as_text(header.get("text")) if header_format == "TEXT" else ""
    return filled(text, named_values(text, given))


def _buttons(buttons: list[dict[str, Any]], given: object, body_values: Mapping[str, str]) -> tuple[Button, ...]:
    values = given if isinstance(given, Mapping) else {}
    return tuple(_button(button, as_text(values.get(str(index))), body_values) for index, button in enumerate(buttons))


def _button(button: Mapping[str, Any], value: str, body_values: Mapping[str, str]) -> Button:
    kind = "OTP" if is_code_button(button) else word(button.get("type"))
    text = as_text(button.get("text")) or str(UNNAMED_BUTTONS.get(kind, ""))
    target = ""
    if kind == "URL":
        url = as_text(button.get("url"))
        target = PLACEHOLDER.sub(lambda match: value or match[0], url)
    elif kind in ("PHONE_NUMBER", "VOICE_CALL"):
        target = as_text(button.get("phone_number"))
    elif kind == "COPY_CODE":
        target = value
    elif kind == "OTP":
        target = body_values.get("1", "")
    return Button(kind, text, target)


def _card(card: Mapping[str, Any]) -> Card:
    parts = objects(card.get("components"))
    return Card(
        header_format=_format(component(parts, "HEADER")),
        body=as_text(component(parts, "BODY").get("text")),
        buttons=_buttons(button_list(parts), None, {}),
    )
