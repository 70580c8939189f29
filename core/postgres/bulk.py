"""Statements that read or write many rows at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from core.postgres.cursors import binary_cursor

Row = dict[str, Any]


def _default(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        # An integer of more than 64 bits, which jsonb accepts.
        text = json.dumps(value, default=_default, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def run(statement: str, rows: Iterable[Row], *parameters: Any) -> list[tuple[Any, ...]]:
    """Execute ``statement``, whose first parameter is ``rows`` as one JSON array for jsonb_to_recordset.

    One statement, one parameter and one plan for any number of rows. Returns the statement's rows. Does nothing when
    there are no rows.
    """
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return []
    with binary_cursor() as cursor:
        cursor.execute(statement, (Jsonb(rows, dumps=_dumps), *parameters))  # type: ignore[arg-type]  # psycopg adapts it
        return list(cursor.fetchall()) if cursor.description else []


def fetch(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Execute ``statement`` and return its rows."""
    with binary_cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def new_ids(table: str, count: int) -> Sequence[int]:
    """Reserve ``count`` primary keys of ``table``, so that rows that reference each other can be written together."""
    if not count:
        return []
    ids = fetch("SELECT nextval(%s::text::regclass) FROM generate_series(1, %s)", f"{table}_id_seq", count)
    return [row[0] for row in ids]
