"""How composing refuses: sentences for an agent, and the few ways in which a part is read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from whatsapp import limits


class ComposeError(ValueError):
    """The message cannot be sent as it is. The text is a sentence for an agent."""


def refuse(sentence: str) -> None:
    """Raise `ComposeError` with what a function of `whatsapp.limits` said; nothing when it said nothing."""
    if sentence:
        raise ComposeError(sentence)


def words(what: str, part: Mapping[str, Any], key: str, most: int, *, required: bool = True) -> str:
    """The text under ``key``, checked as ``what`` ("The footer"); empty when it may be missing and is."""
    value = part.get(key, "")
    if not isinstance(value, str):
        raise ComposeError(f"{what} has to be text.")
    refuse(limits.refuse_length(what, value, most, required=required))
    return value


def title(what: str, part: Mapping[str, Any], key: str, most: int, *, required: bool = True) -> str:
    """As `words`, for what a phone shows in one line: a button, a row."""
    value = words(what, part, key, most, required=required)
    if len(value.splitlines()) > 1:
        raise ComposeError(f"{what} is one line.")
    return value


def objects(what: str, value: object) -> list[dict[str, Any]]:
    """``value`` as a list of objects; refuses anything else as ``what`` ("The buttons")."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
        raise ComposeError(f"{what} are not in a form that can be sent.")
    return list(value)


def distinct(what: str, values: Iterable[str]) -> None:
    """Refuse values of which two are the same ("Two buttons have the same title.")."""
    listed = list(values)
    if len(set(listed)) < len(listed):
        raise ComposeError(f"Two {what}.")


def web_address(what: str, value: object) -> str:
    """``value`` if it is an address that WhatsApp opens."""
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s<>\"\\^`{|}]{3,}", value, re.IGNORECASE):
        raise ComposeError(f"{what} begins with https:// and has no spaces.")
    refuse(limits.refuse_length(what, value, limits.URL))
    return value
