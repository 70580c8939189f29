"""What Meta checks before it accepts a message: required parts, lengths, types, template parameters."""

from __future__ import annotations

import re
from typing import Any

from simulator.graph.validation.files import FILE_TYPES, check_file
from simulator.graph.validation.interactive import check_interactive
from simulator.graph.validation.parts import invalid, limit, missing, text, unexpected
from simulator.network.exchange import Exchange
from simulator.network.world import Number

TYPES = (
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
)
#: A country code, for members of an enrolled business ENT, and up to 128 letters and digits (reference: BSUID).
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


def check(exchange: Exchange, number: Number, body: dict[str, Any]) -> str:
    """Raise GraphError as Meta would refuse this message at once; return its type.

    A message template is checked as far as it names one; `templates.find` checks the rest.
    """
    _envelope(body)
    kind = str(body.get("type") or "text").lower()
    if kind not in TYPES:
        listed = ", ".join(word.upper() for word in TYPES)
        raise unexpected(f'Param type must be one of {{{listed}}} - got "{kind}".')
    part = body.get(kind)
    if kind == "contacts":
        _contacts(part)
    elif not isinstance(part, dict):
        raise missing(kind)
    elif kind in FILE_TYPES:
        check_file(exchange, number, kind, part)
    elif kind == "interactive":
        check_interactive(exchange, number, part)
    else:
        _CHECKS[kind](part)
    return kind


def _envelope(body: dict[str, Any]) -> None:
    """What is the same for every type."""
    if body.get("messaging_product") != "whatsapp":
        raise unexpected("The parameter messaging_product is required.")
    if not body.get("to") and not body.get("recipient"):
        raise unexpected("The parameter to is required.")
    if body.get("recipient") and not body.get("to") and not _USER_ID.fullmatch(str(body["recipient"])):
        raise invalid("recipient is not a business-scoped user id.")
    if body.get("recipient_type", "individual") not in ("individual", "group"):
        raise unexpected("Param recipient_type must be one of {individual, group}")
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        raise unexpected("Param biz_opaque_callback_data must be at most 512 characters long.")
    context = body.get("context")
    if context is not None and not text(context, "message_id"):
        raise missing("context.message_id")
    if context is not None and body.get("type") == "reaction":
        raise unexpected('Unexpected key "context" on a message of type reaction.')


def _plain(part: dict[str, Any]) -> None:
    if not text(part, "body").strip():
        raise unexpected("The parameter text['body'] is required.")
    limit("text['body']", part["body"], 4096)
    if not isinstance(part.get("preview_url", False), bool):
        raise unexpected("Param text['preview_url'] must be a boolean.")


def _location(part: dict[str, Any]) -> None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(part[name])
        except KeyError:
            raise missing(f"location['{name}']") from None
        except (TypeError, ValueError):
            raise invalid(f"location['{name}'] is not a number.") from None
        if not -most <= value <= most:
            raise invalid(f"location['{name}'] is out of range.")


def _contacts(part: Any) -> None:
    if not isinstance(part, list) or not part:
        raise missing("contacts")
    if len(part) > 257:
        raise invalid("A message has at most 257 contacts.")
    for entry in part:
        if not text(entry.get("name") if isinstance(entry, dict) else None, "formatted_name"):
            raise missing("contacts['name']['formatted_name']")
        for name in ("phones", "emails", "addresses", "urls"):
            known = entry.get(name, [])
            if not isinstance(known, list) or not all(isinstance(each, dict) for each in known):
                raise unexpected(f"Param contacts['{name}'] must be an array of objects.")


def _reaction(part: dict[str, Any]) -> None:
    if not text(part, "message_id"):
        raise missing("reaction['message_id']")
    emoji = part.get("emoji")
    if not isinstance(emoji, str):
        raise missing("reaction['emoji']")
    # One emoji can be a dozen code points (flags, families, skin tones), and never has a letter in it.
    if len(emoji) > 32 or any(character.isalpha() or character.isspace() for character in emoji):
        raise invalid("reaction['emoji'] is not an emoji.")


def _template_reference(part: dict[str, Any]) -> None:
    if not text(part, "name"):
        raise missing("template['name']")
    if not text(part.get("language"), "code"):
        raise missing("template['language']['code']")


_CHECKS = {
    "text": _plain,
    "location": _location,
    "reaction": _reaction,
    "template": _template_reference,
}
