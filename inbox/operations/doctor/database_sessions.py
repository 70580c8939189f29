"""Tries over real connections what the product needs of its database: a write, LISTEN and prepared statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from django.conf import settings
from django.db import connections

from core.postgres.answer_limit import limit_waiting
from core.postgres.async_connection import connection_parameters

#: Seconds that one statement may take, here and on the server.
SECONDS = 2
WRITE: LiteralString = """
    INSERT INTO inbox_probe (name, written_at) VALUES ('write', now())
    ON CONFLICT (name) DO UPDATE SET written_at = excluded.written_at
"""
DIRECT = "Set DATABASE_DIRECT_URL to PostgreSQL itself; pages may keep using the pooler."
POOLER_AWAY = "Pages cannot reach the database through the pooler that DATABASE_URL names; everything else can."
#: Connections bring settings of their own, such as a time limit for statements.
REFUSING_POOLER = f"The address leads to a pooler (PgBouncer) that refuses the settings of our connections. {DIRECT}"


def faults() -> list[str]:
    """Sentences about what does not work; empty when everything does. Safe to repeat: it writes the same row.

    Raises psycopg.Error when there is no connection at all, or it does not answer.
    """
    try:
        with _connected(_door()) as door:
            return _tried(door)
    except psycopg.OperationalError as error:
        if not is_refusing_pooler(error):
            raise
        return [REFUSING_POOLER]


def _tried(door: psycopg.Connection[Any]) -> list[str]:
    # The second connection holds a transaction open meanwhile: a pooler in transaction mode then gives the first one
    # another session than before. Where pages use a pooler, it is one of theirs, so that their NOTIFY is tried too.
    pooled = _page()
    try:
        with _connected(pooled or _door()) as page:
            return [*_shared(door, page), *_written(door)]
    except psycopg.OperationalError:
        if pooled is None:
            raise
        return [POOLER_AWAY, *_written(door)]


def _shared(door: psycopg.Connection[Any], page: psycopg.Connection[Any]) -> list[str]:
    """Whether the one hears the other, and keeps its session and what was prepared in it."""
    before = _one(door, "SELECT pg_backend_pid()")
    channel = f"inbox_probe_{uuid.uuid4().hex}"
    door.execute(f"LISTEN {channel}".encode())
    door.execute("SELECT %s::int", [1], prepare=True)
    page.execute("BEGIN")
    page.execute("SELECT pg_notify(%s, '')", [channel])
    found = _prepared(door, before)
    page.execute("COMMIT")
    return found + _heard(door)


def is_refusing_pooler(error: Exception) -> bool:
    """Whether a connection failed because PgBouncer, and not PostgreSQL, answered it."""
    return "unsupported startup parameter" in str(error)


def page_time_limit() -> str | None:
    """How long a page's statement may run, in PostgreSQL's words ("30s", "0": for ever); None without a pooler."""
    parameters = _page()
    if parameters is None:
        return None
    with _connected(parameters) as page:
        return str(_one(page, "SHOW statement_timeout"))


def _prepared(door: psycopg.Connection[Any], before: int) -> list[str]:
    """Whether the session is still the same one, with what was prepared in it."""
    try:
        door.execute("SELECT %s::int", [1], prepare=True)
        if _one(door, "SELECT pg_backend_pid()") == before:
            return []
    except psycopg.errors.InvalidSqlStatementName:
        pass  # prepared in another session
    what = "The webhook endpoint reaches a pooler in transaction mode, which loses prepared statements and LISTEN."
    return [f"{what} {DIRECT}"]


def _heard(door: psycopg.Connection[Any]) -> list[str]:
    if any(door.notifies(timeout=SECONDS, stop_after=1)):
        return []
    what = "LISTEN hears nothing, so live updates and jobs would wait: it has to reach PostgreSQL without a pooler."
    return [f"{what} {DIRECT}"]


def _written(door: psycopg.Connection[Any]) -> list[str]:
    try:
        door.execute(WRITE)
    except psycopg.errors.ReadOnlySqlTransaction:
        standby = _one(door, "SELECT pg_is_in_recovery()")
        why = "it is a standby" if standby else "default_transaction_read_only is on"
        return [
            f"The database is read-only ({why}), so nothing can be received or sent. Name the primary; with several "
            "hosts in the address add target_session_attrs=read-write."
        ]
    except psycopg.errors.UndefinedTable:
        return ["The database lacks tables: run `manage.py migrate`."]
    except psycopg.errors.DiskFull:
        return ["The database's disk is full, so nothing can be received or sent."]
    return []


def _door() -> dict[str, Any]:
    """As the webhook endpoint connects."""
    return connection_parameters(application_name="inbox probe", session=f"-c statement_timeout={SECONDS}s")


def _page() -> dict[str, Any] | None:
    """As pages connect, where that is through a pooler."""
    if "HOST" not in settings.PAGES_DATABASE:
        return None
    pages = connections["default"].copy("pages")
    pages.settings_dict |= settings.PAGES_DATABASE
    parameters = pages.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return parameters | {"autocommit": True, "prepare_threshold": None}


@contextmanager
def _connected(parameters: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**parameters) as connection:
        limit_waiting(connection, SECONDS + 1)
        yield connection


def _one(connection: psycopg.Connection[Any], statement: LiteralString) -> Any:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
