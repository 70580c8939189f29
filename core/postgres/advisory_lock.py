"""PostgreSQL advisory locks: only one of something at a time, on any process or machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def only_one(lock: int, otherwise: Exception) -> Iterator[None]:
    """Hold ``lock`` during the block; raises ``otherwise`` if somebody else holds it. A lost connection releases it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
        if not cursor.fetchone()[0]:
            raise otherwise
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])
