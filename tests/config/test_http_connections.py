"""Connections of slow and greedy clients: what they are told, and that they are cut off."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from config import http_connections
from tests.servers import WebServer, serve
from tests.webhooks import talk

HELLO = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def ask(server: WebServer, *sent: bytes) -> bytes:
    """Send parts of a request and return all that comes until the server hangs up."""
    return talk(server, b"".join(sent))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[WebServer]:
    """A server that waits for nobody."""
    for name in ("HEADER_SECONDS", "BODY_SECONDS", "UNREAD_SECONDS", "LOOK_EVERY"):
        monkeypatch.setattr(http_connections, name, 0.2)
    with serve() as server:
        yield server


class HeaderTests:
    def test_headers_that_are_too_large_are_refused(self, web_server: WebServer) -> None:
        for headers in (b"X-Long: " + b"x" * 40_000, b"X-Many: y\r\n" * 5_000, b"x" * 40_000 + b": y"):
            assert ask(web_server, HELLO, headers, b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")

    def test_an_address_that_is_too_long_is_refused(self, web_server: WebServer) -> None:
        answer = ask(web_server, b"GET /?q=" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 431 ")

    def test_headers_of_every_size_that_browsers_send_are_taken(self, web_server: WebServer) -> None:
        answer = requests.get(web_server.url + "/health/live", headers={"Cookie": "a=" + "x" * 16_000}, timeout=30)
        assert answer.status_code == 200

    def test_many_requests_of_one_connection_do_not_add_up(self, web_server: WebServer) -> None:
        with requests.Session() as browser:
            for _ in range(10):
                headers = {"X-Long": "x" * 10_000}
                assert browser.get(web_server.url + "/health/live", headers=headers, timeout=30).status_code == 200

    def test_headers_after_a_body_count_too(self, web_server: WebServer) -> None:
        trailers = b"0\r\n" + b"X-Many: y\r\n" * 5_000 + b"\r\n"
        head = (
            b"POST /csp-reports/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        ask(web_server, head, b"2\r\n{}\r\n", trailers)
        assert requests.get(web_server.url + "/health/live", timeout=30).status_code == 200


class LateTests:
    def test_headers_that_do_not_come_are_not_waited_for(self, hurried: WebServer) -> None:
        assert ask(hurried, HELLO).startswith(b"HTTP/1.1 408 ")

    def test_a_connection_that_says_nothing_is_closed(self, hurried: WebServer) -> None:
        assert ask(hurried, b"").startswith(b"HTTP/1.1 408 ")

    def test_blank_lines_do_not_keep_a_connection_open(self, hurried: WebServer) -> None:
        with socket.create_connection(("127.0.0.1", hurried.port), timeout=30) as line:
            line.sendall(HELLO + b"\r\n")
            answer = line.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            line.sendall(b"\r\n")  # ends the wait of five seconds after which uvicorn hangs up
            while part := line.recv(65536):
                answer += part
            assert b"HTTP/1.1 408 " in answer

    @pytest.mark.parametrize("path", ["/webhooks/meta/", "/live/", "/"])
    def test_a_body_that_does_not_come_is_not_waited_for(self, hurried: WebServer, path: str) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nX-Hub-Signature-256: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", hurried.port), timeout=30) as line:
            line.sendall(head.encode())
            try:
                while line.recv(4096):
                    pass
            except ConnectionResetError:
                pass  # cut off

    def test_an_answer_that_nobody_reads_is_cut_off(self, hurried: WebServer) -> None:
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.settimeout(30)
            line.connect(("127.0.0.1", hurried.port))
            ask = b"GET /static/css/tokens.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            # Answers pile up unread, more than the system buffers, until the server hangs up.
            with pytest.raises(ConnectionError):
                line.sendall(ask * 100_000)


class ProxyTests:
    def test_a_server_that_is_not_uvicorn_is_told_what_is_missing(self, caplog: pytest.LogCaptureFixture) -> None:
        async def receive() -> dict[str, str]:
            return {"type": "lifespan.startup"}

        http_connections.take_over(receive, None)
        assert "server_unknown" in caplog.text
