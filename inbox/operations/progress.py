"""A progress bar for commands that run for minutes: on a terminal a line that is rewritten, elsewhere a line now and
then."""

from __future__ import annotations

import time
from typing import Any

WIDTH = 28
TERMINAL_SECONDS, LOG_SECONDS = 0.2, 15.0


class Bar:
    """Call it with what is being done, how much is done, and of how much (None: nobody knows). ``end`` finishes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._what, self._began, self._shown = "", 0.0, 0.0
        self._open = False

    def __call__(self, what: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if what != self._what:
            self.end()
            self._what, self._began, self._shown = what, now, now
        elif now - self._shown < (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            return
        elif not self._terminal:
            self._shown = now
            self._stream.write(f"{self._line(done, total, now)}\n")
            return
        self._shown = now
        if self._terminal:
            self._open = True
            self._stream.write(f"\r{self._line(done, total, now)}\x1b[K", ending="")
            self._stream.flush()

    def end(self) -> None:
        if self._open:
            self._stream.write("")
            self._open = False

    def _line(self, done: int, total: int | None, now: float) -> str:
        rate = f"{done / max(now - self._began, 0.1):,.0f}/s"
        if not total or total < done:
            return f"{self._what[-60:]}: {done:,} ({rate})"
        filled = WIDTH * done // total
        return f"{self._what[-60:]}: [{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {total:,} ({rate})"
