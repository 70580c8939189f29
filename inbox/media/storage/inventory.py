"""Everything that lies in a storage, as a temporary table: compared with rows by PostgreSQL, never held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import sql

from inbox.media.storage import MediaStorage

#: key, size in bytes, and when it was written. Sorted by bytes, so that a prefix is a range of the index.
CREATE = """
CREATE TEMP TABLE {table} (key text COLLATE "C" PRIMARY KEY, size bigint NOT NULL, modified timestamptz NOT NULL)
"""
PROGRESS_EVERY = 10_000


@contextmanager
def unhurried() -> Iterator[None]:
    """No statement timeout for this connection: statements over millions of rows take longer than a page may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', '0', false)")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, false)", [before])


@contextmanager
def listed(
    storage: MediaStorage, table: str = "stored_object", progress: Callable[[int], None] = lambda _: None
) -> Iterator[int]:
    """The temporary table ``table`` with every object of ``storage``, for the block; gives how many there are.

    ``progress`` is told the count now and then. Raises StorageError. Must not run inside a transaction that is to stay
    short: a listing of a million keys takes minutes.
    """
    name = sql.Identifier(table)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{table}").format(table=name))
        cursor.execute(sql.SQL(CREATE).format(table=name))
        try:
            count = 0
            copied = sql.SQL("COPY {table} (key, size, modified) FROM STDIN").format(table=name)
            with cursor.copy(copied) as copy:
                for item in storage.objects():
                    copy.write_row((item.key, item.size, item.modified))
                    count += 1
                    if count % PROGRESS_EVERY == 0:
                        progress(count)
            cursor.execute(sql.SQL("ANALYZE {table}").format(table=name))
            yield count
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{table}").format(table=name))
