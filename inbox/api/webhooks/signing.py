"""Secrets of webhook endpoints, and the signed headers of each attempt (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from django.utils import timezone
from standardwebhooks import Webhook

from inbox.models import WebhookEndpoint

PREFIX = "whsec_"
KEY_BYTES = 32
#: How long a replaced secret signs beside the new one.
ROTATION = timedelta(hours=24)


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def rotate(endpoint: WebhookEndpoint) -> str:
    """Give the endpoint a new secret and return it, to be shown once. The old one keeps signing for a day."""
    endpoint.previous_secret, endpoint.secret = endpoint.secret, new_secret()
    endpoint.previous_secret_until = timezone.now() + ROTATION
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    return str(endpoint.secret)


def headers(endpoint: WebhookEndpoint, webhook_id: str, body: bytes) -> dict[str, str]:
    """The headers of one attempt, signed with every secret that is valid now. Raises ValueError for a broken secret."""
    now = timezone.now()
    valid = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_secret_until and endpoint.previous_secret_until > now:
        valid.append(endpoint.previous_secret)
    signatures = (Webhook(secret).sign(webhook_id, now, body.decode()) for secret in valid)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "Content-Type": "application/json",
    }
