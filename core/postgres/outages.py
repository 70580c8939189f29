"""Long commands whose database restarts under them: they wait and go on, or say that they can be run again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, connection, connections

from core.postgres.errors import is_away

Result = TypeVar("Result")
#: Seconds that a database is waited for, and between two looks whether it is back. A failover takes half a minute.
PATIENCE, EVERY = 600.0, 2.0
#: Outages that one command outlasts.
OUTAGES = 20
AGAIN = "Run the same command again: it goes on where it was, and what is here already stays as it is."


def outlast(act: Callable[[], Result], say: Callable[[str], None], *, repeatable: Callable[[], bool]) -> Result:
    """Do ``act``, and do it again from its beginning where the database went away meanwhile. It must be safe to repeat.

    Raises CommandError with a sentence where the database stays away, or ``repeatable`` says no.
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
    """Cleaning up on a connection that is gone raises errors of its own, in front of the one that tells why."""
    while error is not None:
        if is_away(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_back() -> bool:
    """Wait until the database takes changes. False when it does not in time."""
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
