"""The real web process for tests: config.asgi under uvicorn, on a free port of the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import pytest
import requests
import uvicorn
from django.db import connection, connections

from whatsapp.webhooks import group_commit

ROOT = Path(__file__).resolve().parent.parent


class WebServer:
    """A running server. ``url`` is its origin, without a slash at the end: http://127.0.0.1:40123."""

    def __init__(self) -> None:
        from config.asgi import Application

        self.application = Application()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            self.application, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive())
        if not self._server.started:
            raise RuntimeError("The test server did not start; its log says why.")

    @property
    def requests_in_progress(self) -> int:
        return len(self._server.server_state.tasks)

    def stop(self) -> None:
        """Stop as on SIGTERM and wait for the end. Safe to repeat."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self.application.end_streams)
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()
        if self._thread.is_alive():
            raise RuntimeError("The test server did not stop within 20 s.")

    def _run(self) -> None:
        # uvicorn leaves so when the application refuses to start.
        with (
            contextlib.suppress(SystemExit),
            asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner,
        ):
            self._loop = runner.get_loop()
            runner.run(self._server.serve(sockets=[self._socket]))


def wait_until(claim: Callable[[], object], seconds: float = 60) -> None:
    """Return once ``claim`` is true, for things that happen in another thread. Fails when it stays false."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"It did not happen within {seconds} s."
        time.sleep(0.01)


def in_own_connection(act: Callable[..., object], *args: object) -> None:
    """For a thread of a test: nobody else would close its connection to the database."""
    try:
        act(*args)
    finally:
        connections.close_all()


@contextmanager
def serve(*, patience: float = 60) -> Iterator[WebServer]:
    """A server with the settings as they are now; tests that change settings use this instead of ``web_server``.

    ``patience``: seconds that a webhook waits for the database before it is refused. A busy machine is slow, and only
    tests of a database that is away are about the product's own deadline.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(group_commit, "PATIENCE", patience)
        server = WebServer()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def web_server(transactional_db: None) -> Iterator[WebServer]:
    """The real server on the test database: ``requests.get(web_server.url + "/accounts/login/")``."""
    with serve() as server:
        yield server


class WebProcess:
    """The web process as docs/deployment.md starts it. ``url`` is its origin."""

    def __init__(self, port: int, running: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.running = running
        self._output = output

    def log(self) -> bytes:
        self._output.seek(0)
        return self._output.read()

    def answers(self) -> bool:
        try:
            return requests.get(self.url + "/webhooks/meta/", timeout=5).status_code == 403
        except requests.RequestException:
            return False


def documented_command(port: int) -> list[str]:
    """The command of the manual's systemd unit, on another port."""
    manual = (ROOT / "docs" / "deployment.md").read_text()
    found = re.search(r"^ExecStart=\S+/uvicorn (config\.asgi:application .*)$", manual, re.MULTILINE)
    assert found, "docs/deployment.md does not say how to start the web process."
    arguments = shlex.split(found[1])
    arguments[arguments.index("--port") + 1] = str(port)
    return [sys.executable, "-m", "uvicorn", *arguments]


@contextmanager
def web_process(**environment: str) -> Iterator[WebProcess]:
    """The web process as an operator starts it, on the test database. ``environment`` are settings."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    database = connection.settings_dict
    place = urlencode({"host": database["HOST"], "port": database["PORT"]})
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?{place}",
    } | environment
    # Not a pipe: nobody reads it while the test runs, and a full one would stop the server.
    with tempfile.TemporaryFile() as output:
        running = subprocess.Popen(
            documented_command(port), cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
        process = WebProcess(port, running, output)
        try:
            wait_until(lambda: running.poll() is not None or process.answers())
            yield process
        finally:
            running.kill()
            running.wait()
