"""What is known of one message beside its content: when each step happened, what it cost, which ids it has."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from inbox.formatting import humanize
from inbox.models import Message, Reaction
from whatsapp.errors import explain, explain_received
from whatsapp.events import Status

#: Offered at once as reactions, in WhatsApp's order.
REACTIONS = ("👍", "❤️", "😂", "😮", "😢", "🙏")
#: WhatsApp's words for what a message was billed as.
CATEGORIES = {
    "service": "Service",
    "utility": "Utility",
    "marketing": "Marketing",
    "authentication": "Authentication",
    "referral_conversion": "From an advertisement",
}
TYPES = {"free_customer_service": "free: customer service", "free_entry_point": "free: entry point", "regular": ""}


def facts(message: Message) -> list[tuple[str, str]]:
    """(label, words) in the order to show them; what is not known is left out. ``message`` is of thread.fetch()."""
    steps: list[tuple[str, datetime | None]] = [("Received here", message.created_at)]
    if not message.inbound:
        steps = [
            ("Written", message.created_at),
            ("Sent", message.accepted_at),
            ("Delivered", message.delivered_at),
            ("Read", message.read_at),
            ("Played", message.played_at),
            ("Failed", message.failed_at),
            ("Sent again", message.resent_at),
            ("Dismissed", message.dismissed_at),
        ]
    found = [] if not message.inbound else [("Sent by the customer", _moment(message.sent_at))]
    found += [(label, _moment(at)) for label, at in steps if at]
    if message.agent:
        found.append(("By", str(message.agent)))
    found += [(f"Reaction {one.emoji}", _reaction(one)) for one in message.shown_reactions]  # type: ignore[attr-defined]
    if cost := _cost(message):
        found.append(("Cost", cost))
    if message.error_code:
        explanation = explain_received(message.error_code) if message.inbound else explain(message.error_code)
        found.append(("Error", f"{explanation.words} {explanation.next_step}"))
        found.append(("WhatsApp’s error", " · ".join(filter(None, [str(message.error_code), message.error]))))
    elif message.error:
        found.append(("Error", message.error))
    if message.whatsapp_id:
        found.append(("WhatsApp id", message.whatsapp_id))
    return found


def _moment(at: datetime) -> str:
    return humanize.moment(timezone.localtime(at))


def _reaction(reaction: Reaction) -> str:
    """Whose it is, when, and what keeps one of ours from the customer: "Amara · 20 November 2026, 10:42:05"."""
    who = humanize.display_name(reaction.contact) if reaction.contact else str(reaction.agent or "us")
    trouble = f"did not arrive: {reaction.error}" if reaction.status == Status.FAILED else ""
    return " · ".join(filter(None, [who, _moment(reaction.at), trouble]))


def _cost(message: Message) -> str:
    """The category that WhatsApp billed it as, and whether it cost anything."""
    pricing = message.pricing
    if not pricing:
        return ""
    category = str(pricing.get("category") or "")
    billable = pricing.get("billable")
    free = "free" if billable is False else "billed" if billable else ""
    kind = TYPES.get(str(pricing.get("type") or ""), "")
    return " · ".join(filter(None, [CATEGORIES.get(category, category), kind or free, str(pricing.get("model") or "")]))
