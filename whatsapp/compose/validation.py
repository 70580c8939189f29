"""Checks for the parts of a message, which raise ComposeError with a sentence for an agent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from whatsapp import limits

WEB_ADDRESS = re.compile(r"https?://[^\s<>\"\\^`{|}]{3,}", re.IGNORECASE)


class ComposeError(ValueError):
    """The message can't be sent as it is. The text is a sentence for an agent."""


def refuse(sentence: str) -> None:
    """Raise ComposeError with the answer of a ``refuse_`` function of `whatsapp.limits`, unless it is empty."""
    if sentence:
        raise ComposeError(sentence)


def text(field: str, part: Mapping[str, Any], key: str, most: int, *, required: bool = True) -> str:
    """The checked text under ``key``. ``field`` is its label ("Footer")."""
    value = part.get(key, "")
    if not isinstance(value, str):
        raise ComposeError(_("%(field)s: must be text.") % {"field": field})
    refuse(limits.refuse_length(field, value, most, required=required))
    return value


def line(field: str, part: Mapping[str, Any], key: str, most: int, *, required: bool = True) -> str:
    """`text` for what a phone shows on a single line: a button, a row."""
    value = text(field, part, key, most, required=required)
    if len(value.splitlines()) > 1:
        raise ComposeError(_("%(field)s: must be a single line.") % {"field": field})
    return value


def objects(field: str, value: object) -> list[dict[str, Any]]:
    """``value`` if it is a list of objects."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
        raise ComposeError(_("%(field)s: must be a list of objects.") % {"field": field})
    return list(value)


def distinct(sentence: str, values: Iterable[str]) -> None:
    """Refuse with ``sentence`` if two of the values are equal."""
    listed = list(values)
    if len(set(listed)) < len(listed):
        raise ComposeError(sentence)


def web_address(field: str, value: object) -> str:
    """``value`` if it is an address that WhatsApp can open."""
    if not isinstance(value, str) or not WEB_ADDRESS.fullmatch(value):
        raise ComposeError(
            _("%(field)s: enter an address that begins with https:// and has no spaces.") % {"field": field}
        )
    refuse(limits.refuse_length(field, value, limits.URL))
    return value
