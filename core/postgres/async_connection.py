"""A database connection for code in the event loop: opened when first used, a deadline on every statement."""

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

from core.postgres.errors import DatabaseAwayError, RowError, describe


def connection_parameters(*, application_name: str, session: str = "") -> dict[str, Any]:
    """psycopg parameters of Django's default database as it is now (tests rename it), in autocommit.

    ``session`` holds server settings for this connection, as ``-c name=value`` options.
    """
    parameters = connections["default"].get_connection_params()
    # Django's own cursors and adapters belong to its synchronous connections.
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters["application_name"] = application_name
    parameters["options"] = f"{parameters.get('options', '')} {session}".strip()
    return parameters | {"autocommit": True}


class AsyncDatabase:
    """One connection, used by one task at a time. Opened at the first statement and again after every error."""

    def __init__(self, *, application_name: str, session: str = "") -> None:
        self._application_name = application_name
        self._session = session
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def execute(self, statement: str, parameters: Sequence[Any] = (), *, within: float) -> tuple[Any, ...] | None:
        """Run one statement in its own transaction; returning means committed. Returns the first row, if any.

        Raises one of ``RowError`` when the rows are refused (nothing is written, the connection stays open), and
        DatabaseAwayError for everything else, at most ``within`` seconds after the call, even when the server hangs.
        After DatabaseAwayError the outcome is unknown.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        connection = None
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self.connected()
            # Cancelling through psycopg may take ten seconds; closing the connection works at once.
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
        """The open connection, or a new one when there is none or the server ended it."""
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
    """Shut down a connection: whoever waits for its answer gets an error now."""
    # On a duplicate descriptor: closing psycopg's own would pull it from under the event loop. Without a descriptor it
    # is closed already.
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


def _ended(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server sent something unasked: it announces a restart, then disconnects."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
