"""One line of plain text for a message: what the conversation list, notifications and quotes show.

The line of a conversation's last message is stored with the conversation, in English: `of_last_messages` gives it in
the reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox.formatting import humanize, markup, replies, system_lines
from inbox.formatting.humanize import clock
from inbox.models import Conversation, Message
from whatsapp.errors import UNAVAILABLE
from whatsapp.events import Kind

#: The language of stored lines.
STORED_LANGUAGE = "en"
MAX_LENGTH = 200
#: Characters of a long text that are read for its line.
READ_LENGTH = 4 * MAX_LENGTH

#: Messages that WhatsApp does not pass on, by Meta's ``unsupported.type``.
UNSUPPORTED = {
    "poll_creation": gettext_lazy("Poll"),
    "poll_update": gettext_lazy("Poll vote"),
    "gif": gettext_lazy("GIF"),
    "group_invite": gettext_lazy("Group invitation"),
    "pin": gettext_lazy("Pinned a message"),
    "unpin": gettext_lazy("Unpinned a message"),
    "keep_in_chat": gettext_lazy("Kept a message"),
    "edit": gettext_lazy("Edited a message"),
    "media_placeholder": gettext_lazy("File from before this number was connected"),
    "product": gettext_lazy("Product"),
    "list": gettext_lazy("List"),
}

#: What a file is called, by its sniffed or declared type. Names of products and formats are not translated.
DOCUMENT_TYPES = {
    "application/pdf": "PDF",
    "text/plain": gettext_lazy("Text"),
    "text/csv": "CSV",
    "text/vcard": gettext_lazy("Contact card"),
    "text/calendar": gettext_lazy("Calendar"),
    "text/html": gettext_lazy("Web page"),
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.ms-outlook": gettext_lazy("Email"),
    "application/vnd.oasis.opendocument.text": gettext_lazy("Document"),
    "application/vnd.oasis.opendocument.spreadsheet": gettext_lazy("Spreadsheet"),
    "application/vnd.oasis.opendocument.presentation": gettext_lazy("Presentation"),
    "application/epub+zip": gettext_lazy("E-book"),
    "application/zip": "ZIP",
}
#: The same by the end of its name, where the bytes only say that it is text or an archive.
NAMED_TYPES = {
    ".csv": "CSV",
    ".tsv": gettext_lazy("Table"),
    ".eml": gettext_lazy("Email"),
    ".numbers": "Numbers",
    ".pages": "Pages",
    ".key": "Keynote",
    ".json": "JSON",
    ".gpx": gettext_lazy("Route"),
    ".kml": gettext_lazy("Map"),
}
GENERAL_TYPES = ("text/plain", "text/xml", "application/zip", "application/gzip", "application/octet-stream", "")
#: The same for files that could also be sent as photos, videos or recordings.
FAMILIES = {"image": gettext_lazy("Picture"), "video": gettext_lazy("Video"), "audio": gettext_lazy("Audio")}


def file_kind(content_type: str, file_name: str) -> str:
    """What a file is called, such as PDF or Spreadsheet; empty when unknown."""
    if content_type in GENERAL_TYPES:
        named = NAMED_TYPES.get(PurePosixPath(file_name.strip()).suffix.lower())
        if named:
            return str(named)
    return str(DOCUMENT_TYPES.get(content_type) or FAMILIES.get(content_type.partition("/")[0], ""))


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
    """A message in at most 200 characters: its text without WhatsApp's formatting marks, otherwise its kind with what
    is known of it.

    ``payload`` is the message's, as whatsapp.events.MessageReceived describes it; ``error_code`` is WhatsApp's error on
    it; the rest is its media's.
    """
    if kind == Kind.INTERACTIVE:
        text = replies.own_words(payload, text)
    line = " ".join(markup.plain(text.lstrip()[:READ_LENGTH]).split())
    if kind == Kind.INTERACTIVE:
        line = " ".join(replies.line(payload, line).split())
    elif not line:
        line = _without_text(kind, payload, voice, duration, error_code)
    if kind == Kind.DOCUMENT:
        line = _document(line, pages, file_name, content_type)
    return line[: MAX_LENGTH - 1] + "…" if len(line) > MAX_LENGTH else line


def of_message(message: Message) -> str:
    """One line for a message as it is now, in the reader's language. Reads ``message.media``."""
    if message.revoked_at:
        return _("Deleted message")
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


def of_last_messages(conversations: Iterable[Conversation]) -> dict[int, str]:
    """The line of each conversation's last message in the reader's language, by conversation. One query, and none for a
    reader of English, whose lines are stored."""
    rows = list(conversations)
    lines = {row.pk: row.last_message_preview for row in rows}
    if translation.get_language() != STORED_LANGUAGE:
        last = [row.last_message_id for row in rows if row.last_message_kind != Kind.TEXT and row.last_message_id]
        messages = Message.objects.filter(pk__in=last).select_related("media").defer("media__excerpt") if last else ()
        lines |= {message.conversation_id: of_message(message) for message in messages}
    return lines


def _without_text(
    kind: str, payload: dict[str, Any], voice: bool, duration: float | None, error_code: int | None
) -> str:
    match kind:
        case Kind.IMAGE:
            return _("Photo")
        case Kind.VIDEO | Kind.AUDIO:
            return _recording(kind, voice, duration)
        case Kind.STICKER:
            return _("Sticker")
        case Kind.LOCATION:
            return _named(_("Location"), payload.get("name") or payload.get("address"))
        case Kind.CONTACTS:
            return _contacts(payload.get("contacts") or [])
        case Kind.BUTTON:
            return replies.line(payload, "")
        case Kind.ORDER:
            count = sum(quantity(item) for item in payload.get("items") or [])
            return ngettext("Order · %(count)d item", "Order · %(count)d items", count) % {"count": count}
        case Kind.CALL:
            return _call(payload)
        case Kind.SYSTEM:
            return system_lines.preview(payload)
        case Kind.UNSUPPORTED if error_code == UNAVAILABLE:
            return _("Message in the phone app")
        case Kind.UNSUPPORTED:
            return str(UNSUPPORTED.get(str(payload.get("type"))) or _("Unsupported message"))
        case Kind.TEMPLATE:
            return _named(_("Template"), payload.get("name"))
        case Kind.DOCUMENT | Kind.TEXT:
            return ""
        case _other:
            return _("Unknown kind of message")


def _named(kind: str, name: object) -> str:
    return " · ".join(filter(None, [kind, str(name or "")]))


def _recording(kind: str, voice: bool, duration: float | None) -> str:
    if duration is None:
        return _("Video") if kind == Kind.VIDEO else _("Voice") if voice else _("Audio")
    text = _("Video %(length)s") if kind == Kind.VIDEO else _("Voice %(length)s") if voice else _("Audio %(length)s")
    return text % {"length": clock(duration)}


def quantity(item: object) -> int:
    """How many of one product were ordered; 1 where that is missing or invalid."""
    told = item.get("quantity") if isinstance(item, dict) else None
    return told if isinstance(told, int) and 0 < told < 10**6 else 1


def card_name(card: dict[str, Any]) -> str:
    """The name on a contact card, otherwise its company or first phone number."""
    phones = [phone for phone in card.get("phones") or [] if isinstance(phone, dict)]
    first = str(phones[0].get("number") or "") if phones else ""
    return humanize.clean_name(str(card.get("name") or "")) or str(card.get("organization") or "") or first


def _contacts(contacts: list[dict[str, Any]]) -> str:
    if len(contacts) == 1:
        return _named(_("Contact"), card_name(contacts[0]))
    if not contacts:
        return _("Empty contact card")
    return ngettext("%(count)d contact", "%(count)d contacts", len(contacts)) % {"count": len(contacts)}


def _call(payload: dict[str, Any]) -> str:
    match payload.get("outcome"):
        case "answered" if payload.get("duration"):
            return _("Call %(length)s") % {"length": clock(payload["duration"])}
        case "rejected":
            return _("Declined call")
        case "ringing":
            return _("Call, ringing")
        case "missed":
            return _("Missed call")
        case "failed":
            return _("Failed call")
    return _("Call")


def _document(text: str, pages: int | None, file_name: str, content_type: str) -> str:
    kind = file_kind(content_type, file_name) or _("File")
    length = ngettext("%(count)d page", "%(count)d pages", pages) % {"count": pages} if pages else ""
    return " · ".join(filter(None, [kind, length, text or " ".join(file_name.split())]))
