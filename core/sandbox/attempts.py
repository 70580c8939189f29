"""What the probe has a child try once it is locked in: each of these has to fail."""

from __future__ import annotations

import ctypes
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.sandbox.kernel import syscall

IO_URING_SETUP = 425


def attempt(_source: Path, target: Path, facts: str) -> dict[str, Any]:
    """Try everything, and say what was possible. ``facts`` is JSON: "port" of a listener, "socket", a Unix socket's
    path, "secret", a file to read, and "parent", a process."""
    known = json.loads(facts)
    return {"through": [name for name, act in _acts(target, known).items() if _works(act)]}


def _acts(target: Path, known: dict[str, Any]) -> dict[str, Callable[[], object]]:
    return {
        "connect by TCP": lambda: _connect(socket.AF_INET, ("127.0.0.1", known["port"])),
        "connect to a Unix socket": lambda: _connect(socket.AF_UNIX, known["socket"]),
        "read other files": lambda: Path(known["secret"]).read_bytes(),
        "read the environment of other processes": lambda: Path(f"/proc/{known['parent']}/environ").read_bytes(),
        "write other files": lambda: (target / "another").touch(),
        "signal other processes": lambda: os.kill(known["parent"], 0),
        "start processes": _fork,
        "use io_uring": lambda: syscall(IO_URING_SETUP, ctypes.c_uint(4), ctypes.create_string_buffer(120)),
        "start programs": _execute,
    }


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _connect(family: int, address: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        connection.connect(address)


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _execute() -> None:
    try:
        os.execv("/there/is/no/such/program", ["program"])  # noqa: S606 - this is what must fail
    except FileNotFoundError:
        return  # the kernel looked for it
