"""Check values against the fields of a message template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from whatsapp import limits
from whatsapp.message_templates.form import Field, TemplateForm
from whatsapp.message_templates.reading import as_text, filled, named_values

#: Not allowed in values. Meta's refusal 132012 says "new-line/tab characters or more than 4 consecutive spaces";
#: four are refused here too, because Meta's pages have said both.
NOT_IN_VALUES = re.compile(r"[\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029]| {4,}")
#: Not allowed in URLs (RFC 3986). Letters outside of ASCII are encoded by the phone.
NOT_IN_URLS = re.compile(r"[\s<>\"{}|\\^`\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def check(form: TemplateForm, values: Mapping[str, Any], *, has_media: bool = True) -> dict[str, str]:
    """What is wrong with the values: sentences by field key; empty when the template can be sent with them.

    ``has_media``: there is a file for the header (`limits.refuse_file` checks it). The keys "header" and "body" also
    tell that the text is too long with all values filled in.
    """
    wrong = {field.key: _wrong(field, form, values, has_media) for field in form.fields}
    wrong = {key: sentence for key, sentence in wrong.items() if sentence}
    if wrong:
        return wrong
    for key, text, most in (
        ("header", form.header_text, limits.TEMPLATE_HEADER),
        ("body", form.body, form.body_most),
    ):
        length = len(filled(text, named_values(text, values.get(key))))
        if length > most:
            wrong[key] = _too_long(length, most)
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
        return "" if has_media else _("Choose the file for the header.")
    value = value_of(field, form, values)
    if not value.strip():
        return _("Fill this in.")
    if len(value) > field.most:
        return _too_long(len(value), field.most)
    if field.kind == "url_suffix" and NOT_IN_URLS.search(value):
        return _("Addresses can’t contain spaces, quotes or brackets.")
    if NOT_IN_VALUES.search(value):
        return _("WhatsApp doesn’t accept line breaks, tabs or four spaces in a row here.")
    if limits.UNSENDABLE.search(value):
        return _("This contains characters that WhatsApp can’t send.")
    return ""


def _too_long(length: int, most: int) -> str:
    limit, count = (number_format(number, force_grouping=True) for number in (most, length))
    return _("Use at most %(limit)s characters; this has %(count)s.") % {"limit": limit, "count": count}


def _wrong_place(place: object) -> str:
    if not isinstance(place, Mapping):
        return _("Choose the location for the header.")
    return limits.refuse_place(place.get("latitude"), place.get("longitude"))
