"""Threads for Django's synchronous code beside an event loop, which leave no database connection behind."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class DjangoThreads(ThreadPoolExecutor):
    """A pool of ``threads`` threads; each keeps one connection per database, as Django's settings say, except for what
    ``database`` (settings of a database) says otherwise."""

    def __init__(self, threads: int, *, name: str, database: Mapping[str, Any] | None = None) -> None:
        self._databases: list[BaseDatabaseWrapper] = []
        self._settings = dict(database or {})
        super().__init__(threads, thread_name_prefix=name, initializer=self._register)

    def close(self) -> None:
        """Let the calls in progress finish, forget those that wait, then close the threads' database connections."""
        self.shutdown(cancel_futures=True)
        for database in self._databases:
            database.inc_thread_sharing()
            database.close()

    def _register(self) -> None:
        if self._settings:
            # A new dictionary: the one that is there belongs to every thread.
            default = connections["default"]
            default.settings_dict = default.settings_dict | self._settings
        self._databases.extend(connections.all())
