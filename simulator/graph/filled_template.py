"""A message template with its parameters filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Drawn:
    """What the person sees. ``buttons`` are (type, label, what it carries): a payload, an address, a phone number, a
    code, or a Flow's token. ``place`` is a location above the text; ``cards`` are the slides of a carousel."""

    header: str = ""
    body: str = ""
    footer: str = ""
    place: dict[str, Any] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    cards: list[Drawn] = field(default_factory=list)


def draw(definition: dict[str, Any], components: list[dict[str, Any]]) -> Drawn:
    """Fill ``components``, as a send carries them, into the template's definition."""
    drawn = Drawn()
    given = {str(each.get("type", "")).lower(): each.get("parameters") or [] for each in components}
    buttons = {
        str(each.get("index", "")): each.get("parameters") or [] for each in components if each.get("type") == "button"
    }
    for component in definition.get("components", []):
        kind = str(component.get("type", "")).lower()
        parameters = given.get(kind, [])
        if kind == "header" and component.get("format") == "LOCATION":
            drawn.place = parameters[0].get("location", {}) if parameters else {}
        elif kind in ("header", "body", "footer"):
            # Files above the text are drawn from the message that carries them.
            setattr(drawn, kind, fill(str(component.get("text", "")), parameters))
        elif kind == "buttons":
            drawn.buttons = [
                _button(each, buttons.get(str(index), [])) for index, each in enumerate(component.get("buttons", []))
            ]
        elif kind == "carousel":
            drawn.cards = [draw(card, []) for card in component.get("cards", [])]
    return drawn


def fill(text: str, parameters: list[dict[str, Any]]) -> str:
    """``text`` with {{1}} or {{name}} replaced; what was not given stays."""
    values = {
        str(each.get("parameter_name") or position): str(each.get("text", ""))
        for position, each in enumerate(parameters, start=1)
    }
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: values.get(found[1], found[0]), text)


def _button(button: dict[str, Any], parameters: list[dict[str, Any]]) -> tuple[str, str, str]:
    kind, label = str(button.get("type", "")), str(button.get("text", ""))
    first = parameters[0] if parameters else {}
    carried = {
        "QUICK_REPLY": first.get("payload") or label,
        "URL": fill(str(button.get("url", "")), parameters),
        "PHONE_NUMBER": button.get("phone_number", ""),
        "COPY_CODE": first.get("coupon_code", ""),
        "FLOW": (first.get("action") or {}).get("flow_token", "unused"),
    }
    return kind, label, str(carried.get(kind, ""))
