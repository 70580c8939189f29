"""The web process under floods, started as the manual says and with no proxy before it: it answers everybody else."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from django.conf import settings

from inbox.media.storage.local import SignedFileSystemStorage
from tests.servers import WebProcess, wait_until, web_process
from tests.webhooks import PATH, a_body, post
from whatsapp.models import Notification

MB = 1024 * 1024
THREADS = 4


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(PAGE_THREADS=str(THREADS), DATA_DIR=str(tmp_path), LOG_LEVEL="WARNING") as process:
        yield process


@pytest.fixture
def lines(server: WebProcess) -> Iterator[Lines]:
    with contextlib.ExitStack() as stack:
        yield Lines(server, stack)


class Lines:
    """Connections of a stranger, open until the test ends."""

    def __init__(self, server: WebProcess, stack: contextlib.ExitStack) -> None:
        self._server = server
        self._stack = stack

    def open(self, *, small: bool = False) -> socket.socket:
        line = socket.socket()
        self._stack.enter_context(line)
        if small:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(30)
        line.connect(("127.0.0.1", self._server.port))
        return line


def memory(server: WebProcess) -> int:
    return int(psutil.Process(server.running.pid).memory_info().rss)


def open_files(server: WebProcess, path: Path) -> int:
    found = psutil.Process(server.running.pid).open_files()
    return sum(1 for file in found if file.path == str(path))


def everybody_is_served(server: WebProcess) -> None:
    """A page and a webhook, from the same address."""
    assert requests.get(server.url + "/accounts/login/", timeout=30).status_code == 200
    before = Notification.objects.count()
    assert post(server, a_body()).status_code == 200
    assert Notification.objects.count() == before + 1


class FloodTests:
    def test_it_survives_a_hundred_bodies_that_never_end(self, server: WebProcess, lines: Lines) -> None:
        # With the cookie of the login page: without it Django refuses the request before it reads the body.
        head = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\n"
        head += f"Cookie: {settings.CSRF_COOKIE_NAME}={'x' * 32}\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
        slow = [lines.open() for _ in range(100)]
        for line in slow:
            line.sendall(head.encode())
        everybody_is_served(server)
        for line in slow:
            line.sendall(b"a")
        everybody_is_served(server)

    def test_it_survives_a_hundred_downloads_that_nobody_reads(
        self, server: WebProcess, lines: Lines, tmp_path: Path
    ) -> None:
        storage = SignedFileSystemStorage(location=str(tmp_path / "media"))
        film = tmp_path / "media" / "film.mp4"
        film.parent.mkdir(mode=0o700, exist_ok=True)
        film.write_bytes(bytes(range(256)) * 8 * 4096)
        address = storage.signed_url("film.mp4", content_type="video/mp4", disposition="inline", expires=300)
        before = memory(server)
        for _ in range(100):
            lines.open(small=True).sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        # Those that nobody reads are cut off after a while, on a slow machine before the last one has begun.
        wait_until(lambda: open_files(server, film) >= 10 * THREADS)
        everybody_is_served(server)
        assert requests.get(server.url + address, timeout=60).content == film.read_bytes()
        assert memory(server) - before < 100 * MB

    def test_it_survives_two_hundred_webhooks_that_hold_their_last_byte_back(
        self, server: WebProcess, lines: Lines
    ) -> None:
        head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {4 * MB}\r\n"
        head += f"X-Hub-Signature-256: sha256={'0' * 64}\r\n\r\n"
        body = bytes(4 * MB - 1)
        before = memory(server)

        def hold_back(line: socket.socket) -> None:
            with contextlib.suppress(OSError):  # refused while it was still sending
                line.sendall(head.encode() + body)

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(hold_back, [lines.open() for _ in range(200)]))
        # What is read of 200 refused bodies before their senders are cut off takes most of it; held are 32 MB. All the
        # bodies would be 800 MB.
        assert memory(server) - before < 300 * MB
        everybody_is_served(server)
        # From elsewhere there is room for a body that comes in many parts.
        large = a_body() + b" " * MB
        elsewhere = requests.Session()
        elsewhere.mount("http://", FromElsewhere())
        assert post(server, large, sender=elsewhere).status_code == 200

    @pytest.mark.parametrize("header", [b"X-Long: " + b"x" * 50 * MB, b"X-Many: y\r\n" * (5 * MB)])
    def test_it_survives_fifty_megabytes_of_headers(self, server: WebProcess, lines: Lines, header: bytes) -> None:
        before = memory(server)
        line = lines.open()
        with contextlib.suppress(OSError):  # cut off
            line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + b"\r\n\r\n")
        assert memory(server) - before < 30 * MB
        everybody_is_served(server)


class FromElsewhere(requests.adapters.HTTPAdapter):
    """Requests from another address of this machine."""

    def init_poolmanager(self, *arguments: object, **named: object) -> None:
        super().init_poolmanager(*arguments, source_address=("127.0.0.2", 0), **named)  # type: ignore[arg-type]
