"""What connections to the database can do: directly, through PgBouncer, and where the database is read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from inbox.models import Probe
from inbox.operations.doctor import database_sessions
from tests.databases import Cluster, read_only
from tests.poolers import Pooler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def through() -> Iterator[Callable[[Pooler], None]]:
    """Let every connection go through a pooler, as with DATABASE_URL alone."""
    before = dict(connection.settings_dict)

    def use(pooler: Pooler) -> None:
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(pooler.port)}

    yield use
    connection.settings_dict |= before


class DirectTests:
    def test_it_works(self) -> None:
        assert database_sessions.faults() == []
        assert database_sessions.page_time_limit() is None

    def test_repeating_it_leaves_one_row(self) -> None:
        database_sessions.faults()
        first = Probe.objects.get().written_at
        database_sessions.faults()
        assert Probe.objects.get().written_at > first

    def test_a_read_only_database_is_named(self) -> None:
        with read_only():
            (found,) = database_sessions.faults()
        assert "read-only (default_transaction_read_only is on)" in found

    def test_a_database_that_hangs_is_not_waited_for(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        hanging = cluster.connect()
        with cluster.as_default():
            monkeypatch.setattr(database_sessions, "SECONDS", 0)
            monkeypatch.setattr(psycopg, "connect", lambda **_: hanging)
            cluster.freeze()
            with pytest.raises(psycopg.OperationalError, match="did not answer within 1 seconds"):
                database_sessions.faults()
        cluster.thaw()


class PoolerTests:
    def test_one_that_refuses_the_settings_of_connections_is_named(
        self, pooler: Callable[..., Pooler], through: Callable[[Pooler], None]
    ) -> None:
        through(pooler())
        (found,) = database_sessions.faults()
        assert "refuses the settings" in found
        assert "DATABASE_DIRECT_URL" in found

    def test_one_that_swallows_them_is_named(
        self, pooler: Callable[..., Pooler], through: Callable[[Pooler], None]
    ) -> None:
        through(pooler("extra_float_digits,options"))
        found = database_sessions.faults()
        assert len(found) == 2
        assert "loses prepared statements" in found[0]
        assert "LISTEN hears nothing" in found[1]
        assert all("DATABASE_DIRECT_URL" in one for one in found)

    def test_pages_may_use_it(self, pooler: Callable[..., Pooler], settings: Any) -> None:
        settings.PAGES_DATABASE = pooler().database
        assert database_sessions.faults() == []

    def test_one_that_is_away_is_named(self, pooler: Callable[..., Pooler], settings: Any) -> None:
        started = pooler()
        settings.PAGES_DATABASE = started.database
        started.stop()
        assert database_sessions.faults() == [database_sessions.POOLER_AWAY]

    def test_it_tells_the_time_limit_of_the_statements_of_pages(
        self, pooler: Callable[..., Pooler], settings: Any
    ) -> None:
        settings.PAGES_DATABASE = pooler().database
        assert database_sessions.page_time_limit() == "0"
