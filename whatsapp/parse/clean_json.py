"""Bytes into clean JSON: strict as RFC 8259, and without what PostgreSQL refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from whatsapp.events import UnreadableError

#: Meta nests about ten levels. Deeper JSON would make `json.dumps`, PostgreSQL or a template recurse too deep.
MAX_DEPTH = 64

REPLACEMENT = "�"


def read(body: bytes) -> dict[str, Any]:
    """The JSON object in a notification's body, all strings and keys clean for PostgreSQL.

    Of duplicate keys the last one counts. Raises UnreadableError, whose text never quotes the body.
    """
    try:
        # json.loads(bytes) would guess UTF-16 and UTF-32, and accept lone surrogates in UTF-8.
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"The body is not UTF-8 text (byte {error.start}).") from error
    document = decode(text)
    if not isinstance(document, dict):
        raise UnreadableError("The body is JSON, but not an object.")
    return document


def decode(text: str) -> Any:
    """Strict, clean JSON, from bodies and from JSON inside strings. Raises UnreadableError."""
    if text.startswith("\ufeff"):
        raise UnreadableError("The text starts with a byte order mark, which JSON does not allow.")
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"The text is not JSON: {error.msg} at character {error.pos}.") from error
    except RecursionError as error:
        raise UnreadableError(_TOO_DEEP) from error
    except ValueError as error:  # an integer beyond Python's limit of 4,300 digits
        raise UnreadableError("The text holds a number with too many digits.") from error
    if text.count("{") + text.count("[") > MAX_DEPTH and _deeper_than(document, MAX_DEPTH):
        raise UnreadableError(_TOO_DEEP)
    return cleaned(document) if _may_be_dirty(text) else document


def clean(text: str) -> str:
    """``text`` with U+FFFD for each NUL and each lone surrogate, which PostgreSQL refuses."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def cleaned(document: Any) -> Any:
    """The document with clean strings, changed in place, without recursion."""
    root = [document]
    pending: list[Any] = [root]
    children: Iterable[tuple[Any, Any]]
    while pending:
        node = pending.pop()
        if type(node) is dict:
            if not all(_is_clean(key) for key in node):
                items = [(clean(key), child) for key, child in node.items()]
                node.clear()
                node.update(items)
            children = node.items()
        else:
            children = enumerate(node)
        for key, child in children:
            kind = type(child)
            if kind is str:
                if not _is_clean(child):
                    node[key] = clean(child)  # an existing key: the size doesn't change, so iterating is safe
            elif kind is dict or kind is list:
                pending.append(child)
    return root[0]


def _is_clean(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return clean(text) is text


def _may_be_dirty(text: str) -> bool:
    """NUL and lone surrogates can only come from escapes: strict JSON refuses raw NUL, strict UTF-8 raw surrogates.

    Most bodies have neither; those with emoji have the second, as Meta escapes all non-ASCII characters.
    """
    return "\\u0000" in text or "\\ud" in text or "\\uD" in text


def _deeper_than(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _refuse_constant(literal: str) -> Any:
    raise UnreadableError(f"The text holds {literal}, which JSON does not know.")


def _finite(literal: str) -> float | str:
    """A float; out of range (1e400) it stays text, because JSON has no infinity."""
    number = float(literal)
    return number if math.isfinite(number) else literal


_TOO_DEEP = f"The text nests more than {MAX_DEPTH} levels deep."
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
