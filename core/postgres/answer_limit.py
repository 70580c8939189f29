"""A time limit for waiting for the database server's answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg


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
    """End every wait for an answer on this connection after ``seconds`` with an OperationalError, and close the
    connection. The server's own limits don't help when the server hangs."""
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
