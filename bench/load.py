"""A load generator of its own process that spends little: prebuilt signed webhooks over keep-alive connections.

    python -m bench.load PORT --path /webhooks/meta/ --connections 64 --seconds 4 --requests 60000

It prints "ready" when the requests are built, starts when it reads a line, and prints one line of JSON at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import itertools
import json
import os
import random
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

SECRET = "bench-app-secret"


def bodies(start: int = 0) -> Iterator[bytes]:
    """Distinct webhook bodies of 844 bytes: one text message each, from a thousand customers, with a fresh wamid."""
    # The run's mark keeps ids of two generators, and of two cycles, apart.
    mark = f"{os.getpid():08d}{time.time_ns() // 1000:016d}"
    for number in itertools.count(start):
        yield _TEMPLATE % (
            351910000000 + number % 1000,
            351910000000 + number % 1000,
            f"wamid.{mark}{number:012d}".encode(),
            int(time.time()),
            number,
        )


def _template() -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351215550100", "phone_number_id": "200000000000001"},
        "contacts": [{"profile": {"name": "Amara Okafor"}, "wa_id": "%d"}],
        "messages": [
            {
                "from": "%d",
                "id": "%s",
                "timestamp": "%d",
                "type": "text",
                "text": {"body": "Order %012d: could you tell me when it leaves? "},
            }
        ],
    }
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "100000000000001", "changes": [{"value": value, "field": "messages"}]}],
    }
    text = json.dumps(body)
    filled = text % (351910000000, 351910000000, "w" * 42, 1_700_000_000, 0)
    return text.replace("it leaves? ", "it leaves? ".ljust(11 + 844 - len(filled), ".")).encode()


_TEMPLATE = _template()


def signed(body: bytes) -> str:
    """The value of X-Hub-Signature-256 for ``body``."""
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Load:
    """What one run of the generator saw. Latencies are milliseconds."""

    accepted: int
    #: Different bodies among the accepted ones: how many messages there must be afterwards.
    distinct: int
    other: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


class Generator:
    """The generator as a child process. Building it makes the requests; ``run`` sends them."""

    def __init__(
        self, port: int, *, path: str, connections: int, seconds: float, requests: int, replays: float = 0
    ) -> None:
        arguments = [str(port), "--path", path, "--connections", str(connections)]
        arguments += ["--seconds", str(seconds), "--requests", str(requests), "--replays", str(replays)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def run(self) -> Load:
        """Send until the time is over or the requests are used up. Raises RuntimeError when the server hung up."""
        output, _ = self._process.communicate("go\n")
        if self._process.returncode:
            raise RuntimeError("The load generator failed; its output says why.")
        return Load(**json.loads(output))


#: The answer that is measured most; told apart without parsing, for the generator shares the machine with the server.
_ACCEPTED = b"HTTP/1.1 200"
_EMPTY = b"\r\ncontent-length: 0\r\n\r\n"


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.request = b""
        self._answer = b""

    def send(self, request: bytes) -> None:
        self.request = request
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The status line's beginning once the answer is complete, else None."""
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("The server closed a connection.")
        if not self._answer and data.endswith(_EMPTY) and data.startswith(_ACCEPTED):
            return _ACCEPTED
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return None
        _, _, length = head.lower().partition(b"content-length: ")
        if len(body) < int(length.split(b"\r\n", 1)[0]):
            return None
        self._answer = b""
        return head[:12]


def send_all(port: int, requests: list[bytes], *, connections: int, seconds: float) -> Load:
    """One request in flight per connection, until the time is over or the requests are used up."""
    waiting = iter(requests)
    poll = select.epoll()
    opened = [_Connection(port) for _ in range(min(connections, len(requests)))]
    by_file = {connection.socket.fileno(): connection for connection in opened}
    latencies: list[float] = []
    other = 0
    # A repeated request is the same object, so its identity is enough, and costs less than its hash.
    accepted: set[int] = set()
    started_at = time.perf_counter()
    for file, connection in by_file.items():
        poll.register(file, select.EPOLLIN)
        connection.send(next(waiting))
    in_flight = len(opened)
    while in_flight:
        for file, _ in poll.poll():
            connection = by_file[file]
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            if answer == _ACCEPTED:
                accepted.add(id(connection.request))
            else:
                other += 1
            request = next(waiting, None) if now - started_at < seconds else None
            if request is None:
                in_flight -= 1
            else:
                connection.send(request)
    elapsed = time.perf_counter() - started_at
    latencies.sort()
    return Load(
        accepted=len(latencies) - other,
        distinct=len(accepted),
        other=other,
        seconds=elapsed,
        p50=latencies[len(latencies) // 2] * 1000,
        p99=latencies[len(latencies) * 99 // 100] * 1000,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--path", default="/webhooks/meta/")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--replays", type=float, default=0, help="share of requests that repeat an earlier one")
    options = parser.parse_args()
    head = (
        f"POST {options.path} HTTP/1.1\r\nHost: 127.0.0.1:{options.port}\r\nContent-Type: application/json\r\n"
        "X-Hub-Signature-256: %s\r\nContent-Length: %d\r\n\r\n"
    )
    requests = [
        (head % (signed(body), len(body))).encode() + body for body in itertools.islice(bodies(), options.requests)
    ]
    chance = random.Random(1)  # the same run every time
    for place in range(1, len(requests)):
        if chance.random() < options.replays:
            requests[place] = requests[chance.randrange(max(0, place - 10_000), place)]
    print("ready", flush=True)
    sys.stdin.readline()
    load = send_all(options.port, requests, connections=options.connections, seconds=options.seconds)
    print(json.dumps(load.__dict__))


if __name__ == "__main__":
    main()
