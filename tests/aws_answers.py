"""What stands where AWS would: a server on the loopback that gives the answers it was told to give."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class AwsAt:
    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, Any]] = []


@contextmanager
def aws_at(answers: list[tuple[int, Any]]) -> Iterator[AwsAt]:
    """A server on the loopback that gives these answers, one after the other."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            given.requests.append((self.path, json.loads(body)))
            status, answer = answers.pop(0)
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    given = AwsAt(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield given
    finally:
        server.shutdown()
        server.server_close()
