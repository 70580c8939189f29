"""Sends of a message template: whether it may be sent, and whether the parameters fit its definition."""

from __future__ import annotations

import re
from typing import Any

from simulator.graph.filled_template import fill
from simulator.graph.validation.files import HEADER_TYPES, check_file
from simulator.graph.validation.parts import objects, text, unexpected
from simulator.network.errors import GraphError
from simulator.network.exchange import Exchange
from simulator.network.world import Number

_BLOCKED = {"PAUSED": 132015, "DISABLED": 132016}
_SUB_TYPES = ("catalog", "copy_code", "flow", "mpm", "order_details", "quick_reply", "reminder", "url", "voice_call")
#: What a button of the definition is called in a send; those not named take no parameters.
_SUB_TYPE_OF = {"URL": "url", "OTP": "url", "QUICK_REPLY": "quick_reply", "COPY_CODE": "copy_code", "FLOW": "flow"}
_TEXT_LIMITS = {"header": 60, "body": 1024}
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def find(exchange: Exchange, number: Number, part: dict[str, Any], *, by_user_id: bool = False) -> dict[str, Any]:
    """The message template that this send names, its parameters checked against it.

    Raises GraphError: 132001 unknown or not approved in that language, 132015 paused, 132016 disabled, 132000 wrong
    number of parameters, 132012 wrong kind, 132018 unfit text, 132005 too long, 131008 a button without its
    parameter, 131062 an authentication template for somebody known by user id only.
    """
    template = _sendable(exchange, part)
    if by_user_id and template["category"] == "AUTHENTICATION":
        raise GraphError(131062)
    components = objects(part.get("components"), "template['components']")
    given: dict[str, list[dict[str, Any]]] = {}
    for each in components:
        word = text(each, "type").lower()
        if word not in ("header", "body", "button", "carousel"):
            raise unexpected("Param template['components']['type'] must be one of {BODY, BUTTON, CAROUSEL, HEADER}.")
        if word != "button":
            given[word] = objects(each.get("cards" if word == "carousel" else "parameters"), f"{word}['parameters']")
    defined = {each["type"].lower(): each for each in template["components"]}
    for word in ("header", "body"):
        component = defined.get(word, {})
        if component.get("format", "TEXT") in ("TEXT", None):
            _text(word, component, given.get(word, []), part["language"]["code"])
        else:
            _header(exchange, number, component["format"], given.get("header", []))
    if len(given.get("carousel", [])) != len(defined.get("carousel", {}).get("cards", [])):
        raise GraphError(132012, "carousel: the number of cards does not match the template")
    _buttons(defined.get("buttons", {}).get("buttons", []), components)
    return template


def _sendable(exchange: Exchange, part: dict[str, Any]) -> dict[str, Any]:
    name, language = part["name"], part["language"]["code"]
    found = [each for each in exchange.store.templates() if (each["name"], each["language"]) == (name, language)]
    status = found[0]["status"] if found else ""
    if status in _BLOCKED:
        raise GraphError(_BLOCKED[status])
    if status != "APPROVED":
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    return found[0]


def _header(exchange: Exchange, number: Number, wanted: str, given: list[dict[str, Any]]) -> None:
    received = text(given[0], "type").upper() if given else ""
    if len(given) != 1 or received != wanted:
        raise GraphError(132012, f"header: Format mismatch, expected {wanted}, received {received or 'UNKNOWN'}")
    word = wanted.lower()
    if word in HEADER_TYPES:
        check_file(exchange, number, word, given[0].get(word), name=f"header['{word}']")
    elif not isinstance(given[0].get(word), dict):
        raise GraphError(132012, f"header: Format mismatch, expected {wanted}, received UNKNOWN")


def _text(word: str, component: dict[str, Any], given: list[dict[str, Any]], language: str) -> None:
    template = str(component.get("text", ""))
    names = set(_VARIABLE.findall(template))
    if len(names) != len(given):
        raise GraphError(
            132000,
            f"{word}: number of localizable_params ({len(given)}) does not match the expected number of params "
            f"({len(names)})",
        )
    for parameter in given:
        if parameter.get("type") not in ("text", "currency", "date_time"):
            received = text(parameter, "type").upper() or "UNKNOWN"
            raise GraphError(132012, f"{word}: Format mismatch, expected TEXT, received {received}")
        value = text(parameter, "text")
        if parameter["type"] == "text" and not value:
            raise GraphError(131008, f"{word}: Parameter of type text is missing text value")
        if re.search(r"[\n\t]| {5,}", value):
            raise GraphError(132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    if any(not name.isdigit() for name in names) and {text(each, "parameter_name") for each in given} != names:
        raise GraphError(132012, f"{word}: Parameter name is missing, doubled, or not one of the template's")
    if len(fill(template, given)) > _TEXT_LIMITS[word]:
        raise GraphError(132005, f"{word}: the text in {language} is longer than {_TEXT_LIMITS[word]} characters")


def _buttons(defined: list[dict[str, Any]], components: list[dict[str, Any]]) -> None:
    given: dict[int, dict[str, Any]] = {}
    for component in components:
        if text(component, "type").lower() != "button":
            continue
        sub_type, place = text(component, "sub_type").lower(), str(component.get("index", ""))
        if sub_type not in _SUB_TYPES:
            listed = ", ".join(_SUB_TYPES).upper()
            raise unexpected(f"Param template['components']['sub_type'] must be one of {{{listed}}} - got "
                             f"\"{sub_type}\".")  # fmt: skip
        if not place.isdigit() or int(place) >= len(defined):
            raise GraphError(132018, f"buttons: There is no button at index {place or '(none)'}")
        given[int(place)] = component
    for index, button in enumerate(defined):
        _button(index, button, given.get(index))


def _button(index: int, button: dict[str, Any], component: dict[str, Any] | None) -> None:
    kind = button["type"]
    parameters = objects(component.get("parameters"), "button['parameters']") if component else []
    if component and kind not in _SUB_TYPE_OF:
        shown = "Call" if kind == "PHONE_NUMBER" else kind.title()
        details = f"buttons: Button at index {index} is of type {shown} and does not support parameters"
        raise GraphError(100, details, message="(#100) Invalid parameter")
    if component and text(component, "sub_type").lower() != _SUB_TYPE_OF[kind]:
        raise GraphError(132012, f"buttons: Button at index {index} is of type {kind.title()}")
    if kind == "OTP" or (kind == "URL" and _VARIABLE.search(str(button.get("url", "")))):
        if len(parameters) != 1 or not text(parameters[0], "text"):
            raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
    elif kind == "URL" and parameters:
        raise GraphError(132018, f"buttons: Button at index {index} of type Url does not require parameters")
    elif kind == "COPY_CODE":
        code = text(parameters[0], "coupon_code") if len(parameters) == 1 else ""
        if not code:
            raise GraphError(131008, f"buttons: Button at index {index} of type CopyCode requires a parameter")
        if len(code) > 15:
            raise GraphError(132018, f"buttons: Button at index {index}: a coupon code has at most 15 characters")
