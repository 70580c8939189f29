"""Interactive messages in Meta's JSON: buttons, lists, links, requests, Flows (Meta's pages, Nov 2025 to May 2026)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from whatsapp import limits
from whatsapp.compose.validation import ComposeError, distinct, line, objects, refuse, web_address
from whatsapp.compose.validation import text as checked

MEDIA_HEADERS = frozenset({"image", "video", "document"})


def interactive(payload: Mapping[str, Any], text: str, *, media_id: str, file_name: str) -> dict[str, Any]:
    """Meta's ``interactive`` object. The file is the header's, where the header has one. Raises ComposeError."""
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ComposeError(_("This kind of interactive message can’t be sent."))
    meta_type, headers, with_footer, action = _KINDS[kind]
    most = limits.LIST_BODY if kind == "list" else limits.INTERACTIVE_BODY
    refuse(limits.refuse_length(_("Message text"), text, most, required=True))
    sent: dict[str, Any] = {"type": meta_type}
    header = _header(payload.get("header"), headers, media_id, file_name)
    if header:
        sent["header"] = header
    elif media_id:
        raise ComposeError(_("Add a header for the file."))
    sent["body"] = {"text": text}
    footer = checked(_("Footer"), payload, "footer", limits.FOOTER, required=False)
    if footer and not with_footer:
        raise ComposeError(_("This kind of message can’t have a footer."))
    if footer:
        sent["footer"] = {"text": footer}
    sent["action"] = action(payload)
    return sent


def _header(header: object, allowed: frozenset[str], media_id: str, file_name: str) -> dict[str, Any]:
    if not header:
        return {}
    kind = header.get("type") if isinstance(header, dict) else None
    if not isinstance(header, dict) or kind not in allowed:
        raise ComposeError(_("This kind of message can’t have such a header."))
    if kind == "text":
        return {"type": "text", "text": checked(_("Header"), header, "text", limits.HEADER)}
    if not media_id:
        raise ComposeError(_("Add the file for the header."))
    name = {"filename": file_name} if kind == "document" and file_name else {}
    return {"type": kind, kind: {"id": media_id} | name}


def _buttons(payload: Mapping[str, Any]) -> dict[str, Any]:
    buttons = objects(_("Buttons"), payload.get("buttons"))
    if not buttons:
        raise ComposeError(_("Add at least one button."))
    if len(buttons) > limits.BUTTONS:
        raise ComposeError(
            _("Use at most %(limit)s buttons; this has %(count)s.") % {"limit": limits.BUTTONS, "count": len(buttons)}
        )
    replies = [
        {
            "id": checked(_("Button ID"), button, "id", limits.BUTTON_ID),
            "title": line(_("Button text"), button, "title", limits.BUTTON_TITLE),
        }
        for button in buttons
    ]
    distinct(_("Two buttons have the same text."), (reply["title"].strip() for reply in replies))
    distinct(_("Two buttons have the same ID."), (reply["id"] for reply in replies))
    return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}


def _list(payload: Mapping[str, Any]) -> dict[str, Any]:
    sections = objects(_("Sections"), payload.get("sections"))
    if not sections:
        raise ComposeError(_("Add at least one row."))
    if len(sections) > limits.LIST_SECTIONS:
        raise ComposeError(
            _("Use at most %(limit)s sections; this has %(count)s.")
            % {"limit": limits.LIST_SECTIONS, "count": len(sections)}
        )
    sent = [_section(section, titled=len(sections) > 1) for section in sections]
    rows = [row for section in sent for row in section["rows"]]
    if len(rows) > limits.LIST_ROWS:
        raise ComposeError(
            _("Use at most %(limit)s rows in all sections; this has %(count)s.")
            % {"limit": limits.LIST_ROWS, "count": len(rows)}
        )
    distinct(_("Two rows have the same ID."), (row["id"] for row in rows))
    return {"button": line(_("List button"), payload, "button", limits.BUTTON_TITLE), "sections": sent}


def _section(section: Mapping[str, Any], *, titled: bool) -> dict[str, Any]:
    heading = line(_("Section title"), section, "title", limits.SECTION_TITLE, required=titled)
    rows = []
    for row in objects(_("Rows"), section.get("rows")):
        sent = {
            "id": checked(_("Row ID"), row, "id", limits.ROW_ID),
            "title": line(_("Row title"), row, "title", limits.ROW_TITLE),
        }
        description = checked(_("Row description"), row, "description", limits.ROW_DESCRIPTION, required=False)
        rows.append(sent | ({"description": description} if description else {}))
    if not rows:
        raise ComposeError(_("Add at least one row to every section."))
    return ({"title": heading} if heading else {}) | {"rows": rows}


def _link(payload: Mapping[str, Any]) -> dict[str, Any]:
    shown = line(_("Button text"), payload, "display_text", limits.BUTTON_TITLE)
    url = web_address(_("Link"), payload.get("url"))
    return {"name": "cta_url", "parameters": {"display_text": shown, "url": url}}


def _flow(payload: Mapping[str, Any]) -> dict[str, Any]:
    flow = payload.get("flow")
    if not isinstance(flow, dict):
        raise ComposeError(_("Choose a Flow."))
    named = "flow_id" if flow.get("id") else "flow_name"
    sent: dict[str, Any] = {
        "flow_message_version": "3",
        named: checked(_("Flow name"), flow, "id" if flow.get("id") else "name", limits.FLOW_NAME),
        "flow_cta": line(_("Button text"), flow, "cta", limits.BUTTON_TITLE),
    }
    token = checked(_("Flow token"), flow, "token", limits.FLOW_TOKEN, required=False)
    if token:
        sent["flow_token"] = token
    action = flow.get("action") or "navigate"
    if action not in ("navigate", "data_exchange"):
        raise ComposeError(_("The Flow’s action must be “navigate” or “data_exchange”."))
    sent["flow_action"] = action
    if action == "navigate":
        sent |= _first_screen(flow)
    if flow.get("mode") == "draft":
        sent["mode"] = "draft"
    return {"name": "flow", "parameters": sent}


def _first_screen(flow: Mapping[str, Any]) -> dict[str, Any]:
    """The Flow's first screen and its data. With data_exchange the Flow's endpoint chooses them."""
    screen = checked(_("First screen of the Flow"), flow, "screen", limits.FLOW_NAME, required=False)
    data = flow.get("data") or {}
    if not isinstance(data, dict):
        raise ComposeError(_("The Flow’s data must be an object."))
    if data and not screen:
        raise ComposeError(_("Name the first screen to send the Flow’s data."))
    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ComposeError(_("The Flow’s data can’t be written as JSON.")) from None
    if not screen:
        return {}
    # An empty object is refused, a missing one is not (Meta "Sending a Flow").
    return {"flow_action_payload": {"screen": screen} | ({"data": data} if data else {})}


def _ask(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda _payload: {"name": name}


_TEXT = frozenset({"text"})
#: By our type: Meta's type, the headers it may have, whether it may have a footer, and the function for its action.
_KINDS: dict[str, tuple[str, frozenset[str], bool, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "buttons": ("button", _TEXT | MEDIA_HEADERS, True, _buttons),
    "list": ("list", _TEXT, True, _list),
    "link": ("cta_url", _TEXT | MEDIA_HEADERS, True, _link),
    "location_request": ("location_request_message", frozenset(), False, _ask("send_location")),
    "contact_request": ("contact_request", frozenset(), False, _ask("request_contact_info")),
    "flow": ("flow", _TEXT | MEDIA_HEADERS, True, _flow),
}
