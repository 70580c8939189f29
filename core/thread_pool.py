"""Threads for Django's synchronous code beside an event loop, which close their database connections."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class DjangoThreads(ThreadPoolExecutor):
    """A pool of ``threads`` threads; each keeps one connection per database. ``database`` overrides settings of the
    default database for these threads."""

    def __init__(self, threads: int, *, name: str, database: Mapping[str, Any] | None = None) -> None:
        self._databases: list[BaseDatabaseWrapper] = []
        self._settings = dict(database or {})
        super().__init__(threads, thread_name_prefix=name, initializer=self._register)

    def close(self) -> None:
        """Finish the calls in progress, cancel the waiting ones, then close the threads' database connections."""
        self.shutdown(cancel_futures=True)
        for database in self._databases:
            database.inc_thread_sharing()
            database.close()

    def _register(self) -> None:
        if self._settings:
            # A new dictionary: the existing one is shared by all threads.
            default = connections["default"]
            default.settings_dict = default.settings_dict | self._settings
        self._databases.extend(connections.all())
