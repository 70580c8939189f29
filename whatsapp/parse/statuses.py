"""Statuses of our messages and of payments."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from whatsapp import events
from whatsapp.events import Party
from whatsapp.parse import fields
from whatsapp.parse.fields import Change, Leaf, LeafError, mapping, words

MAX_CALLBACK_DATA = 512


def read(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """One status. Unknown status words are kept: old and future ones must not be errors."""
    kind = words(leaf.get("type")) or "message"
    if kind not in ("message", "payment"):
        yield events.Unrecognized(**change.about(leaf, path), what=f"status of type {kind[: fields.MAX_WORD]}")
        return
    status = words(leaf.get("status")).lower()[: fields.MAX_WORD]
    if not status:
        raise LeafError("It does not say what the status is.")
    in_group = leaf.get("recipient_type") == "group"
    participant = _participant(leaf)
    # One id with three names in Meta's pages: since May 2026, before, and in a sample.
    parent = leaf.get("recipient_parent_user_id") or leaf.get("parent_recipient_user_id") or leaf.get("parent_user_id")
    party = (
        Party()
        if in_group
        else change.contacts.party(
            wa_id=fields.phone(leaf.get("recipient_id")),
            user_id=fields.user_id(leaf.get("recipient_user_id")),
            parent_user_id=fields.user_id(parent),
        )
    )
    about = change.about(leaf, path) | {
        "wamid": fields.wamid(leaf.get("id"), "message id"),
        "status": status,
        "party": party,
        "callback_data": words(leaf.get("biz_opaque_callback_data"))[:MAX_CALLBACK_DATA],
    }
    if kind == "payment":
        yield events.PaymentChanged(**about, payment=_payment(mapping(leaf.get("payment"))))
        return
    yield events.StatusChanged(
        **about,
        group_id=fields.identifier(leaf.get("recipient_id"), fields.MAX_USER_ID) if in_group else "",
        participant=participant,
        faults=fields.faults(leaf.get("errors")),
        pricing=_pricing(leaf),
    )


def _participant(leaf: Leaf) -> Party | None:
    party = Party(
        wa_id=fields.phone(leaf.get("recipient_participant_id") or leaf.get("participant_recipient_id")),
        user_id=fields.user_id(leaf.get("recipient_participant_user_id")),
        parent_user_id=fields.user_id(leaf.get("recipient_participant_parent_user_id")),
    )
    return party if party != Party() else None


def _payment(part: Leaf) -> dict[str, str]:
    """``amount.value`` counts the smallest unit; ``offset`` of them make one: 21000 / 100 is 210.00."""
    amount = mapping(part.get("amount"))
    value, offset = fields.whole(amount.get("value")), fields.whole(amount.get("offset"))
    found = {
        "reference_id": words(part.get("reference_id"))[: fields.MAX_WAMID],
        "amount": f"{Decimal(value) / offset:.2f}" if value is not None and offset else "",
        "currency": words(part.get("currency"))[:8],
        "attempt": words(mapping(part.get("transaction")).get("status"))[: fields.MAX_WORD],
    }
    return {key: value for key, value in found.items() if value}


def _pricing(leaf: Leaf) -> dict[str, Any]:
    part = mapping(leaf.get("pricing")) or mapping(mapping(leaf.get("conversation")).get("pricing"))
    if not part:
        return {}
    found: dict[str, Any] = {
        "model": words(part.get("pricing_model")),
        "type": words(part.get("type")),
        "category": words(part.get("category")),
    }
    found = {key: value for key, value in found.items() if value}
    if isinstance(part.get("billable"), bool):
        found["billable"] = part["billable"]
    return found
