"""Test with a real child on this machine what a decoder could reach."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from core.sandbox import Limits, Lock, child_process, kernel, landlock
from core.sandbox.child_process import LockError

WORK = "core.sandbox.attempts:attempt"
LIMITS = Limits(memory_bytes=512 * 1024 * 1024, cpu_seconds=20, wall_seconds=60, file_bytes=1024 * 1024)
#: What a filter-only lock can't prevent.
OPEN_WITH_FILTER = frozenset({"read other files", "read the environment of other processes", "write other files"})


class Protection(NamedTuple):
    """The best lock that works here, and what it fails to prevent."""

    lock: Lock
    through: tuple[str, ...] = ()
    #: Why better locks don't work, as reported by the system.
    because: str = ""
    #: The version of Landlock; 0 when there is none.
    landlock: int = 0

    @property
    def closed(self) -> bool:
        return self.lock is Lock.CLOSED and not self.through


def examine() -> Protection:
    """Start a child with the best lock, or the next best where that is missing, and see what it can still do.

    Takes a tenth of a second on a good machine. Raises CrashError or OSError when the test failed.
    """
    reasons: dict[str, None] = {}  # both locks may lack the same
    for lock in (Lock.CLOSED, Lock.FILTER):
        try:
            through = _tried(lock)
        except LockError as error:
            reasons[str(error)] = None
            continue
        return Protection(lock, through, "; ".join(reasons), _landlock())
    return Protection(Lock.LIMITS, (), "; ".join(reasons), _landlock())


def _tried(lock: Lock) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="inbox-probe-") as name:
        folder = Path(name)
        target, source, secret = folder / "target", folder / "source", folder / "secret"
        target.mkdir()
        source.touch()
        secret.write_text("secret")
        with closing(socket.create_server(("127.0.0.1", 0))) as listener, closing(_unix(folder)) as unix:
            facts = {
                "port": listener.getsockname()[1],
                "socket": unix.getsockname(),
                "secret": str(secret),
                "parent": os.getpid(),
            }
            found = child_process.start(lock, WORK, source, target, json.dumps(facts), limits=LIMITS)
    expected = OPEN_WITH_FILTER if lock is Lock.FILTER else frozenset()
    return tuple(str(what)[:80] for what in found.get("through", ()) if what not in expected)


def _unix(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / "socket"))
    listener.listen()
    return listener


def _landlock() -> int:
    try:
        return landlock.abi() if kernel.LINUX else 0
    except OSError:
        return 0
