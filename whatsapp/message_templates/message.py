"""What is sent for a message template and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whatsapp.message_templates.checking import value_of
from whatsapp.message_templates.form import TemplateForm, is_code_button, parse
from whatsapp.message_templates.reading import as_text, button_list, objects, word


def parameters(
    components: object, parameter_format: str, values: Mapping[str, Any], *, media_id: str = "", file_name: str = ""
) -> list[dict[str, Any]]:
    """The ``components`` of the message that is sent: the values where the definition asks for them, and no more.

    The values have passed `check`. Raises ValueError when the message template cannot be sent from here.
    """
    form = parse(components, parameter_format)
    if form.refusal:
        raise ValueError(form.refusal)
    sent: list[dict[str, Any]] = []
    header = _media(form, media_id, file_name) or _place(form, values) or _texts(form, "header", values)
    if header:
        sent.append({"type": "header", "parameters": header})
    body = _texts(form, "body", values)
    if body:
        sent.append({"type": "body", "parameters": body})
    for index, button in enumerate(button_list(objects(components))):
        found = _button(form, index, button, values)
        if found:
            sent.append({"type": "button", "index": str(index)} | found)
    return sent


def _media(form: TemplateForm, media_id: str, file_name: str) -> list[dict[str, Any]]:
    kind = form.media_kind
    if not kind:
        return []
    # The phone shows a document under this name.
    name = {"filename": file_name} if kind == "document" and file_name else {}
    return [{"type": kind, kind: {"id": media_id} | name}]


def _place(form: TemplateForm, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    place = values.get("header")
    if form.header != "LOCATION" or not isinstance(place, Mapping):
        return []
    # Meta's examples write the numbers of this one as text.
    return [{"type": "location", "location": {name: as_text(value) for name, value in place.items() if name in _PLACE}}]


_PLACE = ("latitude", "longitude", "name", "address")


def _texts(form: TemplateForm, place: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": value_of(field, form, values)} | ({"parameter_name": field.name} if form.named else {})
        for field in form.fields
        if field.place == place and field.kind == "text"
    ]


def _button(form: TemplateForm, index: int, button: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The sub_type and parameters of a button; empty for one that may not be named at all, as it needs nothing."""
    if is_code_button(button):
        code = value_of(next(field for field in form.fields if field.place == "body"), form, values)
        return {"sub_type": "url", "parameters": [{"type": "text", "text": code}]}
    if word(button.get("type")) == "FLOW":
        # Refused with 131009 when it is not named (juspay/clairvoyance#1128, 9 Sep 2026); its token is optional.
        return {"sub_type": "flow"}
    for field in form.fields:
        if field.place == "button" and field.name == str(index):
            value = value_of(field, form, values)
            if field.kind == "copy_code":
                return {"sub_type": "copy_code", "parameters": [{"type": "coupon_code", "coupon_code": value}]}
            return {"sub_type": "url", "parameters": [{"type": "text", "text": value}]}
    return {}
