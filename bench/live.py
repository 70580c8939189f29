"""Two thousand browsers on one process: memory for each, and milliseconds from a commit to every one of them.

    python -m bench.live listen PORT

is the browsers' process: it reads session cookies from its first line, opens a stream for each, prints "ready", reads
the moments of the commits from its second line, and prints what arrived.
"""

from __future__ import annotations

import json
import re
import resource
import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.installation import WebProcess, installation
from bench.listener import listening
from bench.table import Figure, show

CLIENTS = 2_000
AGENTS = 200
EVENTS = 100
PAUSE = 0.25
CLIENT_KIB = 20.0
#: How many times a bare listener's time from a commit to its notification: one open stream, the slowest of 2,000 × 100.
#: The slowest of all took 400 to 460 times it on a quiet machine.
ONE_STREAM, ALL_STREAMS = 10.0, 700.0
ROUNDS = 40
CONVERSATIONS = re.compile(rb'"conversations": \[([0-9, ]+)\]')


class Browser:
    """One open stream, and when it was told of each conversation."""

    def __init__(self, port: int, cookie: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        self.open = False
        self.told: dict[int, float] = {}
        self._unread = b""

    def read(self) -> None:
        data = self.socket.recv(65536)
        now = time.monotonic()
        if not data:
            raise RuntimeError("The server closed a stream.")
        self._unread += data
        if not self.open:
            if b"retry:" not in self._unread:
                return
            if not self._unread.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(self._unread[:200].decode())
            self.open = True
        *events, self._unread = self._unread.split(b"\n\n")
        for event in events:
            if found := CONVERSATIONS.search(event):
                for conversation in found[1].split(b","):
                    self.told.setdefault(int(conversation), now)


def listen(port: int) -> None:
    cookies: list[str] = json.loads(sys.stdin.readline())
    poll = select.epoll()
    browsers: dict[int, Browser] = {}

    def read_for(seconds: float) -> None:
        for file, _ in poll.poll(seconds):
            browsers[file].read()

    for count, cookie in enumerate(cookies, start=1):
        browser = Browser(port, cookie)
        browsers[browser.socket.fileno()] = browser
        poll.register(browser.socket.fileno(), select.EPOLLIN)
        while count % 20 == 0 and not all(each.open for each in browsers.values()):
            read_for(1)
    while not all(browser.open for browser in browsers.values()):
        read_for(1)
    print("ready", flush=True)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    commits: list[float] = []
    while not commits:
        for file, _ in poll.poll():
            if file == sys.stdin.fileno():
                commits = json.loads(sys.stdin.readline())
            else:
                browsers[file].read()
    latencies = [
        (browser.told[conversation] - commit) * 1000
        for browser in browsers.values()
        for conversation, commit in enumerate(commits, start=1)
        if conversation in browser.told
    ]
    latencies.sort()
    found = {
        "missing": len(browsers) * len(commits) - len(latencies),
        "p50": statistics.median(latencies),
        "p99": latencies[len(latencies) * 99 // 100],
    }
    print(json.dumps(found), flush=True)


def sessions() -> tuple[int, list[str]]:
    """A number, and the cookies of ``CLIENTS`` tabs of ``AGENTS`` agents who see it."""
    from django.conf import settings
    from django.test import Client

    from inbox.models import Agent
    from whatsapp.models import PhoneNumber

    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="100000000000001", name="Norte")
    cookies = []
    for index in range(AGENTS):
        agent = Agent.objects.create(username=f"agent-{index}")
        agent.numbers.add(number)
        browser = Client()
        browser.force_login(agent)
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}")
    return number.pk, [cookies[index % AGENTS] for index in range(CLIENTS)]


def resident_kib(web: WebProcess) -> int:
    status = Path(f"/proc/{web.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


class Browsers:
    """The browsers' process."""

    def __init__(self, web: WebProcess, cookies: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.live", "listen", str(web.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(cookies) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("The browsers' process failed; its output says why.")

    def results(self, commits: list[float]) -> dict[str, float]:
        output, _ = self._process.communicate(json.dumps(commits) + "\n")
        found: dict[str, float] = json.loads(output)
        return found


def main() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with installation() as installed, installed.web() as web:
        return measure(web)


def commit_events(number: int, count: int) -> list[float]:
    """Announce ``count`` conversations, one transaction each; gives the moment before each commit."""
    from django.db import transaction

    from inbox.changes import pages

    moments = []
    for conversation in range(1, count + 1):
        moments.append(time.monotonic())
        with transaction.atomic():
            pages.announce([(number, conversation)])
        time.sleep(PAUSE)
    time.sleep(1)
    return moments


def measure(web: WebProcess) -> int:
    number, cookies = sessions()
    with listening() as listener:
        floor = listener.median(ROUNDS)
    # What the first streams load and open once is not the price of a browser.
    Browsers(web, cookies[:20]).results(commit_events(number, 1))
    alone = Browsers(web, cookies[:1]).results(commit_events(number, ROUNDS))
    before = resident_kib(web)
    browsers = Browsers(web, cookies)
    time.sleep(1)
    each = (resident_kib(web) - before) / CLIENTS
    found = browsers.results(commit_events(number, EVENTS))
    return show(
        f"Live: {CLIENTS:,} open streams on one process, {EVENTS} commits, every one to every stream",
        [
            Figure("memory for each", f"{each:.1f} KiB", f"under {CLIENT_KIB:.0f} KiB", each < CLIENT_KIB),
            Figure("events missing", f"{found['missing']:,.0f}", "none", found["missing"] == 0),
            Figure("commit to bare listener", f"{floor:.2f} ms"),
            Figure(
                "commit to the only browser, p50",
                f"{alone['p50']:.1f} ms = {alone['p50'] / floor:.1f} × bare",
                f"within {ONE_STREAM:.0f} ×",
                alone["p50"] <= ONE_STREAM * floor,
            ),
            Figure(f"commit to each of {CLIENTS:,}, p50", f"{found['p50']:.0f} ms"),
            Figure(
                f"commit to each of {CLIENTS:,}, p99",
                f"{found['p99']:.0f} ms = {found['p99'] / floor:.0f} × bare",
                f"within {ALL_STREAMS:.0f} ×",
                found["p99"] <= ALL_STREAMS * floor,
            ),
        ],
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        listen(int(sys.argv[2]))
    else:
        sys.exit(main())
