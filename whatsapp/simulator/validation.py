"""What Meta checks before it accepts a message: required parts, lengths, types, template parameters."""

from __future__ import annotations

import re
from typing import Any

from whatsapp.simulator import media
from whatsapp.simulator.errors import GraphError
from whatsapp.simulator.exchange import Exchange
from whatsapp.simulator.world import Number

TYPES = (
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
)
FILE_TYPES = ("audio", "document", "image", "sticker", "video")
_CAPTION_LIMIT = 1024
#: Longest text of an interactive message's body, by its type; 1024 for those not named.
_BODY_LIMITS = {"list": 4096}


def check(exchange: Exchange, number: Number, body: dict[str, Any]) -> str:
    """Raise GraphError as Meta would refuse this message at once; return its type."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, message="(#100) The parameter messaging_product is required.")
    if not body.get("to") and not body.get("recipient"):
        raise GraphError(100, message="(#100) The parameter to is required.")
    if body.get("recipient_type", "individual") not in ("individual", "group"):
        raise GraphError(100, message="(#100) Param recipient_type must be one of {individual, group}")
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        raise GraphError(100, message="(#100) Param biz_opaque_callback_data must be at most 512 characters long.")
    kind = str(body.get("type") or "text").lower()
    if kind not in TYPES:
        listed = ", ".join(word.upper() for word in TYPES)
        raise GraphError(100, message=f'(#100) Param type must be one of {{{listed}}} - got "{kind}".')
    context = body.get("context")
    if context is not None and not _text(context, "message_id"):
        raise _missing("context.message_id")
    part = body.get(kind)
    if kind == "contacts":
        _contacts(part)
    elif not isinstance(part, dict):
        raise _missing(kind)
    elif kind in FILE_TYPES:
        _file(exchange, number, kind, part)
    else:
        _CHECKS[kind](part)
    return kind


def _missing(name: str) -> GraphError:
    return GraphError(131008, f"The parameter {name} is required.")


def _invalid(details: str) -> GraphError:
    return GraphError(131009, details)


def _text(part: Any, name: str) -> str:
    value = part.get(name) if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def _limit(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise GraphError(100, message=f"(#100) Param {name} must be at most {limit} characters long.")


def _plain(part: dict[str, Any]) -> None:
    if not _text(part, "body").strip():
        raise GraphError(100, message="(#100) The parameter text['body'] is required.")
    _limit("text['body']", part["body"], 4096)


def _file(exchange: Exchange, number: Number, kind: str, part: dict[str, Any]) -> None:
    media_id, link = part.get("id"), part.get("link")
    if bool(media_id) == bool(link):
        raise _missing(f"{kind}['id'] or {kind}['link'] (one of them)")
    if media_id:
        found = exchange.store.media(str(media_id))
        if found is None or not media.alive(exchange, found) or found.number_id != number.phone_number_id:
            raise GraphError(
                100, f"The media id {media_id} does not exist for this number.", message="(#100) Invalid parameter"
            )
    elif not str(link).startswith(("http://", "https://")):
        raise GraphError(100, message=f"(#100) Param {kind}['link'] is not a valid URI.")
    caption = _text(part, "caption")
    if caption and kind in ("audio", "sticker"):
        raise GraphError(100, message=f'(#100) Unexpected key "caption" on param "{kind}".')
    _limit(f"{kind}['caption']", caption, _CAPTION_LIMIT)


def _location(part: dict[str, Any]) -> None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(part[name])
        except KeyError:
            raise _missing(f"location['{name}']") from None
        except (TypeError, ValueError):
            raise _invalid(f"location['{name}'] is not a number.") from None
        if not -most <= value <= most:
            raise _invalid(f"location['{name}'] is out of range.")


def _contacts(part: Any) -> None:
    if not isinstance(part, list) or not 0 < len(part) <= 257:
        raise _missing("contacts")
    for entry in part:
        if not _text(entry.get("name") if isinstance(entry, dict) else None, "formatted_name"):
            raise _missing("contacts['name']['formatted_name']")


def _reaction(part: dict[str, Any]) -> None:
    if not _text(part, "message_id"):
        raise _missing("reaction['message_id']")
    if not isinstance(part.get("emoji"), str):
        raise _missing("reaction['emoji']")


def _interactive(part: dict[str, Any]) -> None:
    kind, action = _text(part, "type"), part.get("action")
    if not kind:
        raise _missing("interactive['type']")
    if not isinstance(action, dict):
        raise _missing("interactive['action']")
    body = _text(part.get("body"), "text")
    if not body and kind not in ("product", "catalog_message"):
        raise _missing("interactive['body']['text']")
    _limit("interactive['body']['text']", body, _BODY_LIMITS.get(kind, 1024))
    _limit("interactive['footer']['text']", _text(part.get("footer"), "text"), 60)
    if kind == "button":
        _buttons(action.get("buttons"))
    elif kind == "list":
        _list(action)


def _buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not 0 < len(buttons) <= 3:
        raise _invalid("A message has one to three reply buttons.")
    ids, titles = set(), set()
    for button in buttons:
        reply = button.get("reply") if isinstance(button, dict) else None
        button_id, title = _text(reply, "id"), _text(reply, "title")
        if not button_id or not title:
            raise _missing("interactive['action']['buttons']['reply']")
        _limit("reply['title']", title, 20)
        _limit("reply['id']", button_id, 256)
        ids.add(button_id)
        titles.add(title)
    if len(ids) < len(buttons) or len(titles) < len(buttons):
        raise _invalid("Two buttons have the same id or title.")


def _list(action: dict[str, Any]) -> None:
    if not _text(action, "button"):
        raise _missing("interactive['action']['button']")
    _limit("action['button']", action["button"], 20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 0 < len(sections) <= 10:
        raise _invalid("A list has one to ten sections.")
    if not all(isinstance(section, dict) and isinstance(section.get("rows"), list) for section in sections):
        raise _missing("interactive['action']['sections']['rows']")
    rows = [row for section in sections for row in section["rows"]]
    if not 0 < len(rows) <= 10:
        raise _invalid("A list has one to ten rows in all.")
    if len(sections) > 1 and not all(_text(section, "title") for section in sections):
        raise _missing("interactive['action']['sections']['title']")
    for row in rows:
        if not _text(row, "id") or not _text(row, "title"):
            raise _missing("interactive['action']['sections']['rows']")
        for name, limit in (("id", 200), ("title", 24), ("description", 72)):
            _limit(f"row['{name}']", _text(row, name), limit)


def _template_reference(part: dict[str, Any]) -> None:
    if not _text(part, "name"):
        raise _missing("template['name']")
    if not _text(part.get("language"), "code"):
        raise _missing("template['language']['code']")


_CHECKS = {
    "text": _plain,
    "location": _location,
    "reaction": _reaction,
    "interactive": _interactive,
    "template": _template_reference,
}


def template_of(exchange: Exchange, part: dict[str, Any]) -> dict[str, Any]:
    """The message template that this send names, its parameters checked against it.

    Raises GraphError: 132001 unknown or not approved in that language, 132015 paused, 132000 wrong number of
    parameters, 132012 wrong kind of parameter.
    """
    name, language = part["name"], part["language"]["code"]
    found = [
        each
        for each in exchange.store.templates()
        if (each["name"], each["language"]) == (name, language) and each["status"] in ("APPROVED", "PAUSED")
    ]
    if not found:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    template = found[0]
    if template["status"] == "PAUSED":
        raise GraphError(132015)
    given = {str(each.get("type", "")).lower(): each.get("parameters", []) for each in part.get("components") or []}
    for component in template["components"]:
        _parameters(component, given.get(component["type"].lower(), []))
    return template


def _parameters(component: dict[str, Any], given: list[dict[str, Any]]) -> None:
    kind = component["type"].lower()
    if kind == "header" and component.get("format") in ("IMAGE", "VIDEO", "DOCUMENT", "LOCATION"):
        wanted = component["format"].lower()
        if len(given) != 1:
            raise GraphError(132012, f"header: Format mismatch, expected {component['format']}, received UNKNOWN")
        if given[0].get("type") != wanted or not given[0].get(wanted):
            raise GraphError(
                132012, f"header: Format mismatch, expected {component['format']}, received {given[0].get('type')}"
            )
        return
    if kind not in ("header", "body"):
        return
    names = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", component.get("text", "")))
    if len(names) != len(given):
        raise GraphError(
            132000,
            f"{kind}: number of localizable_params ({len(given)}) does not match the expected number ({len(names)})",
        )
    for parameter in given:
        text = _text(parameter, "text")
        if parameter.get("type") == "text" and (not text or re.search(r"[\n\t]| {5,}", text)):
            raise GraphError(132012, f"{kind}: Param text cannot be empty, nor have new-line/tab characters")
        if any(not name.isdigit() for name in names) and parameter.get("parameter_name") not in names:
            raise GraphError(132012, f"{kind}: parameter_name does not match the template")
