"""A message template with its parameters filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Drawn:
    """What the person sees. ``replies`` are (label, payload), ``links`` (label, address)."""

    header: str = ""
    body: str = ""
    footer: str = ""
    media_kind: str = ""
    media: dict[str, Any] = field(default_factory=dict)
    replies: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


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
        if kind == "header" and component.get("format", "TEXT") != "TEXT":
            drawn.media_kind = str(component["format"]).lower()
            drawn.media = parameters[0].get(drawn.media_kind, {}) if parameters else {}
        elif kind in ("header", "body", "footer"):
            setattr(drawn, kind, fill(str(component.get("text", "")), parameters))
        elif kind == "buttons":
            _buttons(drawn, component.get("buttons", []), buttons)
    return drawn


def fill(text: str, parameters: list[dict[str, Any]]) -> str:
    """``text`` with {{1}} or {{name}} replaced; what was not given stays."""
    values = {
        str(each.get("parameter_name") or position): str(each.get("text", ""))
        for position, each in enumerate(parameters, start=1)
    }
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: values.get(found[1], found[0]), text)


def _buttons(drawn: Drawn, buttons: list[dict[str, Any]], given: dict[str, list[dict[str, Any]]]) -> None:
    for index, button in enumerate(buttons):
        label, parameters = str(button.get("text", "")), given.get(str(index), [])
        if button.get("type") == "QUICK_REPLY":
            payload = str(parameters[0].get("payload", "")) if parameters else ""
            drawn.replies.append((label, payload or label))
        elif button.get("type") == "URL":
            drawn.links.append((label, fill(str(button.get("url", "")), parameters)))
