"""What a message holds beside text and files, ready to draw: places, people, orders, answers, calls, advertisements.

Payloads are described at whatsapp.events.MessageReceived; any part of them may be missing, and all of it is hostile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

from inbox.formatting import humanize, replies
from inbox.formatting.summary import UNSUPPORTED, card_name, quantity
from inbox.models import Message, Reaction
from inbox.web.presenters.base import Drawn
from whatsapp.errors import UNSUPPORTED_TYPE, explain_received
from whatsapp.events import Kind

#: Kinds with a template of their own under templates/inbox/message/.
DRAWN = frozenset({Kind.LOCATION, Kind.CONTACTS, Kind.ORDER})
#: The icon of a kind, in the list and in quotes. Text has none.
ICONS: dict[str, str] = {
    Kind.IMAGE: "picture",
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.DOCUMENT: "file",
    Kind.STICKER: "sticker",
    Kind.LOCATION: "place",
    Kind.CONTACTS: "card",
    Kind.ORDER: "order",
    Kind.TEMPLATE: "template",
    Kind.CALL: "call",
    Kind.SYSTEM: "info",
    Kind.UNSUPPORTED: "unsupported",
    Kind.UNKNOWN: "unsupported",
}
#: What WhatsApp says it does not pass on and what to do, by Meta's word for it. Other words have a sentence in common.
NOT_PASSED_ON = {
    "poll_creation": "A poll. WhatsApp does not pass polls on to businesses. Ask the customer to write the question.",
    "poll_update": "A vote in a poll. WhatsApp does not pass polls on to businesses. Ask the customer what they chose.",
    "media_placeholder": "A file from before this number was connected. WhatsApp did not pass it on. Look for it in the"
    " WhatsApp Business app on the phone.",
    "edit": "The customer edited a message. WhatsApp did not pass the new text on, so you see the earlier one. Ask the"
    " customer what changed.",
    "reaction": "The customer reacted to a message. WhatsApp did not pass the reaction on.",
    "pin": "The customer pinned a message in the chat. Nothing to do.",
    "unpin": "The customer unpinned a message in the chat. Nothing to do.",
    "keep_in_chat": "The customer kept a message in the chat. Nothing to do.",
}


@dataclass(slots=True)
class Location(Drawn):
    name: str
    address: str
    coordinates: str
    map_url: str
    url: str


@dataclass(slots=True)
class Person(Drawn):
    name: str
    initials: str
    facts: list[tuple[str, str]]
    details: list[tuple[str, str]]


@dataclass(slots=True)
class OrderLine(Drawn):
    name: str
    count: str
    price: str


@dataclass(slots=True)
class Order(Drawn):
    lines: list[OrderLine]
    items: str
    total: str


@dataclass(slots=True)
class Answer(Drawn):
    description: str
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Payment(Drawn):
    """How the payment stands that a message asked for. ``tone``: positive, caution or plain."""

    words: str
    facts: str
    tone: str


@dataclass(slots=True)
class Referral(Drawn):
    headline: str
    body: str
    url: str
    source: str


def icon(kind: str, *, voice: bool = False) -> str:
    return "mic" if voice else ICONS.get(kind, "")


def draw(kind: str, payload: dict[str, Any], text: str) -> Location | Order | list[Person]:
    if kind == Kind.LOCATION:
        return _location(payload)
    if kind == Kind.CONTACTS:
        return [_person(card) for card in dicts(payload.get("contacts"))]
    return _order(payload)


def web_address(value: object) -> str:
    """The address if it is one that a link may lead to (http, https), else nothing."""
    text = str(value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _location(payload: dict[str, Any]) -> Location:
    latitude, longitude = payload.get("latitude"), payload.get("longitude")
    coordinates = map_url = ""
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        coordinates = f"{latitude:.5f}, {longitude:.5f}"
        query = urlencode({"mlat": f"{latitude:.6f}", "mlon": f"{longitude:.6f}"})
        map_url = f"https://www.openstreetmap.org/?{query}#map=16/{latitude:.6f}/{longitude:.6f}"
    return Location(
        name=str(payload.get("name") or ""),
        address=str(payload.get("address") or ""),
        coordinates=coordinates,
        map_url=map_url,
        url=web_address(payload.get("url")),
    )


def _person(card: dict[str, Any]) -> Person:
    """A contact card. ``facts`` are (text, link) shown at once, ``details`` the rest as (text, label)."""
    name = card_name(card) or "Unknown contact"
    facts = []
    for phone in dicts(card.get("phones"))[:3]:
        number = str(phone.get("number") or phone.get("wa_id") or "")
        digits = "".join(character for character in number if character in "0123456789")
        if number:
            plausible = 5 <= len(digits) <= 15 and not set(number) - set("+0123456789 ().-/")
            facts.append((number, f"tel:+{digits}" if plausible else ""))
    details = [(str(card["organization"]), "")] if card.get("organization") else []
    for part in ("emails", "urls", "addresses"):
        details += [(str(entry.get("value") or ""), str(entry.get("label") or "")) for entry in dicts(card.get(part))]
    if card.get("birthday"):
        details.append((str(card["birthday"]), "Birthday"))
    return Person(name, humanize.initials(name), facts, [row for row in details if row[0]])


def _price(value: object) -> Decimal | None:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and abs(price) < 10**12 else None


def _order(payload: dict[str, Any]) -> Order:
    lines, total, currencies, count = [], Decimal(0), set(), 0
    for item in dicts(payload.get("items")):
        price, currency = _price(item.get("price")), str(item.get("currency") or "")
        ordered = quantity(item)
        count += ordered
        amount = price * ordered if price is not None else None
        total += amount or 0
        currencies.add(currency if amount is not None else "?")
        lines.append(
            OrderLine(
                name=str(item.get("product_id") or "Product"),
                count=f"{ordered} × {_money(price, currency)}" if price is not None else f"{ordered} ×",
                price=_money(amount, currency) if amount is not None else "",
            )
        )
    items = f"{count} item{'' if count == 1 else 's'}"
    # A total over two currencies, or over a price that cannot be read, would be a lie.
    return Order(
        lines, items, _money(total, currencies.pop()) if len(currencies) == 1 and "?" not in currencies else ""
    )


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}".strip()


def answer(payload: dict[str, Any], text: str) -> Answer | None:
    """What an answer to buttons, a list or a form says beside its words; None when that is all."""
    rows = replies.rows(payload)
    description = str(payload.get("description") or "")
    if description.strip() == text.strip():
        description = ""
    if payload.get("type") == "product" and text != replies.title(payload):
        description = replies.title(payload)
    if not text and not rows:
        description = description or {
            "nfm_reply": "Answered a form without filling it in",
            "call_permission_reply": "Answered whether you may call",
        }.get(str(payload.get("type")), "A reply whose content WhatsApp did not send")
    return Answer(description, rows) if description or rows else None


def payment(payload: dict[str, Any]) -> Payment | None:
    """The state of the payment that a message of ours asked for, by WhatsApp's last word on it."""
    told = payload.get("payment")
    if not isinstance(told, dict):
        return None
    word = str(told.get("status") or "")
    words, tone = {
        "captured": ("Paid", "positive"),
        "pending": ("Payment pending", "plain"),
        "failed": ("Payment failed", "caution"),
    }.get(word, (f"Payment: {word}", "plain"))
    if word == "pending" and told.get("attempt") == "failed":
        words, tone = "Payment pending; the last attempt failed", "caution"
    price = _price(told.get("amount"))
    amount = _money(price, str(told.get("currency") or "")) if price is not None else ""
    return Payment(words, " · ".join(filter(None, (amount, str(told.get("reference_id") or "")))), tone)


def referral(context: dict[str, Any]) -> Referral | None:
    """The advertisement that led here."""
    advertisement = context.get("referral")
    if not isinstance(advertisement, dict) or not advertisement:
        return None
    url = web_address(advertisement.get("source_url"))
    return Referral(
        headline=str(advertisement.get("headline") or "Advertisement"),
        body=str(advertisement.get("body") or ""),
        url=url,
        source=urlsplit(url).netloc if url else "",
    )


def referred_product(context: dict[str, Any]) -> str:
    product = context.get("referred_product")
    return str(product.get("product_id") or "") if isinstance(product, dict) else ""


def notice(kind: str, payload: dict[str, Any], code: int | None = None) -> str:
    """The sentences in place of content that we cannot show: what it was where WhatsApp tells, why it is not here, and
    what to do. ``code`` is WhatsApp's error on the message."""
    word = str(payload.get("type") or "")
    if kind == Kind.UNSUPPORTED:
        reason = explain_received(code or UNSUPPORTED_TYPE)
        if reason != explain_received(UNSUPPORTED_TYPE):
            return f"{reason.words} {reason.next_step}"
        if word in NOT_PASSED_ON:
            return NOT_PASSED_ON[word]
        thing = UNSUPPORTED.get(word)
        words = f"{thing} that WhatsApp does not pass on to businesses." if thing else reason.words
        return f"{words} {reason.next_step}"
    if kind == Kind.UNKNOWN:
        return (
            f"A message of a kind we do not know yet ({word})." if word else "A message of a kind we do not know yet."
        )
    return "A message without words."


def reactions(message: Message) -> list[tuple[str, str, bool]]:
    """(emoji, by whom, ours), each emoji once in the order they came."""
    by_emoji: dict[str, list[Reaction]] = {}
    for reaction in message.shown_reactions:  # type: ignore[attr-defined]
        by_emoji.setdefault(reaction.emoji, []).append(reaction)
    result = []
    for emoji, given in by_emoji.items():
        ours = any(reaction.contact is None for reaction in given)
        one = given[0].contact
        by = str(len(given)) if len(given) > 1 else (humanize.display_name(one) if one else "us")
        result.append((emoji, by, ours))
    return result
