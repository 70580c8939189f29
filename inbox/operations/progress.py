"""Progress bars of commands that run for minutes."""

from __future__ import annotations

import io
from typing import Never

from django.core.management.base import OutputWrapper
from tqdm import tqdm

TERMINAL_SECONDS, LOG_SECONDS = 0.2, 15.0


class Bar:
    """Call it with what is being done, how much is done, and of how much (None: unknown). ``end`` finishes it.

    On a terminal the bar is one line that is rewritten, elsewhere a line every 15 seconds.
    """

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = _Stream(stream)
        self._seconds = TERMINAL_SECONDS if stream.isatty() else LOG_SECONDS
        self._bar: tqdm[Never] | None = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if self._bar is None or self._bar.desc != what:
            self.end()
            every = self._seconds
            self._bar = tqdm(
                desc=what, file=self._stream, unit="", mininterval=every, delay=every, miniters=1, leave=False
            )
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Stream(io.TextIOBase):
    """A command's output as tqdm writes to it: in a log, each state of the bar is a line of its own."""

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream
        self._terminal = stream.isatty()

    def write(self, text: str) -> int:
        if self._terminal:
            self._stream.write(text, ending="")
            self._stream.flush()
        elif state := text.strip():
            self._stream.write(state)
        return len(text)
