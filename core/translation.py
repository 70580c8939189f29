"""gettext for sentences that a page shows dozens of times: each is looked up once per process and language."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.utils import translation


@lru_cache(maxsize=4096)
def _translated(message: str, _language: str | None) -> str:
    return translation.gettext(message)


def translator() -> Callable[[str], str]:
    """gettext() for as long as the language of now stays: for a whole template, which asks dozens of times."""
    language = translation.get_language()
    return lambda message: _translated(message, language)


def gettext(message: str) -> str:
    """The sentence in the language of now. Only for sentences of our own code, of which there is a limited number."""
    return _translated(message, translation.get_language())
