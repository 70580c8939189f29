"""A database connection for code that runs in the event loop: lazily opened, a deadline on every statement."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connections
from psycopg.abc import Query

#: The row itself is refused; the database and the connection are fine.
RowError = (psycopg.DataError, psycopg.IntegrityError)


class DatabaseAwayError(Exception):
    """The database cannot be reached, refuses to work, or did not answer in time. What was asked may have happened."""


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


class AsyncDatabase:
    """One connection for one task at a time. It opens at the first statement and again after every fault."""

    def __init__(self, *, application_name: str, session: str = "") -> None:
        self._application_name = application_name
        self._session = session
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._abandoned: set[asyncio.Task[None]] = set()

    async def execute(self, statement: Query, parameters: Sequence[Any] = (), *, within: float) -> None:
        """Run one statement in a transaction of its own; returning means committed.

        Raises one of ``RowError`` when the rows are at fault (nothing is written, the connection stays), and
        DatabaseAwayError for everything else, at the latest ``within`` seconds after the call, also when the server
        hangs. After DatabaseAwayError the outcome is unknown.
        """
        attempt = asyncio.get_running_loop().create_task(self._attempt(statement, parameters))
        try:
            done, _ = await asyncio.wait({attempt}, timeout=within)
        except asyncio.CancelledError:
            self._abandon(attempt)
            raise
        if not done:
            self._abandon(attempt)
            raise DatabaseAwayError(f"The database did not answer within {within:.1f} s.")
        error = attempt.exception()
        if error is None:
            return
        if isinstance(error, RowError):
            raise error
        raise DatabaseAwayError(f"{type(error).__name__}: {str(error).strip()}") from error

    async def close(self) -> None:
        """Close the connection. Safe to repeat; the next statement opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _attempt(self, statement: Query, parameters: Sequence[Any]) -> None:
        connection = self._connection
        if connection is not None and _hung_up(connection):
            await self.close()
            connection = None
        if connection is None:
            connection = self._connection = await psycopg.AsyncConnection.connect(
                **connection_parameters(application_name=self._application_name, session=self._session)
            )
        try:
            await connection.execute(statement, parameters, prepare=True)
        except RowError:
            raise
        except BaseException:
            if self._connection is connection:
                self._connection = None
            await connection.close()
            raise

    def _abandon(self, attempt: asyncio.Task[None]) -> None:
        """Stop waiting for an attempt without waiting for its end: psycopg's own cancelling may take ten seconds."""
        connection, self._connection = self._connection, None
        self._abandoned.add(attempt)
        attempt.add_done_callback(self._forget)
        if connection is None:
            attempt.cancel()
            return
        # The descriptor stays open until psycopg has taken it out of the event loop; the peer is gone at once.
        with contextlib.suppress(psycopg.Error, OSError):
            duplicate = socket.socket(fileno=os.dup(connection.fileno()))
            with duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)

    def _forget(self, attempt: asyncio.Task[None]) -> None:
        self._abandoned.discard(attempt)
        if not attempt.cancelled():
            attempt.exception()  # Read, or asyncio complains; its caller was answered long ago.


def _hung_up(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server said something while nobody asked: a restart announces itself so, and then hangs up."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
