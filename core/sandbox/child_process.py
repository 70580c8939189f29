"""Start a child that does one piece of work, wait for it, and read what it leaves without trusting it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from core.sandbox import RESULT_NAME, Limits, Lock

#: Where the packages are.
ROOT = Path(__file__).resolve().parent.parent.parent
#: The child's whole environment. With one malloc arena for all threads, memory limits are exact.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
CHILD = "core.sandbox.child"
RESULT_BYTES = 256 * 1024
#: With less free disk space than this, a failure says nothing about the file.
ROOM_BYTES = 64 * 1024 * 1024
WAIT_SECONDS = 10.0


class CrashError(Exception):
    """The child left no result. The text says how it ended, for the log. Another try may work."""


class LockError(CrashError):
    """The child could not lock itself in, and did not open the file."""


class Cause(Enum):
    """Why a file could not be decoded."""

    REFUSED = "refused"
    DAMAGED = "damaged"
    MEMORY = "memory"
    TIME = "time"


class UndecodableError(Exception):
    """The file is to blame, and would be again. The text is the work's own sentence, for its reader, and empty unless
    ``cause`` is REFUSED. It comes from a child that read a hostile file: show it, and believe nothing."""

    def __init__(self, cause: Cause, sentence: str = "", *, broken: bool = False, because: str = "") -> None:
        super().__init__(sentence)
        self.cause, self.broken = cause, broken
        #: What the decoder raised, for the log.
        self.because = because


def start(
    lock: Lock,
    work: str,
    source: Path,
    target: Path,
    *arguments: str,
    limits: Limits,
    outputs: Sequence[str] = (),
    on_wait: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Do ``work`` ("package.module:function") with the file ``source`` in a child; its dictionary is returned.

    The child makes ``outputs`` in the folder ``target``, which must be empty, and can write nothing else. ``on_wait``
    is called every ``WAIT_SECONDS`` and may raise to end it. Raises UndecodableError, LockError, CrashError, and
    OSError when the disk may be full. The values returned are whatever a taken-over child wrote: check each one.
    """
    task = {
        "lock": lock.value,
        "limits": limits._asdict(),
        "outputs": list(outputs),
        "arguments": list(arguments),
        "parent": os.getpid(),
    }
    # Not from a thread that may end before the child does: the child would end with it.
    child = subprocess.Popen(
        [sys.executable, "-s", "-m", CHILD, work, str(source), str(target), json.dumps(task)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = _wait(child, limits.wall_seconds, on_wait)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if status == -signal.SIGXCPU:
        raise UndecodableError(Cause.TIME)
    if status != 0:
        if shutil.disk_usage(target).free < ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise CrashError("took too long" if status is None else f"ended with {status}")
    return _done(_result(target))


def _wait(child: subprocess.Popen[bytes], seconds: float, on_wait: Callable[[], None]) -> int | None:
    """The child's exit status, None while it runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            return child.wait(min(left, WAIT_SECONDS))
        except subprocess.TimeoutExpired:
            on_wait()
    return child.poll()


def _result(target: Path) -> dict[str, Any]:
    try:
        result = json.loads(read(target / RESULT_NAME, RESULT_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise CrashError("left no readable result") from error
    if not isinstance(result, dict):
        raise CrashError("left no readable result")
    return result


def _done(result: dict[str, Any]) -> dict[str, Any]:
    done = result.get("done")
    if isinstance(done, dict):
        return done
    if result.get("refused"):
        raise UndecodableError(Cause.REFUSED, text(result["refused"], 300), broken=result.get("broken") is True)
    if result.get("failed") in ("memory", "damaged"):
        raise UndecodableError(Cause(result["failed"]), because=text(result.get("because", ""), 200))
    if result.get("unlocked"):
        raise LockError(f"could not lock itself in: {text(result['unlocked'], 200)}")
    if result.get("ours"):
        raise CrashError(f"wanted what it may not have: {text(result['ours'], 200)}")
    raise CrashError("left no readable result")


def text(value: Any, most: int) -> str:
    """A value of a child's as one line of text that can be stored: no NUL, no lone surrogates, ``most`` characters."""
    line = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(line.split())[:most]


def read(path: Path, limit: int, *, whole: bool = True) -> bytes:
    """At most ``limit`` bytes of a file that a child wrote; never through a link it might have made instead.

    Raises CrashError when there is no such file, or when all of it was asked for and it is larger.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise CrashError(f"left no {path.name}") from error
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if whole and len(content) > limit:
        raise CrashError(f"left a {path.name} that is too large")
    return content[:limit]
