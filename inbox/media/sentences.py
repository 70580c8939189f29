"""Show in the reader's language what rows say about files in English: errors, and what a conversion changed."""

from __future__ import annotations

import re

from django.utils.translation import get_language, gettext

from inbox.media.sandboxed.conversion import CONVERTED, CONVERTED_TO_STICKER, CUT

#: Rows hold these with their values filled in.
TEMPLATES = (CONVERTED, CONVERTED_TO_STICKER, CUT)
PATTERNS = [(each, re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(each)))) for each in TEMPLATES]
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?]) ")


def shown(text: str) -> str:
    """``text`` of a row, translated as a whole or else sentence by sentence. What is unknown stays English."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    translated = gettext(text)
    if translated != text:
        return translated
    return " ".join(_sentence(sentence) for sentence in BETWEEN_SENTENCES.split(text))


def _sentence(sentence: str) -> str:
    for template, pattern in PATTERNS:
        if match := pattern.fullmatch(sentence):
            return gettext(template) % match.groupdict()
    return gettext(sentence)
