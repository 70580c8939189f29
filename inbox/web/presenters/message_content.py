"""What a message holds besides text and files: locations, contact cards, orders, answers, payments and ads.

Payloads are described at whatsapp.events.MessageReceived; any part of them may be missing, and all of it is hostile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from inbox.formatting import humanize, replies
from inbox.formatting.summary import UNSUPPORTED, card_name, quantity
from inbox.models import Message, Reaction
from inbox.web.presenters.base import Drawn
from whatsapp.errors import UNSUPPORTED_TYPE, explain_received
from whatsapp.events import Kind

#: Kinds with a template of their own under templates/jinja/message/.
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
#: What WhatsApp does not pass on and what to do about it, by Meta's word for it. Others share one sentence.
NOT_PASSED_ON = {
    "poll_creation": gettext_lazy(
        "A poll. WhatsApp doesn’t pass polls on to businesses. Ask the customer to write the question."
    ),
    "poll_update": gettext_lazy(
        "A vote in a poll. WhatsApp doesn’t pass polls on to businesses. Ask the customer what they chose."
    ),
    "media_placeholder": gettext_lazy(
        "A file from before this number was connected. WhatsApp didn’t pass it on. Look for it in the WhatsApp Business"
        " app on the phone."
    ),
    "edit": gettext_lazy(
        "The customer edited a message. WhatsApp didn’t pass the new text on, so you see the earlier version. Ask the"
        " customer what changed."
    ),
    "reaction": gettext_lazy("The customer reacted to a message. WhatsApp didn’t pass the reaction on."),
    "pin": gettext_lazy("The customer pinned a message in the chat."),
    "unpin": gettext_lazy("The customer unpinned a message in the chat."),
    "keep_in_chat": gettext_lazy("The customer kept a message in the chat."),
}


@dataclass(frozen=True, slots=True)
class Location(Drawn):
    name: str
    address: str
    coordinates: str
    map_url: str
    url: str


@dataclass(frozen=True, slots=True)
class Person(Drawn):
    name: str
    initials: str
    facts: list[tuple[str, str]]
    details: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OrderLine(Drawn):
    name: str
    count: str
    price: str


@dataclass(frozen=True, slots=True)
class Order(Drawn):
    lines: list[OrderLine]
    items: str
    total: str


@dataclass(frozen=True, slots=True)
class Answer(Drawn):
    description: str
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Payment(Drawn):
    """The state of the payment that a message asked for. ``tone``: positive, caution or plain."""

    text: str
    facts: str
    tone: str


@dataclass(frozen=True, slots=True)
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
    name = card_name(card) or _("Unknown contact")
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
        details.append((str(card["birthday"]), _("Birthday")))
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
                name=str(item.get("product_id") or _("Product")),
                count=f"{ordered} × {_money(price, currency)}" if price is not None else f"{ordered} ×",
                price=_money(amount, currency) if amount is not None else "",
            )
        )
    items = ngettext("%(count)s item", "%(count)s items", count) % {"count": count}
    # A total over two currencies, or over a price that cannot be read, would be wrong.
    summed = len(currencies) == 1 and "?" not in currencies
    return Order(lines, items, _money(total, currencies.pop()) if summed else "")


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
        description = description or _no_answer(str(payload.get("type")))
    return Answer(description, rows) if description or rows else None


def _no_answer(kind: str) -> str:
    """The sentence for a reply without content."""
    match kind:
        case "nfm_reply":
            return _("Sent the form without filling it in")
        case "call_permission_reply":
            return _("Answered whether you may call")
    return _("A reply whose content WhatsApp did not send")


def payment(payload: dict[str, Any]) -> Payment | None:
    """The state of the payment that a message of ours asked for, as WhatsApp last reported it."""
    reported = payload.get("payment")
    if not isinstance(reported, dict):
        return None
    text, tone = _payment_state(str(reported.get("status") or ""), reported.get("attempt") == "failed")
    price = _price(reported.get("amount"))
    amount = _money(price, str(reported.get("currency") or "")) if price is not None else ""
    return Payment(text, " · ".join(filter(None, (amount, str(reported.get("reference_id") or "")))), tone)


def _payment_state(status: str, attempt_failed: bool) -> tuple[str, str]:
    match status:
        case "captured":
            return _("Paid"), "positive"
        case "pending" if attempt_failed:
            return _("Payment pending; the last attempt failed"), "caution"
        case "pending":
            return _("Payment pending"), "plain"
        case "failed":
            return _("Payment failed"), "caution"
    return _("Payment: %(status)s") % {"status": status}, "plain"


def referral(context: dict[str, Any]) -> Referral | None:
    """The ad that the customer came from."""
    advertisement = context.get("referral")
    if not isinstance(advertisement, dict) or not advertisement:
        return None
    url = web_address(advertisement.get("source_url"))
    return Referral(
        headline=str(advertisement.get("headline") or _("Ad")),
        body=str(advertisement.get("body") or ""),
        url=url,
        source=urlsplit(url).netloc if url else "",
    )


def referred_product(context: dict[str, Any]) -> str:
    product = context.get("referred_product")
    return str(product.get("product_id") or "") if isinstance(product, dict) else ""


def notice(kind: str, payload: dict[str, Any], code: int | None = None) -> str:
    """The sentences in place of content that we cannot show: what it was where WhatsApp tells, why it is missing, and
    what to do. ``code`` is WhatsApp's error on the message."""
    word = str(payload.get("type") or "")
    if kind == Kind.UNSUPPORTED:
        return _unsupported(word, code)
    if kind == Kind.UNKNOWN and word:
        return _("This type of message (%(type)s) is not supported yet.") % {"type": word}
    if kind == Kind.UNKNOWN:
        return _("This type of message is not supported yet.")
    return _("Empty message")


def _unsupported(word: str, code: int | None) -> str:
    reason = explain_received(code or UNSUPPORTED_TYPE)
    if reason != explain_received(UNSUPPORTED_TYPE):
        return reason.text
    if word in NOT_PASSED_ON:
        return str(NOT_PASSED_ON[word])
    text = reason.problem
    if thing := UNSUPPORTED.get(word):
        text = _("%(thing)s that WhatsApp does not pass on to businesses.") % {"thing": thing}
    return f"{text} {reason.next_step}"


def reactions(message: Message) -> tuple[tuple[str, str, bool], ...]:
    """(emoji, by whom, ours), each emoji once in the order they came."""
    given: list[Reaction] = message.shown_reactions  # type: ignore[attr-defined]
    if not given:
        return ()
    by_emoji: dict[str, list[Reaction]] = {}
    for reaction in given:
        by_emoji.setdefault(reaction.emoji, []).append(reaction)
    return tuple(
        (emoji, _by(same), any(reaction.contact is None for reaction in same)) for emoji, same in by_emoji.items()
    )


def _by(given: list[Reaction]) -> str:
    """Who gave one emoji, as the bubble says it: a name, or how many."""
    if len(given) > 1:
        return str(len(given))
    return humanize.display_name(given[0].contact) if given[0].contact else pgettext("who reacted", "us")
