from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.asgi import Application
from core.sandbox import child_process, kernel
from inbox.management.commands import worker

#: A process that hides, and one that it started before tells whether it can look into it.
SPY = """
import os, sys
from core.sandbox import kernel
ready, go = os.pipe()
spy = os.fork()
if spy == 0:
    os.close(go)
    os.read(ready, 1)
    for name in ("environ", "maps", "fd"):
        try:
            path = f"/proc/{os.getppid()}/{name}"
            os.listdir(path) if name == "fd" else open(path, "rb").read()
        except PermissionError:
            continue
        print("read", name, flush=True)
    os._exit(0)
if sys.argv[1] == "hidden":
    kernel.hide_process()
os.write(go, b"!")
os.waitpid(spy, 0)
"""


@pytest.fixture
def open_process() -> Iterator[None]:
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    yield
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def hidden() -> bool:
    return kernel.prctl(kernel.PR_GET_DUMPABLE) == 0


def seen_by_another(how: str) -> list[str]:
    """What a process of the same ordinary user can read of one."""

    def become_nobody() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)

    command = [sys.executable, "-c", SPY, how]
    done = subprocess.run(
        command, cwd=child_process.ROOT, preexec_fn=become_nobody, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")[:-1]


class HideProcessTests:
    def test_others_of_the_same_user_cannot_look_into_it(self) -> None:
        try:
            in_the_open = seen_by_another("open")
        except (PermissionError, subprocess.CalledProcessError):
            pytest.skip("an ordinary user cannot run this Python")
        assert in_the_open == ["read environ", "read maps", "read fd"]
        assert seen_by_another("hidden") == []

    def test_a_worker_is_hidden_before_it_works(self, open_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
        found = []

        async def run(*_: object) -> None:
            found.append(hidden())

        monkeypatch.setattr(worker, "run", run)
        monkeypatch.setattr(worker, "collect_garbage_rarely", lambda: None)
        worker.Command().handle(concurrency=1, sending=1, forget_missing=False)
        assert found == [True]

    def test_a_web_process_is_hidden_before_it_answers(
        self, open_process: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import asyncio

        found, messages = [], iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> dict[str, str]:
            return next(messages)

        async def send(message: dict[str, str]) -> None:
            if message["type"] == "lifespan.startup.complete":
                found.append(hidden())

        monkeypatch.setattr(Application, "_hear_signals", lambda _: None)
        asyncio.run(Application()({"type": "lifespan"}, receive, send))
        assert found == [True]
