"""Contact cards and locations in Meta's JSON (Meta "Contacts messages", "Location messages", Nov 2025)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from whatsapp import limits
from whatsapp.compose.validation import ComposeError, objects, refuse, text

BIRTHDAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def location(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Meta's ``location`` object. Raises ComposeError."""
    refuse(limits.refuse_place(payload.get("latitude"), payload.get("longitude")))
    sent: dict[str, Any] = {"latitude": payload["latitude"], "longitude": payload["longitude"]}
    for key, field in (("name", _("Name of the place")), ("address", _("Address"))):
        if value := text(field, payload, key, limits.PLACE, required=False):
            sent[key] = value
    return sent


def contacts(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Meta's list of contacts. Raises ComposeError."""
    cards = objects(_("Contact cards"), payload.get("contacts"))
    if not 1 <= len(cards) <= limits.CONTACTS:
        sentence = ngettext(
            "Send 1 to %(limit)s contact cards; this has %(count)s.",
            "Send 1 to %(limit)s contact cards; this has %(count)s.",
            len(cards),
        )
        raise ComposeError(sentence % {"limit": limits.CONTACTS, "count": len(cards)})
    return [_card(card) for card in cards]


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    phones = [_phone(phone) for phone in _listed(card, "phones")]
    organization = text(_("Company"), card, "organization", limits.CARD, required=False)
    name = text(_("Name"), card, "name", limits.CARD, required=False).strip()
    name = name or organization.strip() or (phones[0]["phone"] if phones else "")
    if not name:
        raise ComposeError(_("Every contact card needs a name."))
    # Older API versions refused formatted_name alone: they required one more part of the name.
    sent: dict[str, Any] = {"name": {"formatted_name": name, "first_name": name}}
    if phones:
        sent["phones"] = phones
    if organization.strip():
        sent["org"] = {"company": organization}
    for ours, key, field in (
        ("emails", "email", _("E-mail")),
        ("urls", "url", _("Website")),
        ("addresses", "street", _("Address")),
    ):
        rows = [_labelled(row, key, field) for row in _listed(card, ours)]
        if rows:
            sent[ours] = rows
    birthday = text(_("Birthday"), card, "birthday", 10, required=False)
    if birthday:
        if not BIRTHDAY.fullmatch(birthday):
            raise ComposeError(_("Enter the birthday as year-month-day: 1990-12-31."))
        sent["birthday"] = birthday
    return sent


def _listed(card: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return objects(_("Contact card"), card.get(key) or [])


def _phone(phone: Mapping[str, Any]) -> dict[str, str]:
    sent = {"phone": text(_("Phone number"), phone, "number", limits.CARD)}
    wa_id = text(_("WhatsApp ID"), phone, "wa_id", limits.CARD, required=False)
    # With a wa_id the phone offers "Message", without one "Invite to WhatsApp".
    return sent | ({"wa_id": wa_id} if wa_id else {}) | _label(phone)


def _labelled(row: Mapping[str, Any], key: str, field: str) -> dict[str, str]:
    return {key: text(field, row, "value", limits.CARD)} | _label(row)


def _label(row: Mapping[str, Any]) -> dict[str, str]:
    label = text(_("Label"), row, "label", limits.CARD, required=False)
    return {"type": label} if label else {}
