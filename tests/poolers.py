"""Debian's PgBouncer in transaction mode, in front of the database of a test."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.servers import wait_until

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIGURATION = """
[databases]
{name} = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
ignore_startup_parameters = {ignored}
"""


class Pooler:
    """A running PgBouncer. ``database`` is what Django's settings of a database say differently to use it, ``url`` the
    same as an address."""

    def __init__(self, folder: Path, database: dict[str, Any], ignored: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._server = database
        configuration = folder / f"{self.port}.ini"
        configuration.write_text(
            CONFIGURATION.format(
                name=database["NAME"],
                host=database["HOST"],
                port=database["PORT"],
                user=database["USER"],
                listen_port=self.port,
                ignored=ignored,
            )
        )
        configuration.chmod(0o644)
        # It refuses to run as root; the database's own user may open the database's socket.
        user = ["--user", Path(database["HOST"]).owner()] if getpass.getuser() == "root" else []
        self._log = (folder / f"{self.port}.log").open("wb")
        self._process = subprocess.Popen(
            [str(PGBOUNCER), *user, str(configuration)], stdout=self._log, stderr=subprocess.STDOUT
        )
        wait_until(self._listens)

    @property
    def database(self) -> dict[str, Any]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DISABLE_SERVER_SIDE_CURSORS": True,
            "OPTIONS": {"connect_timeout": 2, "application_name": "inbox"},
        }

    @property
    def url(self) -> str:
        return f"postgres://{self._server['USER']}@127.0.0.1:{self.port}/{self._server['NAME']}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _listens(self) -> bool:
        assert self._process.poll() is None, Path(self._log.name).read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def pooler(transactional_db: None) -> Iterator[Callable[..., Pooler]]:
    """``pooler()`` starts one; ``ignored`` names the start parameters that it swallows instead of refusing them."""
    if PGBOUNCER is None:
        if os.environ.get("REQUIRE_PGBOUNCER"):
            pytest.fail("Debian's package pgbouncer is missing: apt-get install pgbouncer")
        pytest.skip("These tests need Debian's package pgbouncer: apt-get install pgbouncer")
    started: list[Pooler] = []
    with tempfile.TemporaryDirectory(prefix="inbox-pooler-") as directory:
        Path(directory).chmod(0o755)

        def start(ignored: str = "extra_float_digits") -> Pooler:
            started.append(Pooler(Path(directory), dict(connection.settings_dict), ignored))
            return started[-1]

        yield start
        for one in started:
            one.stop()
