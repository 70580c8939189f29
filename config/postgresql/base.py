"""Django's PostgreSQL backend with a time limit for the server's answers."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from core.postgres.answer_limit import limit_waiting

#: Seconds for an idle connection to prove that it works, before a new one is opened.
USABLE_SECONDS = 3.0


class DatabaseWrapper(base.DatabaseWrapper):
    """ANSWER_SECONDS in the database's settings limits the wait for each answer; absent: no limit.

    statement_timeout doesn't help when PostgreSQL itself hangs: a frozen disk, a stopped process.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self._limit = None
        if seconds := self.settings_dict.get("ANSWER_SECONDS"):
            self._limit = limit_waiting(connection, seconds)
            # A pooler accepts connections even while the database hangs.
            with self._limit.at_most(USABLE_SECONDS):
                connection.execute("SELECT 1")
                connection.rollback()
        return connection

    def is_usable(self) -> bool:
        if self.connection is None or self._limit is None:
            return bool(super().is_usable())
        with self._limit.at_most(USABLE_SECONDS):
            return bool(super().is_usable())
