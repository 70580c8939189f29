"""What is known of one message besides its content: when each step happened, what it cost, which ids it has."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.formatting import humanize
from inbox.models import Message, Reaction
from inbox.web.presenters.base import stored
from inbox.web.presenters.message_times import exact
from whatsapp.errors import explain, explain_received
from whatsapp.events import Status

#: Offered at once as reactions, in WhatsApp's order.
REACTIONS = ("👍", "❤️", "😂", "😮", "😢", "🙏")
#: What a message was billed as, by WhatsApp's word.
CATEGORIES = {
    "service": gettext_lazy("Service"),
    "utility": gettext_lazy("Utility"),
    "marketing": gettext_lazy("Marketing"),
    "authentication": gettext_lazy("Authentication"),
    "referral_conversion": gettext_lazy("From an ad"),
}
TYPES = {
    "free_customer_service": gettext_lazy("free: customer service"),
    "free_entry_point": gettext_lazy("free: entry point"),
}


def facts(message: Message) -> list[tuple[str, str]]:
    """(label, value) in the order to show them; what is not known is left out. ``message`` is of thread.fetch()."""
    facts = [(label, exact(at)) for label, at in _steps(message) if at]
    if message.agent:
        facts.append((_("By"), str(message.agent)))
    reactions: list[Reaction] = message.shown_reactions  # type: ignore[attr-defined]
    facts += [(_("Reaction %(emoji)s") % {"emoji": one.emoji}, _reaction(one)) for one in reactions]
    if cost := _cost(message):
        facts.append((_("Cost"), cost))
    if message.error_code:
        explanation = explain_received(message.error_code) if message.inbound else explain(message.error_code)
        facts.append((_("Error"), explanation.text))
        facts.append((_("WhatsApp’s error"), " · ".join(filter(None, [str(message.error_code), message.error]))))
    elif message.error:
        facts.append((_("Error"), stored(message.error)))
    if message.whatsapp_id:
        facts.append((_("WhatsApp id"), message.whatsapp_id))
    return facts


def _steps(message: Message) -> list[tuple[str, datetime | None]]:
    if message.inbound:
        return [(_("Sent by the customer"), message.sent_at), (_("Received"), message.created_at)]
    return [
        (_("Written"), message.created_at),
        (_("Sent"), message.accepted_at),
        (_("Delivered"), message.delivered_at),
        (_("Read"), message.read_at),
        (_("Played"), message.played_at),
        (_("Failed"), message.failed_at),
        (_("Sent again"), message.resent_at),
        (_("Dismissed"), message.dismissed_at),
    ]


def _reaction(reaction: Reaction) -> str:
    """Who reacted, when, and why ours did not arrive: "Amara · 20 November 2026, 10:42:05"."""
    by = humanize.display_name(reaction.contact) if reaction.contact else str(reaction.agent or _("We"))
    failed = reaction.status == Status.FAILED
    trouble = _("not delivered: %(reason)s") % {"reason": stored(reaction.error)} if failed else ""
    return " · ".join(filter(None, [by, exact(reaction.at), trouble]))


def _cost(message: Message) -> str:
    """The category that WhatsApp billed it as, and whether it cost anything."""
    pricing = message.pricing
    if not pricing:
        return ""
    category = str(pricing.get("category") or "")
    billable = pricing.get("billable")
    free = _("free") if billable is False else _("billed") if billable else ""
    price = TYPES.get(str(pricing.get("type") or ""), "") or free
    model = str(pricing.get("model") or "")
    return " · ".join(str(part) for part in (CATEGORIES.get(category, category), price, model) if part)
