"""Classify database errors: the row is refused, or the database is unavailable."""

from __future__ import annotations

import psycopg

#: The row is refused; the database and the connection are fine.
RowError = (psycopg.DataError, psycopg.IntegrityError)


class DatabaseAwayError(Exception):
    """The database can't be reached, refuses to work, or didn't answer in time. The statement may have been executed,
    unless ``unreachable``: then there was no connection."""

    def __init__(self, reason: str, *, unreachable: bool) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


def describe(error: BaseException) -> str:
    """A database error as a sentence for the log, without the detail, which quotes rows."""
    if isinstance(error, DatabaseAwayError):
        return str(error)
    if isinstance(error, RowError):
        return f"SQLSTATE {error.sqlstate} {error.diag.constraint_name or ''}".strip()
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {primary or str(error).strip() or 'no reason given'}"


#: SQLSTATE of a server that stops, starts, has no connection left, or is read-only.
AWAY = frozenset({"57P01", "57P02", "57P03", "53300", "25006"})


def is_away(error: BaseException) -> bool:
    """Whether an error of Django's or psycopg's means that the database is unavailable: the same statement may work
    later."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return False
    state = cause.sqlstate or ""
    if not state:
        # No SQLSTATE: no connection, or a broken one.
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return state in AWAY or state.startswith("08")
