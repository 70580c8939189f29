"""A server on raw sockets that counts what reaches it and breaks the line where a test wants it broken."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable

#: What becomes of one connection: reads what it likes, answers what it likes; the line is closed when it returns.
Act = Callable[["Line"], None]


class Line:
    """One connection, as its server sees it."""

    def __init__(self, server: LineServer, connection: socket.socket) -> None:
        self._server, self._connection = server, connection
        self._left = b""

    def request(self) -> bytes:
        """Read one whole request and return its body; empty when the client is gone."""
        data = self._left
        while b"\r\n\r\n" not in data:
            chunk = self._connection.recv(65_536)
            if not chunk:
                return b""
            data += chunk
        head, _, data = data.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(found[1]) if found else 0
        while len(data) < length:
            chunk = self._connection.recv(65_536)
            if not chunk:
                return b""
            data += chunk
        self._left = data[length:]
        self._server.requests.append((head, data[:length]))
        return data[:length]

    def swallow(self) -> int:
        """Read one request without keeping it; returns the bytes of its body."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._connection.recv(1024)
        head, _, data = head.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        assert found is not None, "the length of an upload is said before it"
        seen, buffer = len(data), bytearray(1 << 20)
        while seen < int(found[1]):
            count = self._connection.recv_into(buffer)
            if not count:
                break
            seen += count
        self._server.requests.append((head, b""))
        return seen

    def answer(self, body: bytes, *, status: str = "200 OK", length: int | None = None) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
        self._connection.sendall(head.encode() + body)

    def glimpse(self) -> None:
        """Wait for the first byte of a request."""
        self._connection.recv(1)

    def reset(self) -> None:
        """End with a reset instead of a farewell."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def wait(self, seconds: float) -> None:
        """Read nothing for a while."""
        self._server.over.wait(seconds)

    def hold(self) -> None:
        """Say nothing until the test is over."""
        self._server.over.wait(20)


class LineServer:
    """Plays one act for each connection in turn, the last one for all others. ``requests`` has (head, body) of each."""

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self._closed = threading.Semaphore(0)
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> LineServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        # close() does not wake accept().
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def wait_until_closed(self, count: int) -> None:
        """Return when this many connections were closed from this side."""
        for _ in range(count):
            assert self._closed.acquire(timeout=10)

    def _serve(self) -> None:
        threads, connections = [], []
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                break
            act = self._acts[min(self.connections, len(self._acts) - 1)]
            self.connections += 1
            connections.append(connection)
            threads.append(threading.Thread(target=self._play, args=(act, connection), daemon=True))
            threads[-1].start()
        for open_connection in connections:
            # A client may keep its end for a next request.
            with contextlib.suppress(OSError):
                open_connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)

    def _play(self, act: Act, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the client may leave first
            act(Line(self, connection))
        self._closed.release()
