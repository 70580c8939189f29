"""Whether values fit what a message template asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from whatsapp import limits
from whatsapp.message_templates.form import Field, TemplateForm
from whatsapp.message_templates.reading import as_text, filled, named_values

#: What a value may not hold. Meta's refusal 132012 says "new-line/tab characters or more than 4 consecutive spaces";
#: four are refused here as well, because Meta's pages have said both.
NOT_IN_VALUES = re.compile(r"[\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029]| {4,}")
#: Letters, digits and what else a URL may hold (RFC 3986); other letters are encoded by the phone.
NOT_IN_URLS = re.compile(r"[\s<>\"{}|\\^`\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def check(form: TemplateForm, values: Mapping[str, Any], *, has_media: bool = True) -> dict[str, str]:
    """What is wrong with the values: a sentence by field key; empty when the message template may be sent with them.

    ``has_media``: a file for the header is there (`limits.refuse_file` says whether it is a right one). The key
    "header" or "body" also says what is wrong with the whole of it, once every value is in place.
    """
    wrong = {field.key: _wrong(field, form, values, has_media) for field in form.fields}
    wrong = {key: sentence for key, sentence in wrong.items() if sentence}
    if wrong:
        return wrong
    for key, what, text, most in (
        ("header", "The header with its values", form.header_text, limits.TEMPLATE_HEADER),
        ("body", "The text with its values", form.body, form.body_most),
    ):
        length = len(filled(text, named_values(text, values.get(key))))
        if length > most:
            wrong[key] = f"{what} may have {most:,} characters; it has {length:,}."
    return wrong


def value_of(field: Field, form: TemplateForm, values: Mapping[str, Any]) -> str:
    """The value of a field that is text; empty when it is missing."""
    if field.place == "button":
        buttons = values.get("buttons")
        return as_text(buttons.get(field.name)) if isinstance(buttons, Mapping) else ""
    given = values.get(field.place)
    if isinstance(given, Mapping):
        return as_text(given.get(field.name))
    names = [each.name for each in form.fields if each.place == field.place]
    position = names.index(field.name)
    return as_text(given[position]) if isinstance(given, list | tuple) and position < len(given) else ""


def _wrong(field: Field, form: TemplateForm, values: Mapping[str, Any], has_media: bool) -> str:
    if field.kind == "location":
        return _wrong_place(values.get("header"))
    if field.place == "header" and field.kind != "text":
        return "" if has_media else f"Choose the {field.label.lower()} that the message template shows."
    value = value_of(field, form, values)
    if not value.strip():
        return "Fill this in."
    if len(value) > field.most:
        return f"This may have {field.most:,} characters; it has {len(value):,}."
    if field.kind == "url_suffix" and NOT_IN_URLS.search(value):
        return "The end of an address cannot have spaces, quotes or brackets in it."
    if NOT_IN_VALUES.search(value):
        return "WhatsApp takes no line breaks, tabs or four spaces in a row here."
    if re.search(r"[\x00\ud800-\udfff]", value):
        return "This holds characters that WhatsApp cannot carry."
    return ""


def _wrong_place(place: object) -> str:
    if not isinstance(place, Mapping):
        return "Choose the place that the message template shows."
    return limits.refuse_place(place.get("latitude"), place.get("longitude"))
