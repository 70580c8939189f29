"""One item as DynamoDB writes it ({"phone": {"S": "351…"}}), from any source, and its plain values."""

from __future__ import annotations

import base64
import binascii
import decimal
import json
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer

#: An item is at most 400 KB, nested at most 32 levels deep (DynamoDB's own limits).
MAX_DEPTH = 32


class UnreadableItemError(ValueError):
    """An item is not what DynamoDB writes. The text is a sentence."""


@dataclass(slots=True)
class Record:
    """One line of a source: ``image`` is the item in typed JSON, None when there is none to have.

    ``line`` is what could not be read as JSON; ``keys`` what is known of an item that was deleted without an image.
    ``written_at`` is DynamoDB's time of the write in microseconds, 0 when the source does not tell.
    """

    image: Any = None
    written_at: int = 0
    deleted: bool = False
    line: bytes = b""
    keys: Any = field(default=None)

    @property
    def raw(self) -> bytes:
        """The item as ASCII JSON, or the line as it was."""
        return self.line or dumped(self.image if self.image is not None else self.keys)


def dumped(image: Any) -> bytes:
    """Typed JSON as text that is the same for the same item, whatever the order of its attributes."""
    return json.dumps(image, sort_keys=True, separators=(",", ":"), default=_binary).encode("ascii")


def _binary(value: object) -> str:
    """Binary attributes, which boto3 hands over decoded and files have in base64."""
    return base64.b64encode(bytes(value)).decode() if isinstance(value, bytes | bytearray) else str(value)


def plain(image: Any) -> dict[str, Any]:
    """The values of an item: text, Decimal, bool, None, list, dict, set, bytes. Raises UnreadableItemError."""
    if not isinstance(image, dict):
        raise UnreadableItemError("It is not an item: DynamoDB writes an object of typed values.")
    found = {}
    for name, value in image.items():
        try:
            found[name] = _DESERIALIZER.deserialize(_shallow(value))
        # A number that is none, base64 that is none, a list where text belongs: the library raises what comes.
        except (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise UnreadableItemError(f"Its attribute {name[:60]!r} is not written as DynamoDB writes one.") from error
    return found


def _shallow(value: Any, depth: int = 0) -> Any:
    """``value``, after a look at its nesting: hostile JSON can be deeper than Python recurses."""
    if depth > MAX_DEPTH * 2:
        raise ValueError("too deep")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _shallow(inner, depth + 1)
    return value


class _Deserializer(TypeDeserializer):
    """boto3's, for items in files too: there, binary values are base64 text."""

    def _deserialize_s(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("not text")
        return value

    def _deserialize_n(self, value: Any) -> decimal.Decimal:
        if not isinstance(value, str):
            raise TypeError("not a number in text")
        return decimal.Decimal(DYNAMODB_CONTEXT.create_decimal(value))

    def _deserialize_b(self, value: Any) -> bytes:
        if isinstance(value, bytes | bytearray):
            return bytes(value)
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error


_DESERIALIZER = _Deserializer()
