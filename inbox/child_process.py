"""Run a part of ours that opens hostile files as a process of its own, and read what it leaves without trusting it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

RESULT_NAME = "result.json"
RESULT_BYTES = 256 * 1024
#: With less than this left on its disk, what a child did not do says nothing of its file.
ROOM_BYTES = 64 * 1024 * 1024
WAIT_SECONDS = 10.0


class CrashError(Exception):
    """The child left no result. The text says how it ended, for the log."""


def run(
    module: str,
    source: Path,
    target: Path,
    *arguments: str,
    seconds: float,
    on_wait: Callable[[], None] = lambda: None,
) -> bool:
    """Run ``python -m MODULE SOURCE TARGET *arguments`` for at most so many seconds.

    False when it used up its processor time, as it would again; raises CrashError when it ended otherwise than by
    itself, OSError when that may be because the disk is full. It gets no secrets in its environment and nothing on its
    hands but the two paths. ``on_wait`` is called every ``WAIT_SECONDS`` and may raise to end it.
    """
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(target), "TMPDIR": str(target)}
    child = subprocess.Popen(
        [sys.executable, "-s", "-m", module, str(source), str(target), *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = _wait(child, seconds, on_wait)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if status not in (0, -signal.SIGXCPU):
        if shutil.disk_usage(target).free < ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise CrashError("took too long" if status is None else f"ended with {status}")
    return status == 0


def _wait(child: subprocess.Popen[bytes], seconds: float, on_wait: Callable[[], None]) -> int | None:
    """How the child ended, None when it has not after so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            return child.wait(min(left, WAIT_SECONDS))
        except subprocess.TimeoutExpired:
            on_wait()
    return child.poll()


def read_result(target: Path) -> dict[str, Any]:
    """The object in the child's ``result.json``. Its values are whatever a taken-over child wrote: check each one."""
    try:
        result = json.loads(read(target / RESULT_NAME, RESULT_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise CrashError("left no readable result") from error
    if not isinstance(result, dict):
        raise CrashError("left no readable result")
    return result


def read(path: Path, limit: int, *, whole: bool = True) -> bytes:
    """At most ``limit`` bytes of a file that the child wrote; never through a link it might have made instead.

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
