"""The work of the child: read one document and leave its text as JSON."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from core.sandbox import RefusalError
from inbox.media.sandboxed import document_text, gettext_noop
from inbox.media.sandboxed.document_text import CONTENTS_NAME, Full, Text

#: The module that reads each type; only that one is imported, before the lock.
READERS = {
    document_text.WORD: "word",
    document_text.EXCEL: "sheets",
    document_text.OLD_EXCEL: "sheets",
    document_text.OPEN_SHEET: "sheets",
    document_text.POWERPOINT: "slides",
    document_text.OPEN_SLIDES: "open_document",
    document_text.OPEN_TEXT: "open_document",
    document_text.EMAIL: "email_message",
    document_text.CARD: "contact_card",
}
NO_TEXT = gettext_noop("There is no text in this document.")


def prepare(content_type: str) -> None:
    """Import what reads this type; after the lock nothing can be imported."""
    _reader(content_type)


def read(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Read the document into CONTENTS_NAME in ``target``. Raises RefusalError when it has no text."""
    text = Text()
    try:
        _reader(content_type).read(source, text)
    except Full:
        text.cut = True
    text.parts = [part for part in text.parts if part["blocks"]]
    if not text.parts:
        raise RefusalError(NO_TEXT)
    contents = {"parts": text.parts, "cut": text.cut}
    (target / CONTENTS_NAME).write_text(json.dumps(contents, ensure_ascii=False), encoding="utf-8")
    return {"contents": True}


def _reader(content_type: str) -> Any:
    return importlib.import_module(f"inbox.media.sandboxed.document_text.{READERS[content_type]}")
