"""Child processes of `make run`: in their own process groups, output prefixed with their name, none left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable

#: Linux's prctl option to get a signal when the parent dies.
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_print_lock = threading.Lock()


class Child:
    """One command. Each line of its output is printed with its name in front."""

    def __init__(self, name: str, *command: str) -> None:
        self.name = name
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._printer: threading.Thread | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C reaches the terminal's whole process group; we stop the children in our own order.
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._printer = threading.Thread(target=self._print, args=[self._process.stdout], daemon=True)
        self._printer.start()

    @property
    def ended(self) -> bool:
        """Whether it isn't running: it has ended, or not started."""
        return self._process is None or self._process.poll() is not None

    @property
    def ending(self) -> str:
        code = self._process.returncode if self._process else 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_end(self) -> None:
        if self._process and not self.ended:
            self._process.terminate()

    def kill(self) -> None:
        """Kill it and everything it started, and print the rest of its output. Safe to repeat."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # all have exited already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._printer:
            self._printer.join(1)

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            with _print_lock, contextlib.suppress(OSError):  # stdout is closed
                sys.stdout.write(f"{self.name:>9} | {line}")
                sys.stdout.flush()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
