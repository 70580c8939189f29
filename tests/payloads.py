"""Webhook bodies for tests, in the shape Meta sends them, with numbers that belong to nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from typing import Any

PHONE_NUMBER_ID = "200000000000001"
WABA_ID = "100000000000001"
DISPLAY_NUMBER = "351215550100"
CUSTOMER = "351915550123"
SECRET = "test-app-secret-not-real"
PREVIOUS_SECRET = "test-previous-app-secret"

_ids = itertools.count(1)


def wamid() -> str:
    """A fresh message id."""
    return f"wamid.TEST{next(_ids):08d}{time.time_ns()}"


def scoped_wamid(scope: str, token: str, *, participant: str = "") -> str:
    """The id of the message with this token as WhatsApp writes it for a phone number or a user id."""
    kind = b"\x02" if scope.isdigit() else b"\x14"
    rest = b"\x1c\x18" + bytes([len(participant)]) + participant.encode() + b"\x15\x02\x00" if participant else b""
    raw = b"\x1c\x18" + bytes([len(scope)]) + scope.encode() + b"\x15" + kind + b"\x00\x12\x18"
    raw += bytes([len(token)]) + token.encode() + rest + b"\x00"
    return "wamid." + base64.b64encode(raw).decode()


def message(kind: str = "text", *, sender: str = CUSTOMER, at: int | None = None, **parts: Any) -> dict[str, Any]:
    """One inbound message. ``parts`` are Meta's own keys (``text={"body": …}``, ``context=…``, ``id=…``)."""
    leaf: dict[str, Any] = {"from": sender, "id": wamid(), "timestamp": str(at or int(time.time())), "type": kind}
    if kind == "text" and "text" not in parts:
        leaf["text"] = {"body": "Good morning"}
    return leaf | parts


def status(
    message_id: str, word: str, *, recipient: str = CUSTOMER, at: int | None = None, **parts: Any
) -> dict[str, Any]:
    return {
        "id": message_id,
        "status": word,
        "timestamp": str(at or int(time.time())),
        "recipient_id": recipient,
    } | parts


def notification(
    *messages: dict[str, Any],
    statuses: list[dict[str, Any]] | None = None,
    phone_number_id: str = PHONE_NUMBER_ID,
    name: str = "Amara Okafor",
    field: str = "messages",
    **value: Any,
) -> dict[str, Any]:
    """A whole webhook body around these leaves."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY_NUMBER, "phone_number_id": phone_number_id},
    }
    if messages:
        senders = dict.fromkeys(leaf["from"] for leaf in messages if "from" in leaf)
        body["contacts"] = [{"profile": {"name": name}, "wa_id": sender} for sender in senders]
        body["messages"] = list(messages)
    if statuses:
        body["statuses"] = statuses
    body |= value
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": WABA_ID, "changes": [{"field": field, "value": body}]}],
    }


def encode(body: dict[str, Any]) -> bytes:
    """The body as Meta puts it on the wire: everything beyond ASCII escaped."""
    return json.dumps(body).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    """The value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
