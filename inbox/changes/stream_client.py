"""One browser that listens for changes: what it has still to be told, and the task that writes it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from typing import NamedTuple

from core.asgi import Send

#: Seconds between two heartbeats: proxies drop a connection that is silent for a minute.
HEARTBEAT_SECONDS = 20.0
#: Seconds between two checks that a browser may still listen.
RECHECK_SECONDS = 60.0
#: A browser that reads so slowly that more conversations than these are waiting is told to look at everything.
NAMED_LIMIT = 500

_HEARTBEAT = b":\n\n"
_EVERYTHING = b'event: change\ndata: {"everything": true}\n\n'


class Viewer(NamedTuple):
    """The agent who listens, and the numbers that they see."""

    agent: int
    numbers: tuple[int, ...]


class Client:
    """One open stream. What it has not been told yet is a set of conversations, or everything; never a queue."""

    __slots__ = (
        "check_at",
        "ending",
        "everything",
        "heartbeat_at",
        "named",
        "send",
        "session",
        "started",
        "stream",
        "task",
        "viewer",
        "writer",
    )

    def __init__(self, send: Send, session: str, viewer: Viewer, stream: int) -> None:
        now = time.monotonic()
        self.send = send
        #: Its row (OpenStream), which other processes count.
        self.stream = stream
        self.session = session
        self.viewer = viewer
        self.task = asyncio.current_task()
        self.started = False
        #: Conversations that changed; empty when only a number did, None when nothing did.
        self.named: set[int] | None = None
        self.everything = False
        self.ending = False
        self.heartbeat_at = now + HEARTBEAT_SECONDS
        self.check_at = now + RECHECK_SECONDS
        #: The task that is writing now, None while there is nothing to write.
        self.writer: asyncio.Task[None] | None = None

    def tell(self, conversations: Iterable[int]) -> None:
        """These conversations changed; none of them: something about a number did."""
        if self.named is None:
            self.named = set()
        self.named.update(conversations)
        if len(self.named) > NAMED_LIMIT:
            self.everything = True
        self.write()

    def tell_everything(self) -> None:
        """Anything may have changed."""
        self.everything = True
        self.write()

    def end(self) -> None:
        """Complete the response once everything is written."""
        self.ending = True
        self.write()

    def take(self) -> bytes:
        """What to write next, empty for nothing."""
        named, self.named = self.named, None
        everything, self.everything = self.everything, False
        if everything:
            return _EVERYTHING
        if named is not None:
            return f"event: change\ndata: {json.dumps({'conversations': sorted(named)})}\n\n".encode()
        if self.heartbeat_at <= time.monotonic():
            self.heartbeat_at = time.monotonic() + HEARTBEAT_SECONDS
            return _HEARTBEAT
        return b""

    def write(self) -> None:
        """Write what is waiting, once the stream has started."""
        if self.started and self.writer is None:
            self.writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while data := self.take():
                await self.send({"type": "http.response.body", "body": data, "more_body": True})
            if self.ending:
                await self.send({"type": "http.response.body", "body": b""})
        except (OSError, RuntimeError):
            pass  # The connection is closed; the request's handler learns it from `receive`.
        finally:
            self.writer = None
