"""Contact cards and places as Meta writes them (Meta "Contacts messages", "Location messages", Nov 2025)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from whatsapp import limits
from whatsapp.compose.validation import ComposeError, objects, refuse, words

BIRTHDAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def location(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Meta's ``location`` object. Raises ComposeError."""
    refuse(limits.refuse_place(payload.get("latitude"), payload.get("longitude")))
    sent: dict[str, Any] = {"latitude": payload["latitude"], "longitude": payload["longitude"]}
    for key, what in (("name", "The place's name"), ("address", "The place's address")):
        text = words(what, payload, key, limits.PLACE, required=False)
        if text:
            sent[key] = text
    return sent


def contacts(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Meta's list of contacts. Raises ComposeError."""
    cards = objects("The contact cards", payload.get("contacts"))
    if not 1 <= len(cards) <= limits.CONTACTS:
        raise ComposeError(f"A message carries one to {limits.CONTACTS} contact cards; this has {len(cards)}.")
    return [_card(card) for card in cards]


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    phones = [_phone(phone) for phone in _listed(card, "phones")]
    organization = words("The organization", card, "organization", limits.CARD, required=False)
    name = words("The contact's name", card, "name", limits.CARD, required=False).strip()
    name = name or organization.strip() or (phones[0]["phone"] if phones else "")
    if not name:
        raise ComposeError("A contact card needs a name.")
    # formatted_name alone was refused by older versions: one more part of the name was required.
    sent: dict[str, Any] = {"name": {"formatted_name": name, "first_name": name}}
    if phones:
        sent["phones"] = phones
    if organization.strip():
        sent["org"] = {"company": organization}
    for ours, key, what in (("emails", "email", "email"), ("urls", "url", "url"), ("addresses", "street", "address")):
        rows = [_labelled(row, key, what) for row in _listed(card, ours)]
        if rows:
            sent[ours] = rows
    birthday = words("The birthday", card, "birthday", 10, required=False)
    if birthday:
        if not BIRTHDAY.fullmatch(birthday):
            raise ComposeError("A birthday is written as year, month and day: 1990-12-31.")
        sent["birthday"] = birthday
    return sent


def _listed(card: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return objects(f"The contact's {key}", card.get(key) or [])


def _phone(phone: Mapping[str, Any]) -> dict[str, str]:
    sent = {"phone": words("A phone number", phone, "number", limits.CARD)}
    wa_id = words("A phone number's WhatsApp id", phone, "wa_id", limits.CARD, required=False)
    # With it the phone offers "Message", without it "Invite to WhatsApp".
    return sent | ({"wa_id": wa_id} if wa_id else {}) | _label(phone)


def _labelled(row: Mapping[str, Any], key: str, what: str) -> dict[str, str]:
    return {key: words(f"The contact's {what}", row, "value", limits.CARD)} | _label(row)


def _label(row: Mapping[str, Any]) -> dict[str, str]:
    label = words("A label", row, "label", limits.CARD, required=False)
    return {"type": label} if label else {}
