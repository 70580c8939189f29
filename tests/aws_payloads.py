"""What AWS publishes, for tests: Meta's entry as a string, in AWS's envelope, in SNS's envelope."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests import payloads

ACCOUNT = "123456789012"
REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:whatsapp-events"
AWS_ID = "phone-number-id-4a7e00112233445566778899aabbccdd"
OTHER_AWS_ID = "phone-number-id-77aa00112233445566778899aabbccdd"
ACCOUNT_ID = "waba-5b8f00112233445566778899aabbccdd"

_ids = itertools.count(1)


def number_arn(identifier: str = AWS_ID, region: str = REGION) -> str:
    return f"arn:aws:social-messaging:{region}:{ACCOUNT}:phone-number-id/{identifier.removeprefix('phone-number-id-')}"


def event(*leaves: dict[str, Any], numbers: dict[str, str] | None = None, **parts: Any) -> dict[str, Any]:
    """The inner envelope, around a notification with these leaves. ``numbers``: ARNs by Meta's id. ``message_id`` is
    AWS's id of the send; other ``parts`` go into the notification."""
    message_id = parts.pop("message_id", "")
    (entry,) = payloads.notification(*leaves, **parts)["entry"]
    return wrap(entry, numbers=numbers, message_id=message_id)


def wrap(entry: Any, *, numbers: dict[str, str] | None = None, message_id: str = "") -> dict[str, Any]:
    numbers = {payloads.PHONE_NUMBER_ID: number_arn()} if numbers is None else numbers
    document: dict[str, Any] = {
        "context": {
            "MetaWabaIds": [
                {"wabaId": payloads.WABA_ID, "arn": f"arn:aws:social-messaging:{REGION}:{ACCOUNT}:waba/5b8f0011"}
            ],
            "MetaPhoneNumberIds": [{"metaPhoneNumberId": id, "arn": arn} for id, arn in numbers.items()],
        },
        "whatsAppWebhookEntry": entry if isinstance(entry, str) else json.dumps(entry),
        "aws_account_id": ACCOUNT,
        "message_timestamp": "2026-11-20T16:44:28.476795989Z",
    }
    return document | ({"messageId": message_id} if message_id else {})


def published(message: dict[str, Any] | str, **parts: Any) -> dict[str, Any]:
    """The envelope that SNS puts around a message, not signed."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": f"00000000-0000-4000-8000-{next(_ids):012d}",
        "TopicArn": TOPIC,
        "Message": text,
        "Timestamp": "2026-11-20T16:44:28.500Z",
    } | parts


def body(*leaves: dict[str, Any], **parts: Any) -> bytes:
    """What the journal keeps of one event that came through SNS."""
    return payloads.encode(published(event(*leaves, **parts)))
