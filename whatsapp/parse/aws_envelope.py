"""What AWS publishes: one of Meta's entries as a string, in an envelope, mostly in an envelope of SNS.

    {"Type": "Notification", "Message": "{\\"context\\": …, \\"whatsAppWebhookEntry\\": \\"{…}\\", …}", …}

An SQS queue with raw delivery gets the inner envelope only. Whatever else speaks on the same topic (alarms) is foreign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from whatsapp import events
from whatsapp.events import AnyEvent, UnreadableError
from whatsapp.parse.clean_json import decode, read
from whatsapp.parse.fields import identifier, mapping
from whatsapp.providers.aws import arns
from whatsapp.providers.aws.arns import AwsNumber

ENTRY = "whatsAppWebhookEntry"
MAX_SENT_ID = 128


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An unwrapped AWS notification. ``entry`` is Meta's, None in a foreign notification.

    ``numbers`` are our numbers by Meta's id. ``sent_id`` is AWS's id of the send that a status is about, if present.
    """

    entry: Any = None
    numbers: dict[str, AwsNumber] = field(default_factory=dict)
    sent_id: str = ""
    foreign: list[AnyEvent] = field(default_factory=list)


def unwrap(body: bytes) -> Wrapped:
    """Take Meta's entry out of AWS's envelopes. Raises UnreadableError when it is there and can't be read."""
    if ENTRY.encode() not in body:
        return _foreign()
    document = read(body)
    message = document.get("Message")
    if ENTRY not in document and isinstance(message, str):
        if ENTRY not in message:
            return _foreign()
        document = _inside(message)
    if not isinstance(document, dict) or ENTRY not in document:
        return _foreign()
    entry = document[ENTRY]
    return Wrapped(
        entry=_inside(entry) if isinstance(entry, str) else entry,
        numbers=_numbers(mapping(document.get("context")).get("MetaPhoneNumberIds")),
        sent_id=identifier(document.get("messageId"), MAX_SENT_ID),
    )


def _inside(text: str) -> Any:
    try:
        return decode(text)
    except UnreadableError as error:
        raise UnreadableError(f"What AWS wrapped cannot be read. {error}") from error


def _foreign() -> Wrapped:
    return Wrapped(foreign=[events.Unrecognized(what="not from WhatsApp")])


def _numbers(listed: object) -> dict[str, AwsNumber]:
    """By Meta's id, never by position: the list has all numbers of the account."""
    found: dict[str, AwsNumber] = {}
    for each in listed if isinstance(listed, list) else []:
        meta_id, arn = identifier(mapping(each).get("metaPhoneNumberId")), mapping(each).get("arn")
        number = arns.number(arn) if isinstance(arn, str) else None
        if meta_id and number:
            found[meta_id] = number
    return found
