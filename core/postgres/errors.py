"""What database errors mean: the row is refused, or the database cannot be used now."""

from __future__ import annotations

import psycopg

#: The row itself is refused; the database and the connection are fine.
RowError = (psycopg.DataError, psycopg.IntegrityError)


class DatabaseAwayError(Exception):
    """The database cannot be reached, refuses to work, or did not answer in time. What was asked may have happened,
    unless it was ``unreachable``: then there was no connection to ask on."""

    def __init__(self, reason: str, *, unreachable: bool) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


def describe(error: BaseException) -> str:
    """A database error as a sentence for the log, without the detail in which PostgreSQL quotes rows."""
    if isinstance(error, DatabaseAwayError):
        return str(error)
    if isinstance(error, RowError):
        return f"SQLSTATE {error.sqlstate} {error.diag.constraint_name or ''}".strip()
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {primary or str(error).strip() or 'no reason given'}"


#: SQLSTATE of a server that ends, starts or has no connection left, and of one that takes no changes.
AWAY = frozenset({"57P01", "57P02", "57P03", "53300", "25006"})


def is_away(error: BaseException) -> bool:
    """Whether an error of Django's or psycopg's says that the database cannot be used now: it is not the statement's
    fault, and the same one may work later."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return False
    state = cause.sqlstate or ""
    if not state:
        # No answer from a server at all: no connection, or one that broke.
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return state in AWAY or state.startswith("08")
