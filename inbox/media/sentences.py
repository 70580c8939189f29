"""Show in the reader's language what rows say about files in English: errors, and what a conversion changed."""

from __future__ import annotations

import re

from django.utils.translation import get_language, gettext

from inbox.media.sandboxed.conversion import CONVERTED, CONVERTED_TO_STICKER, CUT
from inbox.media.sandboxed.document_text import PAGE, SLIDE
from inbox.media.storage import DISK_FAILED, REFUSED

#: Rows hold these with their values filled in.
TEMPLATES = (CONVERTED, CONVERTED_TO_STICKER, CUT, DISK_FAILED, PAGE, REFUSED, SLIDE)
PATTERNS = [(each, re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(each)))) for each in TEMPLATES]
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?]) ")


def shown(text: str) -> str:
    """``text`` of a row, translated as a whole or else sentence by sentence. What is unknown stays English."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    whole = _translated(text)
    return whole if whole != text else " ".join(map(_translated, BETWEEN_SENTENCES.split(text)))


def _translated(text: str) -> str:
    for template, pattern in PATTERNS:
        if match := pattern.fullmatch(text):
            return gettext(template) % match.groupdict()
    return gettext(text)
