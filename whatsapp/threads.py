"""Threads for Django's synchronous code beside an event loop, which leave no database connection behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class DjangoThreads(ThreadPoolExecutor):
    """A pool of ``threads`` threads; each keeps one connection per database, as Django's settings say."""

    def __init__(self, threads: int, *, name: str) -> None:
        self._databases: list[BaseDatabaseWrapper] = []
        super().__init__(threads, thread_name_prefix=name, initializer=self._register)

    def close(self) -> None:
        """Let the calls in progress finish, forget those that wait, then close the threads' database connections."""
        self.shutdown(cancel_futures=True)
        for database in self._databases:
            database.inc_thread_sharing()
            database.close()

    def _register(self) -> None:
        self._databases.extend(connections.all())
