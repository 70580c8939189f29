"""What a customer chose or filled in: replies to buttons, lists, forms and questions, and products.

`line` is for the list, notifications and quotes, `rows` for the bubble. Names and values are hostile text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.integers import small_integer
from inbox.formatting import humanize

#: Answers that repeat the title or say nothing to an agent.
HIDDEN = {
    "call_permission_reply": frozenset({"response"}),
    "payment_method": frozenset({"payment_method"}),
    "product": frozenset({"catalog_id", "product_retailer_id"}),
}
#: Who answered a request for permission to call (Meta, "Call permission").
SOURCES = {
    "user_action": gettext_lazy("The customer"),
    "automatic": gettext_lazy("WhatsApp, automatically"),
}


def own_words(payload: dict[str, Any], text: str) -> str:
    """The part of ``text`` that the customer wrote or pressed: not the "Sent" that WhatsApp writes for a form."""
    return "" if _is_form(payload) and text == payload.get("title") else text


def line(payload: dict[str, Any], text: str) -> str:
    """A reply in one line; ``text`` is what the customer wrote, already in one line."""
    kind = str(payload.get("type") or "")
    if _is_form(payload):
        return " · ".join([_("Form"), *(f"{name}: {value}" if name else value for name, value in rows(payload))])
    if kind == "product":
        return " · ".join(filter(None, [_product(payload), text]))
    title = text or str(payload.get("title") or "")
    if kind == "payment_method":
        return _("Payment method: %(name)s") % {"name": title} if title else _("Payment method")
    return title or str(payload.get("description") or payload.get("payload") or "") or _("Empty reply")


def title(payload: dict[str, Any]) -> str:
    """The text of the bubble where the customer wrote none."""
    match payload.get("type"):
        case "product":
            return _product(payload)
        case "payment_method" if payload.get("title"):
            return _("Payment method: %(name)s") % {"name": payload["title"]}
        case _ if _is_form(payload):
            return ""
    return str(payload.get("title") or payload.get("payload") or "")


def rows(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """What the customer filled in, as (name, value)."""
    hidden = HIDDEN.get(str(payload.get("type")), frozenset())
    return [
        _row(str(answer.get("name") or ""), str(answer.get("value") or ""))
        for answer in payload.get("answers") or []
        if isinstance(answer, dict) and answer.get("name") not in hidden
    ]


def product(payload: dict[str, Any]) -> str:
    """The product's id in the catalogue."""
    told = {row.get("name"): row.get("value") for row in payload.get("answers") or [] if isinstance(row, dict)}
    return str(payload.get("product_id") or told.get("product_retailer_id") or "")


def _product(payload: dict[str, Any]) -> str:
    name = product(payload)
    return _("Product %(name)s") % {"name": name} if name else _("Product")


def _is_form(payload: dict[str, Any]) -> bool:
    """An address comes as a form too, with its lines as words."""
    return payload.get("type") == "nfm_reply" and payload.get("name", "flow") == "flow"


def _row(name: str, value: str) -> tuple[str, str]:
    if name == "expiration_timestamp":
        return _("Valid until"), _moment(value)
    if name == "is_permanent":
        return _("Permanent"), value
    if name == "response_source":
        return _("Answered by"), str(SOURCES.get(value, value))
    label = name.replace("_", " ").strip()
    return label[:1].upper() + label[1:], _moment(value) if name.endswith("timestamp") else value


def _moment(value: str) -> str:
    """Seconds since 1970 as a date and time; anything else unchanged."""
    seconds = small_integer(value, 10)
    return value if seconds is None else humanize.moment(timezone.localtime(datetime.fromtimestamp(seconds, UTC)))
