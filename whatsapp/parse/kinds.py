"""The content of a message by kind: Meta's objects into text, payload and file as in whatsapp.events."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Callable
from typing import Any

from whatsapp.events import MEDIA_KINDS, Kind, RemoteMedia, UnreadableError
from whatsapp.parse import fields
from whatsapp.parse.clean_json import decode
from whatsapp.parse.fields import Leaf, mapping, objects, words

#: What a kind adds to a message: any of ``kind``, ``text``, ``payload``, ``media``.
Parts = dict[str, Any]

MAX_MEDIA_ID = 128
MAX_FILE_NAME = 1024
MAX_MIME_TYPE = 255


def sha256_hex(value: object) -> str:
    """Meta's digest as lower-case hex: base64 in webhooks, hex elsewhere (told apart by length); empty if malformed."""
    text = words(value).strip()
    if len(text) == 64:
        text = text.lower()
        return text if all(c in "0123456789abcdef" for c in text) else ""
    if len(text) in (43, 44):
        try:
            raw = base64.b64decode(
                text.rstrip("=") + "=", altchars=b"-_" if "-" in text or "_" in text else None, validate=True
            )
        except (binascii.Error, ValueError):
            return ""
        return raw.hex() if len(raw) == 32 else ""
    return ""


def remote_media(leaf: Leaf, *, voice: bool = False) -> RemoteMedia | None:
    """The file at Meta, None without an id: then there is nothing to download."""
    media_id = fields.identifier(leaf.get("id"), MAX_MEDIA_ID)
    if not media_id:
        return None
    return RemoteMedia(
        media_id=media_id,
        mime_type=_mime_type(leaf.get("mime_type")),
        sha256=sha256_hex(leaf.get("sha256")),
        url=words(leaf.get("url")),
        file_name=words(leaf.get("filename"))[:MAX_FILE_NAME],
        voice=voice or fields.flag(leaf.get("voice")),
        animated=fields.flag(leaf.get("animated")),
    )


def _mime_type(value: object) -> str:
    """The type without parameters, cut at whitespace: it may be used in a header."""
    found = words(value).partition(";")[0].split(maxsplit=1)
    return found[0].lower()[:MAX_MIME_TYPE] if found else ""


def _file(leaf: Leaf, key: str) -> Parts:
    part = mapping(leaf.get(key))
    return {"text": words(part.get("caption")), "media": remote_media(part)}


def _voice(leaf: Leaf, _key: str) -> Parts:
    return {"kind": Kind.AUDIO, "media": remote_media(mapping(leaf.get("voice")), voice=True)}


def _text(leaf: Leaf, _key: str) -> Parts:
    part = leaf.get("text")
    return {"text": words(part.get("body")) if isinstance(part, dict) else words(part)}


def _location(leaf: Leaf, _key: str) -> Parts:
    part = mapping(leaf.get("location"))
    payload: dict[str, Any] = {name: words(part.get(name)) for name in ("name", "address", "url") if part.get(name)}
    latitude, longitude = fields.number(part.get("latitude")), fields.number(part.get("longitude"))
    if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
        payload |= {"latitude": latitude, "longitude": longitude}
    return {"payload": payload}


def _contacts(leaf: Leaf, _key: str) -> Parts:
    return {"payload": {"contacts": [_card(card) for card in objects(leaf.get("contacts"))[:257]]}}


def _card(card: Leaf) -> dict[str, Any]:
    name = mapping(card.get("name"))
    parts = [words(name.get(part)) for part in ("prefix", "first_name", "middle_name", "last_name", "suffix")]
    addresses = [
        {
            "value": ", ".join(
                filter(None, [words(a.get(part)) for part in ("street", "zip", "city", "state", "country")])
            )
        }
        | {"label": words(a.get("type"))}
        for a in objects(card.get("addresses"))
    ]
    vcard = words(card.get("vcard"))  # the only content of a card that was shared by hand, besides its phones
    filled: dict[str, Any] = {
        "name": words(name.get("formatted_name")) or " ".join(filter(None, parts)) or _of_vcard(vcard, "FN"),
        "organization": words(mapping(card.get("org")).get("company")) or _of_vcard(vcard, "ORG"),
        "phones": [
            {
                "number": words(phone.get("phone")) or words(phone.get("wa_id")),
                "wa_id": fields.phone(phone.get("wa_id")),
                "label": words(phone.get("type")),
            }
            for phone in objects(card.get("phones"))
        ],
        "emails": _labelled(card, "emails", "email"),
        "urls": _labelled(card, "urls", "url"),
        "addresses": addresses,
        "birthday": words(card.get("birthday")),
    }
    return {key: value for key, value in filled.items() if value}


def _of_vcard(vcard: str, property: str) -> str:
    """The first value of a vCard property (RFC 6350). Lines may be folded and characters escaped; older phones write
    version 2.1 with quoted-printable names."""
    unfolded = re.sub(r"\r?\n[ \t]", "", vcard)
    found = re.search(rf"^(?:[\w-]+\.)?{property}(;[^:\r\n]*)?:(.*)$", unfolded, re.IGNORECASE | re.MULTILINE)
    if found is None:
        return ""
    value = found[2]
    if "QUOTED-PRINTABLE" in (found[1] or "").upper():
        value = _unquoted(unfolded[found.start(2) :])
    value = re.sub(r"(?<!\\);", ", ", value.strip().rstrip(";"))
    return re.sub(r"\\(.)", lambda sign: " " if sign[1] in "nN" else sign[1], value)


def _unquoted(lines: str) -> str:
    """The quoted-printable value that these lines begin with; "=" at the end of a line continues it."""
    value = re.sub(r"=\r?\n", "", lines).partition("\n")[0]
    return words(quopri.decodestring(value.encode()).decode(errors="replace"))


def _labelled(card: Leaf, key: str, part: str) -> list[dict[str, str]]:
    found = ({"value": words(item.get(part)), "label": words(item.get("type"))} for item in objects(card.get(key)))
    return [item for item in found if item["value"]]


def _interactive(leaf: Leaf, _key: str) -> Parts:
    part = mapping(leaf.get("interactive"))
    kind = words(part.get("type"))
    answer = mapping(part.get(kind))
    match kind:
        case "button_reply" | "list_reply":
            payload = _given(answer, "id", "title", "description") | {"type": kind}
        case "nfm_reply":
            payload = _given(answer, "name", "body") | {"type": kind, "answers": _answers(answer.get("response_json"))}
            body = payload.pop("body", "")
            # For a form it is WhatsApp's "Sent" in the customer's language; for an address its lines.
            payload["title"] = body if payload.get("name", "flow") != "flow" else ""
        case "call_permission_reply":
            # Our title: WhatsApp doesn't send the text of the pressed button.
            accepted = words(answer.get("response")) == "accept"
            title = "You may call me" if accepted else "Please do not call me"
            return {"payload": {"type": kind, "title": title, "answers": _pairs(answer)}}
        case "payment_method":
            payload = {"type": kind, "title": words(answer.get("payment_method")), "answers": _pairs(answer)}
            return {"payload": {key: value for key, value in payload.items() if value}}
        case "product":
            payload = {"type": kind, "catalog_id": words(answer.get("catalog_id"))}
            payload["product_id"] = words(answer.get("product_retailer_id"))
            text = words(mapping(part.get("body")).get("text"))
            return {"text": text, "payload": {key: value for key, value in payload.items() if value}}
        case "button" | "list" | "cta_url" | "flow" | "catalog_message" if isinstance(part.get("body"), dict):
            # Our own question, from Meta's AI agent or the phone app.
            return {"text": words(part["body"].get("text")), "payload": {"type": "other"}}
        case _:
            named = kind.replace("_", " ").capitalize()
            payload = {"type": "other", "title": words(answer.get("title")) or named, "answers": _pairs(answer)}
    return {"text": words(payload.get("title")), "payload": {key: value for key, value in payload.items() if value}}


def _given(part: Leaf, *keys: str) -> dict[str, Any]:
    return {key: words(part.get(key)) for key in keys if words(part.get(key))}


def _answers(value: object) -> list[dict[str, str]]:
    """A flow's answers: JSON inside a string, which may be malformed; then the text itself."""
    if not isinstance(value, str):
        return _pairs(mapping(value))
    try:
        document = decode(value)
    except UnreadableError:
        return [{"name": "", "value": value}] if value else []
    if isinstance(document, dict):
        return _pairs(document)
    return [{"name": "", "value": _flat(document)}] if document not in (None, "") else []


def _pairs(part: Leaf) -> list[dict[str, str]]:
    """The answers, without the token that only the flow's endpoint needs."""
    return [{"name": key, "value": _flat(value)} for key, value in part.items() if key != "flow_token"]


def _flat(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_flat(item)}" for key, item in value.items())
    return words(value)


def _template(leaf: Leaf, _key: str) -> Parts:
    """Our own message template, sent from the phone app or by Meta's AI agent: only its name, not its text."""
    part = mapping(leaf.get("template"))
    payload = _given(part, "name")
    language = part.get("language")
    code = words(language.get("code")) if isinstance(language, dict) else words(language)
    return {"payload": payload | ({"language": code} if code else {})}


def _button(leaf: Leaf, _key: str) -> Parts:
    part = mapping(leaf.get("button"))
    title = words(part.get("text"))
    return {"text": title, "payload": {"title": title, "payload": words(part.get("payload"))}}


def _order(leaf: Leaf, _key: str) -> Parts:
    part = mapping(leaf.get("order"))
    items = [
        {
            "product_id": words(item.get("product_retailer_id")),
            "quantity": fields.whole(item.get("quantity")) or 0,
            "price": words(item.get("item_price")),
            "currency": words(item.get("currency")),
        }
        for item in objects(part.get("product_items"))
    ]
    return {"text": words(part.get("text")), "payload": {"catalog_id": words(part.get("catalog_id")), "items": items}}


def _unsupported(leaf: Leaf, key: str) -> Parts:
    part = mapping(leaf.get("unsupported"))
    kind = words(part.get("type")) or words(leaf.get("unsupported_type"))
    if key not in ("unsupported", "unknown"):
        kind = kind or key
    return {"kind": Kind.UNSUPPORTED, "payload": {"type": kind}}


def _pin(leaf: Leaf, _key: str) -> Parts:
    """A message was pinned or unpinned in a group (``pin.type``)."""
    word = words(mapping(leaf.get("pin")).get("type"))
    return {"payload": {"type": "unpin" if word == "unpin" else "pin"}}


#: Meta's ``type`` → its reader. Anything else is an unknown kind.
READERS: dict[str, tuple[Kind, Callable[[Leaf, str], Parts]]] = {
    "text": (Kind.TEXT, _text),
    "image": (Kind.IMAGE, _file),
    "video": (Kind.VIDEO, _file),
    "audio": (Kind.AUDIO, _file),
    "voice": (Kind.AUDIO, _voice),  # only in old payloads
    "document": (Kind.DOCUMENT, _file),
    "sticker": (Kind.STICKER, _file),
    "location": (Kind.LOCATION, _location),
    "contacts": (Kind.CONTACTS, _contacts),
    "interactive": (Kind.INTERACTIVE, _interactive),
    "button": (Kind.BUTTON, _button),
    "order": (Kind.ORDER, _order),
    "template": (Kind.TEMPLATE, _template),
    "unsupported": (Kind.UNSUPPORTED, _unsupported),
    "unknown": (Kind.UNSUPPORTED, _unsupported),  # what unsupported was called before
    "ephemeral": (Kind.UNSUPPORTED, _unsupported),  # on-premises API only
    "pin": (Kind.UNSUPPORTED, _pin),  # in groups
    "media_placeholder": (Kind.UNSUPPORTED, _unsupported),  # history: the file comes later under the same id
}


def problem(leaf: Leaf) -> str:
    """Why a message lacks the content that it claims to have, as a sentence; empty when it doesn't.

    Such a message is kept, because somebody wrote it; an administrator has to look at what Meta sent.
    """
    word = words(leaf.get("type"))
    kind, _ = READERS.get(word, (Kind.UNKNOWN, None))
    part = leaf.get(word)
    if kind in (Kind.UNKNOWN, Kind.UNSUPPORTED):
        return ""
    if kind == Kind.CONTACTS:
        return "" if objects(part) else "“contacts” has no contact in it."
    if not isinstance(part, dict):
        return f"“{word}” is not an object."
    if kind == Kind.INTERACTIVE and not mapping(part.get(words(part.get("type")))) and not mapping(part.get("body")):
        return "“interactive” has no answer in it."
    if kind in MEDIA_KINDS and not fields.identifier(part.get("id"), MAX_MEDIA_ID):
        return f"“{word}” has no usable file id."
    if kind == Kind.TEXT and type(part.get("body")) is not str:
        return "“text” has no words in it."
    return ""


def read(leaf: Leaf) -> Parts:
    """``kind``, ``text``, ``payload`` and ``media`` of one message."""
    word = words(leaf.get("type"))
    parts: Parts = {"kind": Kind.UNKNOWN, "text": "", "payload": {}, "media": None}
    known = READERS.get(word)
    if known is None:
        return parts | {"payload": {"type": word[: fields.MAX_WORD]}}
    kind, reader = known
    return parts | {"kind": kind} | reader(leaf, word)
