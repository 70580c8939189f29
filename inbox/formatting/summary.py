"""One line of plain text for a message: what the conversation list, notifications and quotes show."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from inbox.formatting import humanize, markup, replies, system_lines
from inbox.formatting.humanize import clock
from inbox.models import Message
from whatsapp.errors import UNAVAILABLE
from whatsapp.events import Kind

MAX_LENGTH = 200
#: What of a long text is read for its one line.
READ_LENGTH = 4 * MAX_LENGTH

#: What WhatsApp says it does not pass on, in words. Keys are Meta's ``unsupported.type``.
UNSUPPORTED = {
    "poll_creation": "Poll",
    "poll_update": "Vote in a poll",
    "gif": "GIF",
    "group_invite": "Invitation to a group",
    "pin": "Pinned a message",
    "unpin": "Unpinned a message",
    "keep_in_chat": "Kept a message",
    "edit": "Edited a message",
    "media_placeholder": "File from before this number was connected",
    "product": "Product",
    "list": "List",
}

#: What kind a file is, in words, by its sniffed or declared type.
DOCUMENT_TYPES = {
    "application/pdf": "PDF",
    "text/plain": "Text",
    "text/csv": "CSV",
    "text/vcard": "Contact card",
    "text/calendar": "Calendar",
    "text/html": "Web page",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.ms-outlook": "Email",
    "application/vnd.oasis.opendocument.text": "Document",
    "application/vnd.oasis.opendocument.spreadsheet": "Spreadsheet",
    "application/vnd.oasis.opendocument.presentation": "Presentation",
    "application/epub+zip": "E-book",
    "application/zip": "ZIP",
}
#: The same by the end of the name, where bytes tell no more than that it is text or an archive.
NAMED_TYPES = {
    ".csv": "CSV",
    ".tsv": "Table",
    ".eml": "Email",
    ".numbers": "Numbers",
    ".pages": "Pages",
    ".key": "Keynote",
    ".json": "JSON",
    ".gpx": "Route",
    ".kml": "Map",
}
GENERAL_TYPES = ("text/plain", "text/xml", "application/zip", "application/gzip", "application/octet-stream", "")
#: And of files that are also sent as photos, videos and recordings.
FAMILIES = {"image": "Picture", "video": "Video", "audio": "Audio"}


def file_kind(content_type: str, file_name: str) -> str:
    """What kind of file it is in the person's words; empty when nothing tells."""
    if content_type in GENERAL_TYPES:
        named = NAMED_TYPES.get(PurePosixPath(file_name.strip()).suffix.lower())
        if named:
            return named
    return DOCUMENT_TYPES.get(content_type) or FAMILIES.get(content_type.partition("/")[0], "")


def summarize(
    kind: str,
    text: str,
    payload: dict[str, Any],
    *,
    voice: bool = False,
    duration: float | None = None,
    pages: int | None = None,
    file_name: str = "",
    content_type: str = "",
    error_code: int | None = None,
) -> str:
    """What a message is in at most 200 characters: its words without WhatsApp's marks if it has any, else its
    kind with what is known of it.

    ``payload`` is the message's, as whatsapp.events.MessageReceived describes it; ``error_code``
    is WhatsApp's error on it; the rest is its media's.
    """
    if kind == Kind.INTERACTIVE:
        text = replies.own_words(payload, text)
    words = " ".join(markup.plain(text.lstrip()[:READ_LENGTH]).split())
    if kind == Kind.INTERACTIVE:
        words = " ".join(replies.line(payload, words).split())
    elif not words:
        words = _without_words(kind, payload, voice, duration, error_code)
    if kind == Kind.DOCUMENT:
        words = _document(words, pages, file_name, content_type)
    return words[: MAX_LENGTH - 1] + "…" if len(words) > MAX_LENGTH else words


def of_message(message: Message) -> str:
    """One line for a message as it is now, with its file as far as it is known. Reads ``message.media``."""
    if message.revoked_at:
        return "Deleted message"
    media = getattr(message, "media", None)
    return summarize(
        message.kind,
        message.text,
        message.payload,
        voice=media is not None and media.voice,
        duration=media.duration if media else None,
        pages=media.pages if media else None,
        file_name=media.file_name if media else "",
        content_type=(media.content_type or media.mime_type) if media else "",
        error_code=message.error_code,
    )


def _without_words(
    kind: str, payload: dict[str, Any], voice: bool, duration: float | None, error_code: int | None
) -> str:
    length = f" {clock(duration)}" if duration is not None else ""
    match kind:
        case Kind.IMAGE:
            return "Photo"
        case Kind.VIDEO:
            return f"Video{length}"
        case Kind.AUDIO:
            return f"Voice{length}" if voice else f"Audio{length}"
        case Kind.STICKER:
            return "Sticker"
        case Kind.LOCATION:
            return " · ".join(filter(None, ["Location", payload.get("name") or payload.get("address") or ""]))
        case Kind.CONTACTS:
            return _contacts(payload.get("contacts") or [])
        case Kind.BUTTON:
            return replies.line(payload, "")
        case Kind.ORDER:
            count = sum(quantity(item) for item in payload.get("items") or [])
            return f"Order · {count} item{'' if count == 1 else 's'}"
        case Kind.CALL:
            return _call(payload)
        case Kind.SYSTEM:
            return system_lines.preview(payload)
        case Kind.UNSUPPORTED if error_code == UNAVAILABLE:
            return "Message in the phone app"
        case Kind.UNSUPPORTED:
            return UNSUPPORTED.get(str(payload.get("type")), "Message that WhatsApp does not pass on")
        case Kind.TEMPLATE:
            return " · ".join(filter(None, ["Template", str(payload.get("name") or "")]))
        case Kind.DOCUMENT | Kind.TEXT:
            return ""
        case _:
            return "Message of a new kind"


def quantity(item: object) -> int:
    """How many of one product an order has; one where that is missing or nonsense."""
    told = item.get("quantity") if isinstance(item, dict) else None
    return told if isinstance(told, int) and 0 < told < 10**6 else 1


def card_name(card: dict[str, Any]) -> str:
    """What a contact card is called: its name, else its company or its first phone number."""
    phones = [phone for phone in card.get("phones") or [] if isinstance(phone, dict)]
    first = str(phones[0].get("number") or "") if phones else ""
    return humanize.clean_name(str(card.get("name") or "")) or str(card.get("organization") or "") or first


def _contacts(contacts: list[dict[str, Any]]) -> str:
    if len(contacts) == 1:
        return " · ".join(filter(None, ["Contact", card_name(contacts[0])]))
    return f"{len(contacts)} contacts" if contacts else "Contact card without a contact"


def _call(payload: dict[str, Any]) -> str:
    match payload.get("outcome"):
        case "answered":
            duration = payload.get("duration")
            return f"Call {clock(duration)}" if duration else "Call"
        case "rejected":
            return "Declined call"
        case "ringing":
            return "Call, ringing"
        case "missed":
            return "Missed call"
        case "failed":
            return "Failed call"
        case _:
            return "Call"


def _document(words: str, pages: int | None, file_name: str, content_type: str) -> str:
    kind = file_kind(content_type, file_name) or "File"
    length = f"{pages} page{'' if pages == 1 else 's'}" if pages else ""
    return " · ".join(filter(None, [kind, length, words or " ".join(file_name.split())]))
