"""Outgoing messages in Meta's JSON, for every provider. The only writer of it.

Whatever WhatsApp would refuse for its form raises a ComposeError here first. The payload of a message is stored on its
row, sent, and shown. By kind (`whatsapp.events` has those that customers send):

* text: ``preview_url`` (bool)
* image, video, audio, document, sticker: empty; the caption is the text
* location: ``latitude``, ``longitude`` (numbers), ``name``, ``address``
* contacts: ``contacts``: list of ``name``, ``organization``, ``phones`` (list of ``number``, ``wa_id``, ``label``),
  ``emails``, ``urls``, ``addresses`` (lists of ``value``, ``label``), ``birthday`` (YYYY-MM-DD)
* interactive: the body is the text; ``type`` is one of

  * buttons: ``buttons``: list of ``id``, ``title``
  * list: ``button``, ``sections``: list of ``title``, ``rows``: list of ``id``, ``title``, ``description``
  * link: ``display_text``, ``url``
  * location_request, contact_request: nothing more
  * flow: ``flow``: ``id`` or ``name``, ``cta``, ``token``, ``action`` ("navigate", "data_exchange"), ``screen``,
    ``data``, ``mode``

  with, where WhatsApp has them, ``footer`` and ``header``: ``{"type": "text", "text"}``, or ``{"type": "image" |
  "video" | "document"}`` for the message's file
* template: ``name``, ``language``, ``category``, ``parameter_format``, ``components`` (the definition as synced),
  ``values`` (see `whatsapp.message_templates`); the message's file is the header's

Missing parts are missing keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from whatsapp import limits, message_templates
from whatsapp.compose import cards
from whatsapp.compose.interactive import interactive
from whatsapp.compose.validation import ComposeError, refuse
from whatsapp.events import MEDIA_KINDS, Kind

__all__ = ["ComposeError", "Outgoing", "mark_read", "message", "reaction"]

#: What may be sent to a group (Meta "Groups API").
GROUP_KINDS = MEDIA_KINDS | {Kind.TEXT, Kind.TEMPLATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An outgoing message before it is written in Meta's JSON.

    ``to`` is a phone number with its plus ("+351…") and wins over ``user_id``, the business-scoped user id;
    ``group_id`` wins over both. ``media_id`` is what WhatsApp answered to the upload. ``callback_data`` comes back on
    every status.
    """

    kind: Kind
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    media_id: str = ""
    file_name: str = ""
    voice: bool = False
    animated: bool = False
    to: str = ""
    user_id: str = ""
    group_id: str = ""
    quoted_wamid: str = ""
    callback_data: str = ""


def message(outgoing: Outgoing) -> dict[str, Any]:
    """The JSON of one message. Raises ComposeError."""
    kind = outgoing.kind
    if outgoing.group_id and kind not in GROUP_KINDS:
        raise ComposeError(_("Groups accept only text, files and message templates."))
    sent = _addressed(outgoing.to, outgoing.user_id, outgoing.group_id, outgoing.callback_data)
    if outgoing.quoted_wamid:
        sent["context"] = {"message_id": outgoing.quoted_wamid}
    sent["type"] = kind.value
    if kind is Kind.TEXT:
        refuse(limits.refuse_text(kind, outgoing.text))
        sent["text"] = {"body": outgoing.text, "preview_url": bool(outgoing.payload.get("preview_url"))}
    elif kind in MEDIA_KINDS:
        sent[kind.value] = _file(outgoing)
    elif kind is Kind.LOCATION:
        sent["location"] = cards.location(outgoing.payload)
    elif kind is Kind.CONTACTS:
        sent["contacts"] = cards.contacts(outgoing.payload)
    elif kind is Kind.INTERACTIVE:
        sent["interactive"] = interactive(
            outgoing.payload, outgoing.text, media_id=outgoing.media_id, file_name=_file_name(outgoing)
        )
    elif kind is Kind.TEMPLATE:
        sent["template"] = _template(outgoing)
    else:
        raise ComposeError(_("Messages of this kind can’t be sent."))
    return sent


def reaction(
    *, to: str, user_id: str, group_id: str, target_wamid: str, emoji: str, callback_data: str = ""
) -> dict[str, Any]:
    """The JSON of a reaction; an empty emoji removes ours. Raises ComposeError.

    A target older than 30 days is refused later, by a status (131009). Reactions have no context.
    """
    refuse(limits.refuse_reaction(emoji))
    if not target_wamid:
        raise ComposeError(_("WhatsApp hasn’t confirmed this message yet. Try again in a moment."))
    sent = _addressed(to, user_id, group_id, callback_data)
    return sent | {"type": "reaction", "reaction": {"message_id": target_wamid, "emoji": emoji}}


def mark_read(wamid: str, *, typing: bool = False) -> dict[str, Any]:
    """The JSON that marks a customer's message and all before it as read; ``typing`` also shows "typing…"."""
    sent: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    return sent | ({"typing_indicator": {"type": "text"}} if typing else {})


def _addressed(to: str, user_id: str, group_id: str, callback_data: str) -> dict[str, Any]:
    """The fields that address a message. Without the plus, Meta would prefix a number with our own country code."""
    sent: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    if group_id:
        sent |= {"recipient_type": "group", "to": group_id}
    elif to:
        if not re.fullmatch(r"\+[1-9][0-9]{4,14}", to):
            raise ComposeError(_("WhatsApp can’t reach the customer’s phone number."))
        sent["to"] = to
    elif user_id:
        sent["recipient"] = user_id
    else:
        raise ComposeError(_("Neither a phone number nor a user ID of this customer is known."))
    if callback_data:
        refuse(limits.refuse_length(_("Callback data"), callback_data, limits.CALLBACK_DATA))
        sent["biz_opaque_callback_data"] = callback_data
    return sent


def _file(outgoing: Outgoing) -> dict[str, Any]:
    if not outgoing.media_id:
        raise ComposeError(_("The file hasn’t been uploaded to WhatsApp yet."))
    refuse(limits.refuse_text(outgoing.kind, outgoing.text))
    sent: dict[str, Any] = {"id": outgoing.media_id}
    if outgoing.text:
        sent["caption"] = outgoing.text
    if outgoing.kind is Kind.DOCUMENT:
        name = _file_name(outgoing)
        sent |= {"filename": name} if name else {}
    if outgoing.kind is Kind.AUDIO and outgoing.voice:
        sent["voice"] = True
    return sent


def _file_name(outgoing: Outgoing) -> str:
    """The name under which the customer sees a document: one line, short enough for any phone, its extension kept."""
    name = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", outgoing.file_name).split())
    if len(name) <= limits.FILE_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    kept = dot + suffix if stem and len(suffix) <= 10 else ""
    return name[: limits.FILE_NAME - len(kept)] + kept


def _template(outgoing: Outgoing) -> dict[str, Any]:
    payload = outgoing.payload
    name, language, components = payload.get("name"), payload.get("language"), payload.get("components")
    if not isinstance(name, str) or not name or not isinstance(language, str) or not language:
        raise ComposeError(_("Choose a message template and its language."))
    form = message_templates.parse(components, str(payload.get("parameter_format") or ""))
    refuse(form.refusal)
    by_phone = form.needs_phone or payload.get("category") == "AUTHENTICATION"
    if by_phone and not outgoing.to and not outgoing.group_id:
        raise ComposeError(
            _("This message template needs the customer’s phone number, but only their user ID is known.")
        )
    values = payload.get("values") or {}
    if not isinstance(values, dict):
        raise ComposeError(_("The values of the message template must be an object."))
    labels = {each.key: each.label for each in form.fields}
    for key, sentence in message_templates.check(form, values, has_media=bool(outgoing.media_id)).items():
        raise ComposeError(
            _("%(field)s: %(problem)s") % {"field": labels[key], "problem": sentence} if key in labels else sentence
        )
    sent: dict[str, Any] = {"name": name, "language": {"code": language}}
    parameters = message_templates.parameters(
        components,
        str(payload.get("parameter_format") or ""),
        values,
        media_id=outgoing.media_id,
        file_name=_file_name(outgoing),
    )
    return sent | ({"components": parameters} if parameters else {})
