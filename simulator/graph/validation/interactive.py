"""Interactive messages: buttons, lists, links, requests and Flows, and the header above them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.graph.validation.definitions import check_cards
from simulator.graph.validation.files import HEADER_TYPES, check_file
from simulator.graph.validation.parts import invalid, limit, missing, text, unexpected
from simulator.network.exchange import Exchange
from simulator.network.world import Number

#: What may stand above the text, for each type that is checked (reference: interactive messages, 2026-01).
_HEADERS: dict[str, tuple[str, ...]] = {
    "button": ("text", *HEADER_TYPES),
    "list": ("text",),
    "cta_url": ("text", *HEADER_TYPES),
    "flow": ("text", *HEADER_TYPES),
    "location_request_message": (),
    "contact_request": (),
    # What pywa 4 sends for it; the reference has contact_request.
    "request_contact_info": (),
}
#: Types that are taken, and shown on the phone by their text only.
_UNCHECKED = (
    "address_message",
    "call_permission_request",
    "carousel",
    "catalog_message",
    "product",
    "product_list",
    "voice_call",
)
#: Longest text of a body, by type; 1024 for those not named.
_BODY_LIMITS = {"list": 4096}
_WITHOUT_BODY = ("product", "catalog_message")


def check_interactive(exchange: Exchange, number: Number, part: dict[str, Any]) -> None:
    """Refuse as Meta does what is missing, too long, too many, or doubled."""
    kind, action = text(part, "type"), part.get("action")
    if not kind:
        raise missing("interactive['type']")
    if kind not in _HEADERS and kind not in _UNCHECKED:
        listed = ", ".join(sorted((*_HEADERS, *_UNCHECKED)))
        raise unexpected(f"Param interactive['type'] must be one of {{{listed}}} - got \"{kind}\".")
    if not isinstance(action, dict):
        raise missing("interactive['action']")
    body = text(part.get("body"), "text")
    if not body.strip() and kind not in _WITHOUT_BODY:
        raise missing("interactive['body']['text']")
    limit("interactive['body']['text']", body, _BODY_LIMITS.get(kind, 1024))
    if part.get("footer") is not None and not text(part["footer"], "text"):
        raise missing("interactive['footer']['text']")
    limit("interactive['footer']['text']", text(part.get("footer"), "text"), 60)
    if kind == "carousel":
        check_cards(action.get("cards"), "interactive['action']['cards']")
    if kind in _HEADERS:
        _header(exchange, number, kind, part.get("header"))
        _ACTIONS[kind](action)


def _header(exchange: Exchange, number: Number, kind: str, header: Any) -> None:
    if header is None:
        return
    word = text(header, "type")
    if word not in _HEADERS[kind]:
        listed = ", ".join(_HEADERS[kind]) or "none"
        raise invalid(f"A header of an interactive message of type {kind} can be: {listed}; got {word or 'nothing'}.")
    if word == "text":
        if not text(header, "text").strip():
            raise missing("interactive['header']['text']")
        limit("interactive['header']['text']", header["text"], 60)
    else:
        check_file(exchange, number, word, header.get(word), name=f"interactive['header']['{word}']")


def _buttons(action: dict[str, Any]) -> None:
    buttons = action.get("buttons")
    if buttons is None:
        raise missing("interactive['action']['buttons']")
    if not isinstance(buttons, list) or not 0 < len(buttons) <= 3:
        raise invalid("A message has one to three reply buttons.")
    for button in buttons:
        if text(button, "type") != "reply":
            raise invalid("A button of an interactive message is of type reply.")
        reply = button.get("reply")
        if not text(reply, "id") or not text(reply, "title"):
            raise missing("interactive['action']['buttons']['reply']")
        limit("reply['title']", reply["title"], 20)
        limit("reply['id']", reply["id"], 256)
    for name in ("id", "title"):
        if len({button["reply"][name] for button in buttons}) < len(buttons):
            raise invalid(f"Two buttons have the same {name}.")


def _list(action: dict[str, Any]) -> None:
    if not text(action, "button"):
        raise missing("interactive['action']['button']")
    limit("action['button']", action["button"], 20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 0 < len(sections) <= 10:
        raise invalid("A list has one to ten sections.")
    if not all(isinstance(section, dict) and isinstance(section.get("rows"), list) for section in sections):
        raise missing("interactive['action']['sections']['rows']")
    rows = [row for section in sections for row in section["rows"]]
    if not 0 < len(rows) <= 10:
        raise invalid("A list has one to ten rows in all.")
    if len(sections) > 1 and not all(text(section, "title") for section in sections):
        raise missing("interactive['action']['sections']['title']")
    for section in sections:
        limit("section['title']", text(section, "title"), 24)
    for row in rows:
        if not text(row, "id") or not text(row, "title"):
            raise missing("interactive['action']['sections']['rows']")
        for name, most in (("id", 200), ("title", 24), ("description", 72)):
            limit(f"row['{name}']", text(row, name), most)
    if len({row["id"] for row in rows}) < len(rows):
        raise invalid("Two rows have the same id.")


def _named(action: dict[str, Any], name: str) -> dict[str, Any]:
    """The parameters of an action that must carry this name."""
    if action.get("name") != name:
        raise invalid(f"interactive['action']['name'] must be {name}.")
    parameters = action.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _link(action: dict[str, Any]) -> None:
    parameters = _named(action, "cta_url")
    for name in ("display_text", "url"):
        if not text(parameters, name):
            raise missing(f"interactive['action']['parameters']['{name}']")
    limit("parameters['display_text']", parameters["display_text"], 20)
    if not parameters["url"].startswith(("http://", "https://")):
        raise invalid("interactive['action']['parameters']['url'] is not a valid URI.")


def _flow(action: dict[str, Any]) -> None:
    parameters = _named(action, "flow")
    if str(parameters.get("flow_message_version")) != "3":
        raise invalid("interactive['action']['parameters']['flow_message_version'] must be 3.")
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise missing("flow_id or flow_name (one of them)")
    if not text(parameters, "flow_cta"):
        raise missing("interactive['action']['parameters']['flow_cta']")
    limit("parameters['flow_cta']", parameters["flow_cta"], 20)
    if parameters.get("flow_action", "navigate") not in ("navigate", "data_exchange"):
        raise invalid("flow_action must be navigate or data_exchange.")
    payload = parameters.get("flow_action_payload")
    if payload is not None and not text(payload, "screen"):
        raise missing("flow_action_payload['screen']")
    if parameters.get("mode", "published") not in ("draft", "published"):
        raise invalid("mode must be draft or published.")


def _location_request(action: dict[str, Any]) -> None:
    _named(action, "send_location")


def _contact_request(action: dict[str, Any]) -> None:
    _named(action, "request_contact_info")


_ACTIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
    "flow": _flow,
    "location_request_message": _location_request,
    "contact_request": _contact_request,
    "request_contact_info": _contact_request,
}
