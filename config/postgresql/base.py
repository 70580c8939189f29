"""The database backend: Django's own, except that a database which hangs is not waited for without end."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from core.postgres.answer_limit import limit_waiting

#: Seconds that an idle connection may take to say that it still works, before a new one is opened in its place.
USABLE_SECONDS = 3.0


class DatabaseWrapper(base.DatabaseWrapper):
    """ANSWER_SECONDS in the database's settings is the longest wait for the answer to one statement; absent: no limit.

    PostgreSQL's own statement_timeout does not help where PostgreSQL itself hangs: a frozen disk, a stopped process.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self._limit = None
        if seconds := self.settings_dict.get("ANSWER_SECONDS"):
            self._limit = limit_waiting(connection, seconds)
            # A pooler takes connections while the database behind it hangs.
            with self._limit.at_most(USABLE_SECONDS):
                connection.execute("SELECT 1")
                connection.rollback()
        return connection

    def is_usable(self) -> bool:
        if self.connection is None or self._limit is None:
            return bool(super().is_usable())
        with self._limit.at_most(USABLE_SECONDS):
            return bool(super().is_usable())
