"""What an item of the replaced system says, in our words. Its tables were written by two programs in two styles
(Lambda: epoch seconds, lower case; AppSync: ISO dates, upper case), and by neither to its own schema."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from whatsapp.events import Direction, Status
from whatsapp.parse.clean_json import clean

#: WhatsApp began in 2009.
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=5)
#: Rows lived for 30 days (the table's TTL).
TTL = timedelta(days=30)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: AWS writes <the key asked for><media id>.<extension>. Where the first extension ends is told by the known ones: in
#: "x.mp4530339.mp4" the 4 is its own.
SUFFIXED = re.compile(
    r"(?P<asked>.*\.(?:mp[34]|m4a|3gpp?|[A-Za-z]{1,8})|.*/)(?P<media_id>[0-9]{6,32})\.(?P<extension>[A-Za-z0-9]{1,8})"
)
LONGEST_KEY = 1024

STATUSES = {
    "sent": Status.SENT,
    "accepted": Status.SENT,
    "warning": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.PLAYED,
    "failed": Status.FAILED,
    "deleted": Status.DELIVERED,  # deleted by the customer for themselves: it was there
    "pending": Status.UNKNOWN,
    "queued": Status.UNKNOWN,
    "sending": Status.UNKNOWN,
    "dry_run": Status.FAILED,
}


@dataclass(slots=True)
class MessageItem:
    """A message of the old table. Texts are clean and empty where absent; ``refusal`` is the code that holds it back,
    ``left_out`` the one that keeps it away. Phones are digits. ``media_id`` is as written: what it means depends."""

    key: str
    contact_key: str = ""
    direction: str = ""
    sent_at: datetime | None = None
    bad_timestamp: bool = False
    created_at: datetime | None = None
    text: str = ""
    word: str = ""
    status: str = ""
    status_at: datetime | None = None
    error: str = ""
    wamid: str = ""
    provider_message_id: str = ""
    phone: str = ""
    name: str = ""
    our_phone: str = ""
    aws_phone_number_id: str = ""
    media_id: str = ""
    object_key: str = ""
    refusal: str = ""
    left_out: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def outbound(self) -> bool:
        return self.direction == Direction.OUTBOUND


@dataclass(slots=True)
class ContactItem:
    key: str
    phone: str = ""
    name: str = ""
    deleted: bool = False
    opted_out_at: datetime | None = None
    refusal: str = ""
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FileItem:
    key: str
    message_key: str = ""
    object_key: str = ""
    media_id: str = ""
    content_type: str = ""
    size: int | None = None
    refusal: str = ""
    problems: list[str] = field(default_factory=list)


def message(values: dict[str, Any], now: datetime) -> MessageItem:
    """Read an item of the Message table, or of the inbound and outbound tables."""
    item = MessageItem(key=text(values, "messageId") or text(values, "id"))
    item.contact_key = text(values, "contactId")[:255]
    item.word = text(values, "messageType").lower()
    item.text = text(values, "content")
    item.name = text(values, "senderName")[:512]
    item.our_phone = digits(text(values, "receivingPhone"))
    item.aws_phone_number_id = aws_id(text(values, "awsPhoneNumberId"))
    item.media_id, item.object_key = text(values, "mediaId"), text(values, "s3Key")
    if text(values, "mediaUrl"):
        item.problems.append("stale_address")
    item.direction = _direction(values)
    item.phone = _phone(item, text(values, "senderPhone" if not item.outbound else "recipientPhone"))
    _times(item, values, now)
    _ids(item, text(values, "whatsappMessageId"))
    if item.outbound:
        _status(item, values, now)
    elif not item.name:
        item.problems.append("no_sender_name")
    channel = text(values, "channel").lower()
    if channel not in ("", "whatsapp"):
        item.left_out = "other_channel"
    item.refusal = _refusal(item)
    return item


def _refusal(item: MessageItem) -> str:
    if not item.key:
        return "no_key"
    if not item.direction:
        return "no_direction"
    return "" if item.sent_at else "no_time"


def contact(values: dict[str, Any], now: datetime) -> ContactItem:
    """Read an item of the Contact table."""
    item = ContactItem(key=text(values, "contactId") or text(values, "id"))
    item.phone = _phone(item, text(values, "phone"))
    item.name = text(values, "name")[:512]
    item.deleted = values.get("deletedAt") is not None
    if not item.name:
        item.problems.append("unnamed_contact")
    if item.deleted:
        item.problems.append("deleted_contact")
    if values.get("optInWhatsApp") is False:
        item.opted_out_at = moment(values.get("updatedAt"), now) or moment(values.get("createdAt"), now) or now
        item.problems.append("opted_out")
    item.refusal = "no_key" if not item.key else ""
    return item


def file(values: dict[str, Any]) -> FileItem:
    """Read an item of the MediaFile table, which was written for inbound files only."""
    size = values.get("size")
    item = FileItem(
        key=text(values, "fileId") or text(values, "id"),
        message_key=text(values, "messageId")[:255],
        object_key=text(values, "s3Key"),
        media_id=text(values, "whatsappMediaId")[:128],
        content_type=text(values, "contentType").split(";")[0].strip().lower()[:255],
        size=int(size) if isinstance(size, Decimal) and size.is_finite() and 0 <= size < 2**62 else None,
    )
    item.refusal = "no_key" if not item.key else ""
    return item


def text(values: dict[str, Any], name: str) -> str:
    """An attribute as clean text; empty for none, null and what is no text."""
    value = values.get(name)
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() and abs(value.adjusted()) < 40 else ""
    return clean(value).strip() if isinstance(value, str) else ""


def digits(phone: str) -> str:
    """A phone in digits, with or without plus, 00 and spaces; empty when it cannot be one (E.164: at most 15)."""
    found = re.sub(r"[\s().\u00a0-]", "", phone).removeprefix("+")
    found = found.removeprefix("00")
    return found if found.isascii() and found.isdigit() and 6 <= len(found) <= 15 else ""


def aws_id(identifier: str) -> str:
    """AWS's id of a number, from the id, its ARN, or an ARN with a doubled prefix."""
    last = identifier.split(":")[-1].split("/")[-1]
    return f"phone-number-id-{last.removeprefix('phone-number-id-')}"[:128] if last else ""


def moment(value: Any, now: datetime) -> datetime | None:
    """A time in epoch seconds (or milliseconds, or microseconds) or ISO 8601. None when it cannot be that of a message:
    absent, nonsense, before WhatsApp or in the future."""
    try:
        if isinstance(value, str):
            try:
                value = Decimal(value.strip())
            except ArithmeticError:
                at = datetime.fromisoformat(value.strip())
                return _believed(at if at.tzinfo else at.replace(tzinfo=UTC), now)
        if not isinstance(value, Decimal) or not value.is_finite() or not 0 < value < 10**18:
            return None
        while value > 10**11:
            value /= 1000
        return _believed(datetime.fromtimestamp(float(value), UTC), now)
    except (ValueError, OverflowError, OSError, ArithmeticError):
        return None


def _believed(at: datetime, now: datetime) -> datetime | None:
    return at.astimezone(UTC) if EARLIEST <= at <= now + CLOCK_TOLERANCE else None


def _direction(values: dict[str, Any]) -> str:
    word = text(values, "direction").lower()
    if word in ("inbound", "outbound"):
        return word
    if word:
        return ""
    # Early handlers left it out; only inbound items have a sender, and only they are "received".
    inbound = text(values, "senderPhone") or text(values, "status").lower() == "received"
    return Direction.INBOUND if inbound else Direction.OUTBOUND if text(values, "status") else ""


def _phone(item: MessageItem | ContactItem, written: str) -> str:
    found = digits(written)
    if written and not found:
        item.problems.append("bad_phone")
    return found


def _times(item: MessageItem, values: dict[str, Any], now: datetime) -> None:
    created = moment(values.get("createdAt"), now)
    item.sent_at = moment(values.get("timestamp"), now)
    if item.sent_at is None:
        # Items were written to live for 30 days, so their end tells their beginning.
        expires = moment(values.get("expiresAt"), now + TTL)
        item.sent_at = created or (expires - TTL if expires else None)
        item.bad_timestamp = True
        if item.sent_at:
            item.problems.append("guessed_time")
    item.created_at = created or item.sent_at


def _ids(item: MessageItem, identifier: str) -> None:
    if identifier.startswith("wamid."):
        item.wamid = identifier[:255]
    elif identifier:
        item.provider_message_id = identifier[:128]
        item.problems.append("aws_message_id" if UUID.fullmatch(identifier) else "odd_message_id")
    else:
        item.problems.append("no_message_id")


def _status(item: MessageItem, values: dict[str, Any], now: datetime) -> None:
    word = text(values, "status").lower()
    item.status = STATUSES.get(word, Status.UNKNOWN)
    item.status_at = moment(values.get("statusUpdatedAt"), now) or item.sent_at
    item.error = _error(text(values, "errorDetails"))
    if word == "dry_run":
        item.problems.append("never_sent")
        item.error = item.error or "The old system made this message as a dry run and never sent it."
    elif word not in STATUSES:
        item.problems.append("unknown_status")
    elif item.status == Status.UNKNOWN:
        item.problems.append("fate_unknown")
    if item.status == Status.UNKNOWN:
        item.error = item.error or "The old system never said what became of this message."


def _error(details: str) -> str:
    """The old handlers wrote an exception as JSON text: {"type": …, "message": …}."""
    try:
        found = json.loads(details)
    except (ValueError, RecursionError):
        return details[:1000]
    if not isinstance(found, dict):
        return details[:1000]
    words = [clean(str(found[name])) for name in ("type", "message") if found.get(name)]
    return (": ".join(words) or details)[:1000]
