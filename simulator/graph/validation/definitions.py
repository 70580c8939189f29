"""Definitions of message templates: what Meta refuses when one is created or edited."""

from __future__ import annotations

import re
from typing import Any

from simulator.graph.validation.parts import objects, text
from simulator.network.errors import GraphError

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MEDIA_HEADERS = ("IMAGE", "VIDEO", "DOCUMENT")
#: Cards of a carousel (Meta "Media card carousel templates").
_FEWEST_CARDS, _MOST_CARDS = 2, 10


def check_definition(template: dict[str, Any]) -> None:
    """Refuse a name, a category, placeholders and carousels that Meta refuses (reference §13). Raises GraphError."""
    if not _NAME.fullmatch(str(template.get("name", ""))):
        raise _refused("The name of a template has lowercase letters, digits and underscores only.")
    category = str(template.get("category", "")).upper()
    if category not in CATEGORIES:
        raise _refused(f"Param category must be one of {{{', '.join(CATEGORIES)}}}.")
    named = str(template.get("parameter_format", "")).upper() == "NAMED"
    # The text of an authentication template is Meta's own.
    _check_components(template.get("components"), named=named, own_text=category != "AUTHENTICATION")


def check_cards(cards: Any, where: str) -> list[dict[str, Any]]:
    """The cards of a carousel, as many as Meta takes. Raises GraphError."""
    found = objects(cards, where)
    if not _FEWEST_CARDS <= len(found) <= _MOST_CARDS:
        raise _refused(f"{where}: A carousel has {_FEWEST_CARDS} to {_MOST_CARDS} cards; this has {len(found)}.")
    return found


def _check_components(components: Any, *, named: bool, own_text: bool) -> None:
    for component in objects(components, "components"):
        kind, example = text(component, "type").upper(), component.get("example")
        example = example if isinstance(example, dict) else {}
        if kind in ("HEADER", "BODY") and own_text:
            word = "body_text" if kind == "BODY" else "header_text"
            _check_text(kind, text(component, "text"), example, word, named=named)
        if (
            kind == "HEADER"
            and text(component, "format").upper() in _MEDIA_HEADERS
            and not example.get("header_handle")
        ):
            raise _refused("HEADER: An example of the file is missing (example['header_handle']).")
        if kind == "BUTTONS":
            for button in objects(component.get("buttons"), "buttons"):
                url = text(button, "url")
                if own_text and _PLACEHOLDER.search(url) and not button.get("example"):
                    raise _refused("BUTTONS: An example of the address is missing (button['example']).")
        if kind == "CAROUSEL":
            for card in check_cards(component.get("cards"), "CAROUSEL"):
                _check_components(card.get("components"), named=named, own_text=own_text)


def _check_text(kind: str, words: str, example: dict[str, Any], word: str, *, named: bool) -> None:
    names = list(dict.fromkeys(_PLACEHOLDER.findall(words)))
    if not names:
        return
    if named:
        given = {text(each, "param_name") for each in objects(example.get(f"{word}_named_params"), "example")}
        if any(name.isdigit() for name in names):
            raise _refused(f"{kind}: The placeholders of a template with named parameters have names, not numbers.")
        if not given >= set(names):
            raise _refused(f"{kind}: An example is missing for each placeholder (example['{word}_named_params']).")
        return
    if sorted(names, key=lambda name: (len(name), name)) != [str(place) for place in range(1, len(names) + 1)]:
        raise _refused(f"{kind}: Placeholders are numbered from {{{{1}}}} without gaps.")
    given_texts = example.get(word)
    if kind == "BODY" and isinstance(given_texts, list) and given_texts and isinstance(given_texts[0], list):
        given_texts = given_texts[0]
    if not isinstance(given_texts, list) or len(given_texts) < len(names):
        raise _refused(f"{kind}: An example is missing for each placeholder (example['{word}']).")


def _refused(details: str) -> GraphError:
    return GraphError(100, details, message="(#100) Invalid parameter")
