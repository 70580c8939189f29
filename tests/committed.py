"""Empties the database after a test that commits, cheaper than Django does."""

from __future__ import annotations

from django.db import connections
from django.test import TransactionTestCase

#: What migrations wrote. Django would truncate the last two and write them again after every such test.
KEPT = ["django_migrations", "django_content_type", "auth_permission"]
#: The queue's tables, which Django does not manage: their foreign keys are checked at once, so in this order.
QUEUE = ["procrastinate_periodic_defers", "procrastinate_events", "procrastinate_jobs", "procrastinate_workers"]


def _empty_tables(self: TransactionTestCase) -> None:
    """Delete all rows, in one transaction. A tenth of the time of truncating fifty tables, most of which are empty."""
    for alias in self._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            names = [*QUEUE, *({name for (name,) in cursor} - {*QUEUE, *KEPT})]
            cursor.execute("".join(f'DELETE FROM "{name}";' for name in names))


TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]
