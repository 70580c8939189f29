"""Standard Webhooks' signature (standardwebhooks.com, "Verifying signatures"): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta

from django.utils import timezone

from inbox.models import WebhookEndpoint

PREFIX = "whsec_"
KEY_BYTES = 32
#: How long a replaced secret signs beside the new one.
ROTATION = timedelta(hours=24)


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def rotate(endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a new secret. The old one signs too for a day. Returns the new one, which is shown once."""
    endpoint.previous_secret, endpoint.secret = endpoint.secret, new_secret()
    endpoint.previous_secret_until = timezone.now() + ROTATION
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    return endpoint.secret


def headers(endpoint: WebhookEndpoint, webhook_id: str, body: bytes) -> dict[str, str]:
    """The headers of one attempt, signed with every secret that is valid now."""
    now = timezone.now()
    valid = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_secret_until and endpoint.previous_secret_until > now:
        valid.append(endpoint.previous_secret)
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_sign(secret, webhook_id, timestamp, body) for secret in valid),
        "Content-Type": "application/json",
    }


def _sign(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
