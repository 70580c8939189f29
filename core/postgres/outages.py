"""Let long commands survive a database restart: wait and continue, or tell the user to run them again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, connection, connections

from core.postgres.errors import is_away

Result = TypeVar("Result")
#: Seconds to wait for the database, and between two attempts. A failover takes half a minute.
PATIENCE, EVERY = 600.0, 2.0
#: Outages that one command survives.
OUTAGES = 20
AGAIN = "Run the same command again: it goes on where it was, and what is here already stays as it is."


def outlast(act: Callable[[], Result], say: Callable[[str], None], *, repeatable: Callable[[], bool]) -> Result:
    """Call ``act``, and call it again when the database went away meanwhile. It must be safe to repeat.

    Raises CommandError with a sentence when the database stays away, or ``repeatable`` returns False.
    """
    for _ in range(OUTAGES):
        try:
            return act()
        except (DatabaseError, InterfaceError) as error:
            if not _is_away(error):
                raise
        connections.close_all()
        if not repeatable():
            raise CommandError(f"The database went away. {AGAIN}")
        say("The database went away. Waiting for it …")
        if not _is_back():
            raise CommandError(f"The database has been away for {PATIENCE / 60:.0f} minutes. {AGAIN}")
        say("The database is back; going on.")
    raise CommandError(f"The database goes away again and again. {AGAIN}")


def _is_away(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says so: cleaning up a lost connection raises errors of its own."""
    while error is not None:
        if is_away(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_back() -> bool:
    """Wait until the database accepts writes. False when it doesn't in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('transaction_read_only')")
                if cursor.fetchone()[0] == "off":
                    return True
        except (DatabaseError, InterfaceError):
            connections.close_all()
        time.sleep(EVERY)
    return False
