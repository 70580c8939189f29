"""What Meta's webhooks look like: the value around messages and statuses, the body's exact bytes, the signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from simulator.network import world
from simulator.network.store import ChatMessage
from simulator.network.world import Number, Person

#: Meta writes these as escapes inside strings, so a body that was parsed and dumped again has another signature
#: (reference: "Create a webhook endpoint", validating payloads).
_ESCAPES = {"/": "\\/", "<": "\\u003C", "%": "\\u0025", "@": "\\u0040"}


def encode(body: dict[str, Any]) -> bytes:
    """The body as Meta puts it on the wire: ASCII, compact, with its escapes. None of the escaped characters can stand
    outside a JSON string, so they are replaced in the finished text. Takes a lone surrogate too."""
    text = json.dumps(body, separators=(",", ":"))
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode("ascii")


def signature(body: bytes, secret: str) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def change(field: str, value: dict[str, Any], waba: str = "") -> dict[str, Any]:
    """One change on its way, before it is wrapped; of the account that the number in it belongs to, unless told."""
    number = world.number(str((value.get("metadata") or {}).get("phone_number_id") or ""))
    waba = waba or (number.waba_id if number else world.WABA_ID)
    return {"waba": waba, "field": field, "value": value}


def body(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole notification around these changes: one entry for each account."""
    entries: dict[str, dict[str, Any]] = {}
    for each in changes:
        entry = entries.setdefault(each["waba"], {"id": each["waba"], "changes": []})
        entry["changes"].append({"value": each["value"], "field": each["field"]})
    return {"object": "whatsapp_business_account", "entry": list(entries.values())}


def batched(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what concerns the same number into one value, as Meta does when it is busy."""
    merged: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in changes:
        value = each["value"]
        key = (each["waba"], each["field"], json.dumps(value.get("metadata")))
        if key not in merged:
            merged[key] = each | {"value": dict(value)}
            continue
        known = merged[key]["value"]
        for name, part in value.items():
            if name == "contacts":
                known[name] = known.get(name, []) + [person for person in part if person not in known.get(name, [])]
            elif isinstance(part, list):
                known[name] = known.get(name, []) + part
            else:
                known[name] = part
    return list(merged.values())


def value(number: Number, **parts: Any) -> dict[str, Any]:
    """The value around messages or statuses of one number."""
    metadata = {"display_phone_number": number.digits, "phone_number_id": number.phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata} | parts


def contact(person: Person, *, username: bool = True) -> dict[str, Any]:
    """One of ``contacts``. Since 2026 ``wa_id`` is left out, not empty, when the person does not show their number."""
    profile = {"name": person.name}
    if person.username and username:
        profile["username"] = person.username
    entry: dict[str, Any] = {"profile": profile}
    if person.wa_id:
        entry["wa_id"] = person.wa_id
    return entry | {"user_id": person.user_id}


def messages(number: Number, person: Person, *leaves: dict[str, Any]) -> dict[str, Any]:
    """A change that carries these messages of one person. Meta gives system messages no contacts."""
    if all(leaf.get("type") == "system" for leaf in leaves):
        return change("messages", value(number, messages=list(leaves)))
    return change("messages", value(number, contacts=[contact(person)], messages=list(leaves)))


def status(
    number: Number,
    person: Person | None,
    message: ChatMessage,
    word: str,
    at: float,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A change that carries one status. On ``failed`` there are no contacts, and no user id unless it was addressed so;
    ``pricing`` comes with sent and delivered (reference: status webhooks, 2026-05-21)."""
    leaf: dict[str, Any] = {"id": message.wamid, "status": word, "timestamp": str(int(at))}
    address = str(message.leaf.get("to", "")).lstrip("+")
    wa_id = person.wa_id if person else address
    if wa_id:
        leaf["recipient_id"] = wa_id
    if person and (word != "failed" or not address):
        leaf["recipient_user_id"] = person.user_id
    if message.callback_data:
        leaf["biz_opaque_callback_data"] = message.callback_data
    if word in ("sent", "delivered"):
        category = str(message.leaf.get("template", {}).get("_category", "service")).lower()
        leaf["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}
    if error:
        leaf["errors"] = [error]
    parts: dict[str, Any] = {"statuses": [leaf]}
    if person and word != "failed":
        parts = {"contacts": [contact(person, username=word != "sent")]} | parts
    return change("messages", value(number, **parts))
