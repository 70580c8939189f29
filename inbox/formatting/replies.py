"""What a customer chose or filled in, in words: answers to buttons, lists, forms and questions, and products.

The one line is for the list, notifications and quotes, the rows for the bubble. Names and values are a stranger's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from inbox.formatting import humanize

#: Rows that say what the title says already, or nothing to a colleague.
UNSAID = {
    "call_permission_reply": frozenset({"response"}),
    "payment_method": frozenset({"payment_method"}),
    "product": frozenset({"catalog_id", "product_retailer_id"}),
}
#: Who answered a question about calls (Meta, "Call permission").
SOURCES = {"user_action": "The customer", "automatic": "WhatsApp, automatically"}


def own_words(payload: dict[str, Any], text: str) -> str:
    """What of ``text`` the customer wrote or pressed: not WhatsApp's "Sent" in the place of a form's answers."""
    return "" if _is_form(payload) and text == payload.get("title") else text


def line(payload: dict[str, Any], text: str) -> str:
    """An answer in one line; ``text`` are its words in one line, if it has any."""
    kind = str(payload.get("type") or "")
    if _is_form(payload):
        return " · ".join(["Form", *(f"{name}: {value}" if name else value for name, value in rows(payload))])
    if kind == "product":
        return " · ".join(filter(None, [f"Product {product(payload)}".strip(), text]))
    title = text or str(payload.get("title") or "")
    if kind == "payment_method":
        return f"Payment method: {title}" if title else "Payment method"
    return title or str(payload.get("description") or payload.get("payload") or "") or "Reply without content"


def title(payload: dict[str, Any]) -> str:
    """What stands as words in the bubble where the customer has none of their own."""
    match payload.get("type"):
        case "product":
            return f"Product {product(payload)}".strip()
        case "payment_method" if payload.get("title"):
            return f"Payment method: {payload['title']}"
        case _ if _is_form(payload):
            return ""
    return str(payload.get("title") or payload.get("payload") or "")


def rows(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """What was filled in, as (name, value)."""
    unsaid = UNSAID.get(str(payload.get("type")), frozenset())
    return [
        _row(str(answer.get("name") or ""), str(answer.get("value") or ""))
        for answer in payload.get("answers") or []
        if isinstance(answer, dict) and answer.get("name") not in unsaid
    ]


def product(payload: dict[str, Any]) -> str:
    """The product's id in the catalogue."""
    told = {row.get("name"): row.get("value") for row in payload.get("answers") or [] if isinstance(row, dict)}
    return str(payload.get("product_id") or told.get("product_retailer_id") or "")


def _is_form(payload: dict[str, Any]) -> bool:
    """An address comes as a form too, with its lines as words."""
    return payload.get("type") == "nfm_reply" and payload.get("name", "flow") == "flow"


def _row(name: str, value: str) -> tuple[str, str]:
    if name == "expiration_timestamp":
        return "Valid until", _moment(value)
    if name == "is_permanent":
        return "For good", value
    if name == "response_source":
        return "Answered by", SOURCES.get(value, value)
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:], _moment(value) if name.endswith("timestamp") else value


def _moment(value: str) -> str:
    """Seconds since 1970 as a time; what is none stays."""
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        return value
    return humanize.moment(timezone.localtime(datetime.fromtimestamp(int(value), UTC)))
