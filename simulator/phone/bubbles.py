"""What the phone shows of a message: the same for what the person wrote and for what the business sent."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from django.template.defaultfilters import filesizeformat

from simulator.graph import filled_template
from simulator.graph.validation import files
from simulator.inbound import FILE_KINDS
from simulator.network.chats import RANK
from simulator.network.exchange import Exchange
from simulator.network.store import ChatMessage
from simulator.phone import markup, presses
from simulator.phone.bubble import Bubble

_PLACEHOLDERS = {
    "unsupported": "Something that WhatsApp does not pass on",
    "unknown": "Something new that no program knows",
    "system": "You have a new number",
    "call": "You called, nobody answered",
}
_WORDS = {
    "image": "Photo",
    "video": "Video",
    "audio": "Audio",
    "voice": "Voice note",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Location",
    "contacts": "Contact card",
}
_RECEIPTS = (("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read"), ("played", "Played"))


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
        body = filled_template.draw(content.get("_definition", {}), content.get("components") or []).body
    elif isinstance(body, dict):
        body = body.get("text")
    words = str(message.text or body or content.get("caption") or content.get("name") or "")
    words = words or _WORDS.get(message.kind, message.kind)
    return markup.plain(words)[:80]


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
        known = exchange.chats.get(quoted) if quoted else None
        # An answer to something that is gone shows no quote (reference §8).
        bubble.quote = summary(known) if known else ""
        bubble.forwarded = bool(context.get("forwarded"))
        bubble.failure = str(message.error.get("title", "")) if message.error else ""
        _fill(exchange, message, bubble)
        if message.status == "failed":
            bubble.presses, bubble.choices = [], []
    if not message.mine and message.note != "echo" and message.status != "failed":
        given = RANK[message.status]
        bubble.receipts = [
            (word, label, given >= RANK[word])
            for word, label in _RECEIPTS
            if word != "played" or bubble.file.get("shown") == "audio"
        ]
    seen = repr((bubble, bubble.reactions))
    bubble.version = hashlib.sha256(seen.encode(errors="replace")).hexdigest()[:12]
    return bubble


def _fill(exchange: Exchange, message: ChatMessage, bubble: Bubble) -> None:
    content = _content(message)
    kind = message.kind
    if kind in FILE_KINDS:
        bubble.file = _file(exchange, message, FILE_KINDS[kind], content)
        bubble.voice = content.get("voice") is True
        bubble.text = markup.to_html(message.text or str(content.get("caption", "")))
    elif kind == "text":
        bubble.text = markup.to_html(message.text or str(content.get("body", "")))
    elif kind == "location":
        bubble.place = {name: str(content.get(name, "")) for name in ("latitude", "longitude", "name", "address")}
    elif kind == "contacts":
        bubble.cards = [_card(each) for each in message.leaf.get("contacts", [])]
    elif kind == "order":
        bubble.text = markup.to_html(str(content.get("text", "")))
        for each in content.get("product_items", []):
            price = f"{each.get('item_price')} {each.get('currency')}"
            bubble.items.append(f"{each.get('quantity')} × {each.get('product_retailer_id')}, {price}")
    elif kind == "interactive":
        _header_file(exchange, message, content, bubble)
        presses.interactive(message, content, bubble)
    elif kind == "button":
        bubble.text = markup.to_html(str(content.get("text", "")))
    elif kind == "template":
        _header_file(exchange, message, content, bubble)
        presses.template(content, bubble)
    else:
        bubble.placeholder = _PLACEHOLDERS.get(kind, kind)


def _file(exchange: Exchange, message: ChatMessage, shown: str, content: dict[str, Any]) -> dict[str, Any]:
    media = exchange.store.media(message.media_id)
    if media is None:
        return {"missing": "WhatsApp did not take this file" if message.mine else "The file is not there"}
    name = str(content.get("filename") or media.file_name or "file")
    size = filesizeformat(media.size)
    return {"shown": shown, "id": media.media_id, "name": name, "about": f"{media.mime_type.split(';')[0]} · {size}"}


def _header_file(exchange: Exchange, message: ChatMessage, content: dict[str, Any], bubble: Bubble) -> None:
    """The picture, film or document above a text of the business."""
    file = None if message.mine else files.attached(message.kind, content)
    if file:
        bubble.file = _file(exchange, message, *file)


def _card(entry: Any) -> dict[str, str]:
    name = (entry.get("name") or {}).get("formatted_name", "") if isinstance(entry, dict) else ""
    phones = entry.get("phones", []) if isinstance(entry, dict) else []
    return {"name": name or "A phone number", "phone": ", ".join(str(each.get("phone", "")) for each in phones)}
