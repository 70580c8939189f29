"""What can be pressed on a bubble of the business, and what pressing it sends."""

from __future__ import annotations

import json
from typing import Any

from simulator.graph import filled_template
from simulator.network.store import ChatMessage
from simulator.phone import markup
from simulator.phone.bubble import Bubble, Press, Slide

#: What the person writes into a form.
_FORM = {"bike": "Norte Cargo 2", "day": "Friday", "note": "Brakes squeak"}


def _reply(label: str, kind: str, payload: Any, *, hint: str = "", section: str = "") -> Press:
    return Press(label=label, kind=kind, payload=json.dumps(payload), hint=hint, section=section)


def _link(label: str, address: str, hint: str = "") -> Press:
    """A link, unless its address is of a kind that a phone would not open."""
    known = address.startswith(("https://", "http://", "tel:"))
    return Press(label=label, link=address if known else "", hint=hint)


def _form(label: str, token: str) -> Press:
    """The button of a Flow; the answer is a form filled in, as a string inside the JSON (reference §4)."""
    response = json.dumps({"flow_token": token} | _FORM)
    nfm_reply = {"name": "flow", "body": "Sent", "response_json": response}
    return _reply(label, "interactive", {"type": "nfm_reply", "nfm_reply": nfm_reply})


def interactive(message: ChatMessage, content: dict[str, Any], bubble: Bubble) -> None:
    """Draw an interactive message, or the person's answer to one, onto its bubble."""
    word = str(content.get("type"))
    if message.mine:
        answer = content.get(word, {})
        bubble.text = markup.to_html(str(answer.get("title") or answer.get("body") or word))
        bubble.footer = str(answer.get("description") or ("You answered a form" if word == "nfm_reply" else ""))
        return
    bubble.text = markup.to_html(str((content.get("body") or {}).get("text", "")))
    bubble.footer = str((content.get("footer") or {}).get("text", ""))
    bubble.header = str((content.get("header") or {}).get("text", ""))
    action = content.get("action") or {}
    if word == "list":
        bubble.choice_label = str(action.get("button", "Choose"))
        bubble.choices = _rows(action)
        return
    bubble.presses = _presses(word, action)
    if not bubble.presses:
        bubble.footer = f"{bubble.footer} ({word})".strip()


def _rows(action: dict[str, Any]) -> list[Press]:
    rows = []
    for section in action.get("sections", []):
        for row in section.get("rows", []):
            picked = {name: row[name] for name in ("id", "title", "description") if row.get(name)}
            answer = {"type": "list_reply", "list_reply": picked}
            hint, heading = str(row.get("description") or ""), str(section.get("title") or "")
            rows.append(_reply(str(row.get("title", "")), "interactive", answer, hint=hint, section=heading))
    return rows


def _presses(word: str, action: dict[str, Any]) -> list[Press]:
    parameters = action.get("parameters") or {}
    if word == "button":
        replies = [each.get("reply", {}) for each in action.get("buttons", [])]
        return [
            _reply(str(each.get("title", "")), "interactive", {"type": "button_reply", "button_reply": each})
            for each in replies
        ]
    if word == "cta_url":
        return [_link(str(parameters.get("display_text", "Open")), str(parameters.get("url", "")))]
    if word == "location_request_message":
        return [Press(label="Send location", kind="location")]
    if word in ("contact_request", "request_contact_info"):
        return [Press(label="Share my number", kind="share_number")]
    if word == "flow":
        return [_form(str(parameters.get("flow_cta", "Open")), str(parameters.get("flow_token", "unused")))]
    return []


def template(content: dict[str, Any], bubble: Bubble) -> None:
    """Draw a message template as the person sees it, with its parameters filled in, onto its bubble."""
    drawn = filled_template.draw(content.get("_definition", {}), content.get("components") or [])
    bubble.header, bubble.footer = drawn.header, drawn.footer
    bubble.text = markup.to_html(drawn.body)
    bubble.presses = _of_template(drawn)
    bubble.slides = [Slide(markup.to_html(card.body), _of_template(card)) for card in drawn.cards]
    if drawn.place:
        bubble.place = {name: str(drawn.place.get(name, "")) for name in ("latitude", "longitude", "name", "address")}


def _of_template(drawn: filled_template.Drawn) -> list[Press]:
    pressed = []
    for kind, label, carried in drawn.buttons:
        if kind == "QUICK_REPLY":
            pressed.append(_reply(label, "button", {"payload": carried, "text": label}))
        elif kind == "URL":
            pressed.append(_link(label, carried))
        elif kind == "PHONE_NUMBER":
            pressed.append(_link(label, f"tel:{carried}", hint=carried))
        elif kind == "FLOW":
            pressed.append(_form(label, carried))
        else:
            pressed.append(Press(label=label, hint=carried))
    return pressed
