"""Read a definition tolerantly: it comes from Meta, which adds to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: At most 100 characters, so that no number in one is too long to be read.
PLACEHOLDER = re.compile(r"\{\{\s{0,10}([A-Za-z0-9_]{1,100})\s{0,10}\}\}")


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in a text, each once: numbers in their order, names as they first appear."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    return sorted(names, key=int) if names and all(name.isdecimal() for name in names) else names


#: Where a sentence ends; a full stop within a number or an address ends none.
SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|\n+")
#: Characters of a sentence that are shown on either side of a placeholder.
AROUND = 40


def sentence_around(text: str, name: str) -> str:
    """The sentence in which this placeholder first stands: ``___`` in its place, ``…`` in that of the others."""
    for sentence in SENTENCE_END.split(text):
        found = next((match for match in PLACEHOLDER.finditer(sentence) if match[1] == name), None)
        if found:
            before, after = (
                PLACEHOLDER.sub("…", part) for part in (sentence[: found.start()], sentence[found.end() :])
            )
            before = before if len(before) <= AROUND else "… " + before[-AROUND:].partition(" ")[2]
            after = after if len(after) <= AROUND else after[:AROUND].rpartition(" ")[0] + " …"
            return " ".join(f"{before}___{after}".split())
    return ""


def named_values(text: str, given: object) -> dict[str, str]:
    """Values by the name of their placeholder in ``text``: an object names them, a list fills them in order."""
    names = placeholders(text)
    if isinstance(given, Mapping):
        return {name: as_text(given[name]) for name in names if as_text(given.get(name))}
    if isinstance(given, list | tuple):
        return {name: as_text(value) for name, value in zip(names, given, strict=False) if as_text(value)}
    return {}


def filled(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its placeholders filled; those without a value stay as they are written."""
    # One pass, so that a value with braces is never taken for a placeholder.
    return PLACEHOLDER.sub(lambda match: values.get(match[1]) or match[0], text)


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list, without anything else in it."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def component(parts: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The component of this type; empty when there is none. Meta writes types in capitals, copies often do not."""
    return next((part for part in parts if word(part.get("type")) == kind), {})


def button_list(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buttons under the message, in their order: an index in it is what Meta calls a button's index."""
    return objects(component(parts, "BUTTONS").get("buttons"))


def word(value: object) -> str:
    """A keyword of Meta's in capitals; empty for anything but text."""
    return value.strip().upper() if isinstance(value, str) else ""


def as_text(value: object) -> str:
    """Text or a number as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)
