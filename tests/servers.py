"""The real web process for tests: config.asgi under uvicorn, on a free port of the loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn


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
        for _ in range(1000):
            if self._server.started:
                return
            self._thread.join(0.01)
            if not self._thread.is_alive():
                break
        raise RuntimeError("The test server did not start; its log says why.")

    def stop(self) -> None:
        """Stop as on SIGTERM and wait for the end."""
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()
        if self._thread.is_alive():
            raise RuntimeError("The test server did not stop within 20 s.")

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))


@pytest.fixture
def web_server(transactional_db: None) -> Iterator[WebServer]:
    """The real server on the test database: ``requests.get(web_server.url + "/accounts/login/")``."""
    server = WebServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
