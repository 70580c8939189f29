"""Interactive messages: buttons, lists, links, and requests (Meta's page of each type, Nov 2025 to May 2026)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from whatsapp import limits
from whatsapp.compose.validation import ComposeError, distinct, objects, refuse, title, web_address, words

MEDIA_HEADERS = frozenset({"image", "video", "document"})


def interactive(payload: Mapping[str, Any], text: str, *, media_id: str, file_name: str) -> dict[str, Any]:
    """Meta's ``interactive`` object. The file is the header's, where the header has one. Raises ComposeError."""
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ComposeError("This kind of message with buttons cannot be sent.")
    meta_type, headers, with_footer, action = _KINDS[kind]
    most = limits.LIST_BODY if kind == "list" else limits.INTERACTIVE_BODY
    refuse(limits.refuse_length("The text of the message", text, most, required=True))
    sent: dict[str, Any] = {"type": meta_type}
    header = _header(payload.get("header"), headers, media_id, file_name)
    if header:
        sent["header"] = header
    elif media_id:
        raise ComposeError("A message with buttons shows a file only in its header, and this one's has none.")
    sent["body"] = {"text": text}
    footer = words("The footer", payload, "footer", limits.FOOTER, required=False)
    if footer and not with_footer:
        raise ComposeError("This message cannot have a footer.")
    if footer:
        sent["footer"] = {"text": footer}
    sent["action"] = action(payload)
    return sent


def _header(header: object, allowed: frozenset[str], media_id: str, file_name: str) -> dict[str, Any]:
    if not header:
        return {}
    kind = header.get("type") if isinstance(header, dict) else None
    if not isinstance(header, dict) or kind not in allowed:
        raise ComposeError("This message cannot have such a header.")
    if kind == "text":
        return {"type": "text", "text": words("The header", header, "text", limits.HEADER)}
    if not media_id:
        raise ComposeError("The file for the header is missing.")
    name = {"filename": file_name} if kind == "document" and file_name else {}
    return {"type": kind, kind: {"id": media_id} | name}


def _buttons(payload: Mapping[str, Any]) -> dict[str, Any]:
    buttons = objects("The buttons", payload.get("buttons"))
    if not buttons:
        raise ComposeError("Add at least one button.")
    if len(buttons) > limits.BUTTONS:
        raise ComposeError(f"A message has at most {limits.BUTTONS} reply buttons; this has {len(buttons)}.")
    replies = [
        {
            "id": words("A reply button's id", button, "id", limits.BUTTON_ID),
            "title": title("A reply button's title", button, "title", limits.BUTTON_TITLE),
        }
        for button in buttons
    ]
    distinct("buttons have the same title", (reply["title"].strip() for reply in replies))
    distinct("buttons have the same id", (reply["id"] for reply in replies))
    return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}


def _list(payload: Mapping[str, Any]) -> dict[str, Any]:
    sections = objects("The sections", payload.get("sections"))
    if not sections:
        raise ComposeError("Add at least one row.")
    if len(sections) > limits.LIST_SECTIONS:
        raise ComposeError(f"A list has at most {limits.LIST_SECTIONS} sections; this has {len(sections)}.")
    sent = [_section(section, titled=len(sections) > 1) for section in sections]
    rows = [row for section in sent for row in section["rows"]]
    if len(rows) > limits.LIST_ROWS:
        raise ComposeError(f"A list has at most {limits.LIST_ROWS} rows in all; this has {len(rows)}.")
    distinct("rows have the same id", (row["id"] for row in rows))
    return {"button": title("The list's button", payload, "button", limits.BUTTON_TITLE), "sections": sent}


def _section(section: Mapping[str, Any], *, titled: bool) -> dict[str, Any]:
    heading = title("A section's title", section, "title", limits.SECTION_TITLE, required=titled)
    rows = []
    for row in objects("The rows", section.get("rows")):
        sent = {
            "id": words("A row's id", row, "id", limits.ROW_ID),
            "title": title("A row's title", row, "title", limits.ROW_TITLE),
        }
        description = words("A row's description", row, "description", limits.ROW_DESCRIPTION, required=False)
        rows.append(sent | ({"description": description} if description else {}))
    if not rows:
        raise ComposeError("Every section of a list needs a row.")
    return ({"title": heading} if heading else {}) | {"rows": rows}


def _link(payload: Mapping[str, Any]) -> dict[str, Any]:
    shown = title("The link button's text", payload, "display_text", limits.BUTTON_TITLE)
    url = web_address("The link", payload.get("url"))
    return {"name": "cta_url", "parameters": {"display_text": shown, "url": url}}


def _flow(payload: Mapping[str, Any]) -> dict[str, Any]:
    flow = payload.get("flow")
    if not isinstance(flow, dict):
        raise ComposeError("Choose the form (Flow) to send.")
    named = "flow_id" if flow.get("id") else "flow_name"
    sent: dict[str, Any] = {
        "flow_message_version": "3",
        named: words("The Flow's name", flow, "id" if flow.get("id") else "name", limits.FLOW_NAME),
        "flow_cta": title("The Flow button's text", flow, "cta", limits.BUTTON_TITLE),
    }
    token = words("The Flow's token", flow, "token", limits.FLOW_TOKEN, required=False)
    if token:
        sent["flow_token"] = token
    action = flow.get("action") or "navigate"
    if action not in ("navigate", "data_exchange"):
        raise ComposeError("A Flow is opened with the action “navigate” or “data_exchange”.")
    sent["flow_action"] = action
    if action == "navigate":
        _first_screen(flow, sent)
    if flow.get("mode") == "draft":
        sent["mode"] = "draft"
    return {"name": "flow", "parameters": sent}


def _first_screen(flow: Mapping[str, Any], sent: dict[str, Any]) -> None:
    """What the Flow opens with. Its endpoint says so where the action is data_exchange."""
    screen = words("The Flow's first screen", flow, "screen", limits.FLOW_NAME, required=False)
    data = flow.get("data") or {}
    if not isinstance(data, dict):
        raise ComposeError("The Flow's data has to be an object.")
    if data and not screen:
        raise ComposeError("The Flow's data needs the name of its first screen.")
    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ComposeError("The Flow's data cannot be written as JSON.") from None
    if screen:
        # An empty object is refused, a missing one is not (Meta "Sending a Flow").
        sent["flow_action_payload"] = {"screen": screen} | ({"data": data} if data else {})


def _ask(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda _payload: {"name": name}


_TEXT = frozenset({"text"})
#: Our word: Meta's word, the headers it may have, whether it may have a footer, and what makes its action.
_KINDS: dict[str, tuple[str, frozenset[str], bool, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "buttons": ("button", _TEXT | MEDIA_HEADERS, True, _buttons),
    "list": ("list", _TEXT, True, _list),
    "link": ("cta_url", _TEXT | MEDIA_HEADERS, True, _link),
    "location_request": ("location_request_message", frozenset(), False, _ask("send_location")),
    "contact_request": ("contact_request", frozenset(), False, _ask("request_contact_info")),
    "flow": ("flow", _TEXT | MEDIA_HEADERS, True, _flow),
}
