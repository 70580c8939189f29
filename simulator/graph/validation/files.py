"""The file that a message carries: which part names it, and what Meta asks of that part before it accepts the send."""

from __future__ import annotations

from typing import Any

from simulator import media
from simulator.graph.validation.parts import limit, missing, text, unexpected
from simulator.network.errors import GraphError
from simulator.network.exchange import Exchange
from simulator.network.world import Number

FILE_TYPES = ("audio", "document", "image", "sticker", "video")
#: Types of file that may stand above an interactive message or a message template.
HEADER_TYPES = ("image", "video", "document")
_CAPTION_LIMIT = 1024


def attached(kind: str, part: Any) -> tuple[str, dict[str, Any]] | None:
    """The file of a message of this kind that was checked: (image, video, …, the object with ``id`` or ``link``).

    It is the message's own, or stands in the header of an interactive message or template; None without one.
    """
    if not isinstance(part, dict):
        return None
    if kind in FILE_TYPES:
        return kind, part
    header: dict[str, Any] = {}
    if kind == "interactive":
        header = part.get("header") or {}
    elif kind == "template":
        given = [each for each in part.get("components") or [] if str(each.get("type", "")).lower() == "header"]
        header = (given[0].get("parameters") or [{}])[0] if given else {}
    word = text(header, "type").lower()
    return (word, header[word]) if word in HEADER_TYPES and isinstance(header.get(word), dict) else None


def check_file(exchange: Exchange, number: Number, kind: str, part: Any, *, name: str = "") -> None:
    """Refuse a file without exactly one of ``id`` and ``link``, an id that is not this number's or has expired, an
    address that is none, and a caption where none may be. ``name`` is how the part is called in the refusal."""
    name = name or kind
    if not isinstance(part, dict):
        raise missing(name)
    media_id, link = part.get("id"), part.get("link")
    if bool(media_id) == bool(link):
        raise missing(f"{name}['id'] or {name}['link'] (one of them)")
    if media_id:
        found = exchange.store.media(str(media_id))
        if found is None or not media.alive(exchange, found) or found.number_id != number.phone_number_id:
            details = f"The media id {media_id} does not exist for this number."
            raise GraphError(100, details, message="(#100) Invalid parameter")
    elif not str(link).startswith(("http://", "https://")):
        raise unexpected(f"Param {name}['link'] is not a valid URI.")
    caption = text(part, "caption")
    if caption and kind in ("audio", "sticker"):
        raise unexpected(f'Unexpected key "caption" on param "{name}".')
    if part.get("filename") and kind != "document":
        raise unexpected(f'Unexpected key "filename" on param "{name}".')
    if "voice" in part and (kind != "audio" or not isinstance(part["voice"], bool)):
        raise unexpected(f"Param {name}['voice'] must be a boolean of an audio message.")
    limit(f"{name}['caption']", caption, _CAPTION_LIMIT)
    limit(f"{name}['filename']", text(part, "filename"), 240)
