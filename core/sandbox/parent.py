"""Run decoders in the sandbox, if this machine has one that works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from core.sandbox import Limits, Lock, child_process, probe
from core.sandbox.child_process import Cause, CrashError, UndecodableError, read, text
from core.sandbox.probe import Protection

__all__ = ["Cause", "CrashError", "NoSandboxError", "UndecodableError", "available", "check", "read", "run", "text"]

log = structlog.get_logger(__name__)

#: Seconds before a failed probe is repeated.
AGAIN_AFTER = 30.0

_probing = threading.Lock()
_found: Protection | None = None
_failed_at = float("-inf")


class NoSandboxError(Exception):
    """Nothing is decoded on this machine, because a hostile file could do harm: see `manage.py doctor`."""


def run(
    work: str,
    source: Path,
    target: Path,
    *arguments: str,
    limits: Limits,
    outputs: Sequence[str] = (),
    on_wait: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Do ``work`` ("package.module:function") with the file ``source`` in a child that is locked in.

    See `child_process.start` for what it takes, gives and raises. Also raises NoSandboxError, before anything is
    started, where the lock does not hold and nobody accepted that. The file is never opened without the lock.
    """
    lock = check()
    return child_process.start(lock, work, source, target, *arguments, limits=limits, outputs=outputs, on_wait=on_wait)


def available() -> bool:
    """Whether files are decoded on this machine."""
    try:
        check()
    except NoSandboxError:
        return False
    return True


def accepted() -> bool:
    """Whether decoding without a working sandbox is allowed: in development, and in production by setting."""
    return bool(settings.DEBUG or settings.DECODE_WITHOUT_SANDBOX)


def protection() -> Protection | None:
    """The result of this process's first probe; None when it failed just now."""
    global _found, _failed_at
    with _probing:
        if _found is None and time.monotonic() > _failed_at + AGAIN_AFTER:
            try:
                _found = probe.examine()
            except (CrashError, UndecodableError, OSError) as error:
                _failed_at = time.monotonic()
                log.error("sandbox_not_tried", reason=str(error))
        return _found


def check() -> Lock:
    """The lock that a child has to apply. Raises NoSandboxError when nothing may be decoded."""
    found = protection()
    if found is not None and (found.closed or accepted()):
        return found.lock
    raise NoSandboxError
