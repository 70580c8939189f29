"""What the phone shows of a message: the same for what the person wrote and for what the business sent."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from whatsapp.simulator import filled
from whatsapp.simulator.exchange import Exchange
from whatsapp.simulator.inbound import FILE_KINDS
from whatsapp.simulator.store import ChatMessage

#: WhatsApp's markup: one character around words. Code comes first, for nothing inside it counts.
_MARKUP = re.compile(r"```(.+?)```|`(.+?)`|\*(\S(?:.*?\S)?)\*|_(\S(?:.*?\S)?)_|~(\S(?:.*?\S)?)~", re.DOTALL)
_ELEMENTS = ("code", "code", "b", "i", "s")
_PLACEHOLDERS = {
    "unsupported": "Something that WhatsApp does not pass on",
    "unknown": "Something new that no program knows",
    "system": "You have a new number",
    "call": "You called, nobody answered",
}


@dataclass(frozen=True, slots=True)
class Press:
    """A button on a bubble: pressing it sends this."""

    label: str
    kind: str = ""
    payload: str = ""
    link: str = ""
    hint: str = ""


@dataclass(slots=True)
class Bubble:
    """One bubble, ready to draw. ``version`` changes with anything that can be seen."""

    id: str
    wamid: str
    mine: bool
    kind: str
    day: str
    clock: str
    text: SafeString = field(default_factory=SafeString)
    header: str = ""
    footer: str = ""
    quote: str = ""
    forwarded: bool = False
    file: dict[str, Any] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)
    cards: list[dict[str, str]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    choices: list[Press] = field(default_factory=list)
    choice_label: str = ""
    reactions: list[str] = field(default_factory=list)
    placeholder: str = ""
    status: str = ""
    failure: str = ""
    note: str = ""
    version: str = ""

    @property
    def can_change(self) -> bool:
        return self.mine and self.note != "revoked" and self.kind in ("text", "image", "video", "document")


def markup(text: str) -> SafeString:
    """WhatsApp's bold, italic, struck and code as elements, everything else escaped."""
    parts: list[SafeString] = []
    at = 0
    for found in _MARKUP.finditer(text):
        parts.append(format_html("{}", text[at : found.start()]))
        element = _ELEMENTS[(found.lastindex or 1) - 1]
        inner = found.group(found.lastindex or 1)
        shown = format_html("{}", inner) if element == "code" else markup(inner)
        parts.append(format_html("<{}>{}</{}>", SafeString(element), shown, SafeString(element)))
        at = found.end()
    parts.append(format_html("{}", text[at:]))
    return format_html_join("", "{}", ((part,) for part in parts))


def thread(exchange: Exchange, messages: list[ChatMessage]) -> list[Bubble]:
    """The bubbles of these messages; reactions sit on what they react to."""
    shown = [message for message in messages if message.kind != "reaction"]
    reactions = exchange.chats.reactions(shown)
    return [_bubble(exchange, message, reactions.get(message.wamid, [])) for message in shown]


def summary(message: ChatMessage | None) -> str:
    """A few words of a message, for the quote above an answer."""
    if message is None:
        return "A message"
    content = _content(message)
    body = content.get("body")
    if message.kind == "template":
        body = filled.draw(content.get("_definition", {}), content.get("components") or []).body
    elif isinstance(body, dict):
        body = body.get("text")
    words = str(message.text or body or content.get("caption") or message.kind)
    return _MARKUP.sub(lambda found: found.group(found.lastindex or 0), words)[:80]


def _content(message: ChatMessage) -> dict[str, Any]:
    part = message.leaf.get(FILE_KINDS.get(message.kind, message.kind))
    return part if isinstance(part, dict) else {}


def _bubble(exchange: Exchange, message: ChatMessage, reactions: list[str]) -> Bubble:
    local = time.localtime(message.at)
    today = time.strftime("%Y-%m-%d") == time.strftime("%Y-%m-%d", local)
    bubble = Bubble(
        id=f"m{message.id}",
        wamid=message.wamid,
        mine=message.mine,
        kind=message.kind,
        day="Today" if today else time.strftime("%a %d %b", local),
        clock=time.strftime("%H:%M", local),
        reactions=reactions,
        status=message.status,
        note=message.note,
    )
    if message.note == "revoked":
        bubble.placeholder = "You deleted this message"
    else:
        context = message.leaf.get("context") or {}
        quoted = context.get("id") or context.get("message_id")
        bubble.quote = summary(exchange.chats.get(quoted)) if quoted else ""
        bubble.forwarded = bool(context.get("forwarded"))
        bubble.failure = str(message.error.get("title", "")) if message.error else ""
        _fill(exchange, message, bubble)
    seen = repr((bubble, bubble.reactions))
    bubble.version = hashlib.sha256(seen.encode(errors="replace")).hexdigest()[:12]
    return bubble


def _fill(exchange: Exchange, message: ChatMessage, bubble: Bubble) -> None:
    content = _content(message)
    kind = message.kind
    if kind in FILE_KINDS:
        bubble.file = _file(exchange, message, content)
        bubble.text = markup(message.text or str(content.get("caption", "")))
    elif kind == "text":
        bubble.text = markup(message.text or str(content.get("body", "")))
    elif kind == "location":
        bubble.place = {name: str(content.get(name, "")) for name in ("latitude", "longitude", "name", "address")}
    elif kind == "contacts":
        bubble.cards = [_card(each) for each in message.leaf.get("contacts", [])]
    elif kind == "order":
        bubble.text = markup(str(content.get("text", "")))
        for each in content.get("product_items", []):
            price = f"{each.get('item_price')} {each.get('currency')}"
            bubble.items.append(f"{each.get('quantity')} × {each.get('product_retailer_id')}, {price}")
    elif kind == "interactive":
        _interactive(message, content, bubble)
    elif kind == "button":
        bubble.text = markup(str(content.get("text", "")))
    elif kind == "template":
        _template(exchange, content, bubble)
    else:
        bubble.placeholder = _PLACEHOLDERS.get(kind, kind)


def _file(exchange: Exchange, message: ChatMessage, content: dict[str, Any]) -> dict[str, Any]:
    media = exchange.store.media(message.media_id)
    if media is None:
        return {"missing": "WhatsApp did not take this file" if message.mine else "The file is not there"}
    name = str(content.get("filename") or media.file_name or "file")
    size = filesizeformat(media.size)
    shown = FILE_KINDS.get(message.kind, message.kind)
    return {"shown": shown, "id": media.media_id, "name": name, "about": f"{media.mime_type.split(';')[0]} · {size}"}


def _card(entry: Any) -> dict[str, str]:
    name = (entry.get("name") or {}).get("formatted_name", "") if isinstance(entry, dict) else ""
    phones = entry.get("phones", []) if isinstance(entry, dict) else []
    return {"name": name or "A phone number", "phone": ", ".join(str(each.get("phone", "")) for each in phones)}


def _reply(label: str, kind: str, payload: Any, hint: str = "") -> Press:
    return Press(label=label, kind=kind, payload=json.dumps(payload), hint=hint)


def _interactive(message: ChatMessage, content: dict[str, Any], bubble: Bubble) -> None:
    word = content.get("type")
    if message.mine:
        answer = content.get(str(word), {})
        bubble.text = markup(str(answer.get("title") or answer.get("body") or word))
        bubble.footer = str(answer.get("description") or ("You answered a form" if word == "nfm_reply" else ""))
        return
    bubble.text = markup(str((content.get("body") or {}).get("text", "")))
    bubble.footer = str((content.get("footer") or {}).get("text", ""))
    header = content.get("header") or {}
    bubble.header = str(header.get("text", ""))
    action = content.get("action") or {}
    parameters = action.get("parameters") or {}
    if word == "button":
        for each in action.get("buttons", []):
            answer = {"type": "button_reply", "button_reply": each.get("reply", {})}
            bubble.presses.append(_reply(str(each.get("reply", {}).get("title", "")), "interactive", answer))
    elif word == "list":
        bubble.choice_label = str(action.get("button", "Choose"))
        for row in [row for section in action.get("sections", []) for row in section.get("rows", [])]:
            picked = {name: row[name] for name in ("id", "title", "description") if name in row}
            answer = {"type": "list_reply", "list_reply": picked}
            bubble.choices.append(
                _reply(str(row.get("title", "")), "interactive", answer, str(row.get("description", "")))
            )
    elif word == "cta_url":
        bubble.presses.append(
            Press(label=str(parameters.get("display_text", "Open")), link=str(parameters.get("url", "")))
        )
    elif word == "location_request_message":
        bubble.presses.append(Press(label="Send location", kind="location"))
    elif word == "contact_request":
        bubble.presses.append(Press(label="Share my number", kind="share_number"))
    elif word == "flow":
        bubble.presses.append(Press(label=str(parameters.get("flow_cta", "Open")), kind="interactive"))
    else:
        bubble.footer = f"{bubble.footer} ({word})".strip()


def _template(exchange: Exchange, content: dict[str, Any], bubble: Bubble) -> None:
    """A message template as the person sees it, with its parameters filled in."""
    drawn = filled.draw(content.get("_definition", {}), content.get("components") or [])
    bubble.header, bubble.footer = drawn.header, drawn.footer
    bubble.text = markup(drawn.body)
    if drawn.media:
        found = exchange.store.media(drawn.media.get("id", ""))
        missing = {"missing": str(drawn.media.get("link") or "A file")}
        bubble.file = (
            {
                "shown": drawn.media_kind,
                "id": found.media_id,
                "name": found.file_name or "file",
                "about": found.mime_type,
            }
            if found
            else missing
        )
    for label, payload in drawn.replies:
        bubble.presses.append(_reply(label, "button", {"payload": payload, "text": label}))
    for label, link in drawn.links:
        bubble.presses.append(Press(label=label, link=link))
