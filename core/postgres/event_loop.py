"""A database connection for code that runs in the event loop: lazily opened, a deadline on every statement."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from django.db import connections

#: The row itself is refused; the database and the connection are fine.
RowError = (psycopg.DataError, psycopg.IntegrityError)


class DatabaseAwayError(Exception):
    """The database cannot be reached, refuses to work, or did not answer in time. What was asked may have happened,
    unless it was ``unreachable``: then there was no connection to ask on."""

    def __init__(self, reason: str, *, unreachable: bool) -> None:
        super().__init__(reason)
        self.unreachable = unreachable


def connection_parameters(*, application_name: str, session: str = "") -> dict[str, Any]:
    """psycopg parameters of Django's default database as it is now (tests rename it), in autocommit.

    ``session`` holds server settings for this connection, as ``-c name=value`` words.
    """
    parameters = connections["default"].get_connection_params()
    # Django's own cursors and adapters belong to its synchronous connections.
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters["application_name"] = application_name
    parameters["options"] = f"{parameters.get('options', '')} {session}".strip()
    return parameters | {"autocommit": True}


def describe(error: BaseException) -> str:
    """A database error as a sentence for the log, without the detail in which PostgreSQL quotes rows."""
    if isinstance(error, DatabaseAwayError):
        return str(error)
    if isinstance(error, RowError):
        return f"SQLSTATE {error.sqlstate} {error.diag.constraint_name or ''}".strip()
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__}: {primary or str(error).strip() or 'no reason given'}"


class AsyncDatabase:
    """One connection for one task at a time. It opens at the first statement and again after every fault."""

    def __init__(self, *, application_name: str, session: str = "") -> None:
        self._application_name = application_name
        self._session = session
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def execute(self, statement: str, parameters: Sequence[Any] = (), *, within: float) -> tuple[Any, ...] | None:
        """Run one statement in a transaction of its own; returning means committed. Gives its first row, if any.

        Raises one of ``RowError`` when the rows are at fault (nothing is written, the connection stays), and
        DatabaseAwayError for everything else, at the latest ``within`` seconds after the call, also when the server
        hangs. After DatabaseAwayError the outcome is unknown.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        connection = None
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self.connected()
            # psycopg's own way to cancel a statement may take ten seconds; a connection that is cut ends at once.
            cut = loop.call_at(deadline, hang_up, connection)
            try:
                cursor = await connection.execute(statement.encode(), parameters, prepare=True)
                return await cursor.fetchone() if cursor.description else None
            finally:
                cut.cancel()
        except RowError:
            raise
        except (psycopg.Error, OSError) as error:
            await self.close()
            late = f"It did not answer within {within:.1f} s. " if loop.time() >= deadline else ""
            raise DatabaseAwayError(late + describe(error), unreachable=connection is None) from error

    async def connected(self) -> psycopg.AsyncConnection[Any]:
        """The open connection, or a new one where there is none or the server ended it meanwhile."""
        if self._connection is not None and _ended(self._connection):
            await self.close()
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                **connection_parameters(application_name=self._application_name, session=self._session)
            )
        return self._connection

    async def close(self) -> None:
        """Close the connection. Safe to repeat; the next statement opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def hang_up(connection: psycopg.AsyncConnection[Any]) -> None:
    """Cut the wire under a connection: whoever waits for its answer gets an error now."""
    # A second descriptor: closing psycopg's own would pull it from under the event loop. No descriptor: closed already.
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


def _ended(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server said something while nobody asked: a restart announces itself so, and then hangs up."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


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


class WaitingLimit:
    """The longest wait for an answer on one connection, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    @contextlib.contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """A shorter limit for the block."""
        before, self.seconds = self.seconds, min(seconds, self.seconds)
        try:
            yield
        finally:
            self.seconds = before


def limit_waiting(connection: psycopg.Connection[Any], seconds: float) -> WaitingLimit:
    """Let every wait for an answer on this connection end after ``seconds`` with an OperationalError, which closes the
    connection. The server's own limits do not help where the server itself hangs."""
    wait, limit = connection.wait, WaitingLimit(seconds)

    def limited(generator: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return wait(generator, interval=interval, timeout=limit.seconds if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:
                raise
            connection.pgconn.finish()
            raise psycopg.OperationalError(f"The database did not answer within {limit.seconds:.0f} seconds.") from None

    connection.wait = limited  # type: ignore[method-assign, assignment]
    return limit
