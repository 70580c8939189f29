"""Run Django in threads. A request occupies a thread only while Django works, not while the client sends or reads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from a2wsgi.wsgi import build_environ
from django.conf import settings

from config.request_bodies import Bodies, RefusedError
from config.wsgi import application as django
from core.asgi import Header, Receive, Scope, Send
from core.thread_pool import DjangoThreads

#: Bytes of a file that are read at once and held per client.
BLOCK_BYTES = 64 * 1024


class Pages:
    """Django's WSGI application in a thread pool. Each thread has its own database connection."""

    def __init__(self, *, threads: int, name: str = "page") -> None:
        self._threads = DjangoThreads(threads, name=name, database=settings.PAGES_DATABASE)
        self._bodies = Bodies(self._threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # WSGI maps X_Forwarded_For and X-Forwarded-For to the same name: a client could forge the proxy's header.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        try:
            async with self._bodies.received(scope, receive) as body:
                await self._answer(scope, body, receive, send)
        except RefusedError as refusal:
            await refusal.answer(scope, send)

    async def close(self) -> None:
        """Finish the requests in progress, then end the threads."""
        await asyncio.to_thread(self._threads.close)
        self._bodies.close()

    async def _answer(self, scope: Scope, body: IO[bytes], receive: Receive, send: Send) -> None:
        answer = Answer(cast(Any, build_environ)(scope, body))
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()

        async def in_thread(act: Callable[[], Any]) -> Any:
            return await loop.run_in_executor(self._threads, context.run, act)

        await in_thread(answer.start)
        left = loop.create_task(_left(receive))
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            while answer.more and not left.done():
                await send({"type": "http.response.body", "body": answer.block, "more_body": True})
                await in_thread(answer.advance)
            await send({"type": "http.response.body", "body": answer.block})
        finally:
            left.cancel()
            if answer.more:
                # The client left, or reading failed: close the file all the same.
                with contextlib.suppress(RuntimeError):  # the threads have ended: the process is shutting down
                    await in_thread(answer.close)


class Answer:
    """Django's response to one request: complete, or a file that is read in blocks."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._response: Any = None
        self._parts: Iterator[bytes] = iter(())
        self.status = 500
        self.headers: list[Header] = []
        self.block = b""
        #: Whether more follows after ``block``.
        self.more = False

    def start(self) -> None:
        """Call Django. Runs in a thread, like the other methods."""
        self._response = django(self._environ, self._hear)
        self._parts = iter(self._response)
        self.more = True
        if getattr(self._response, "streaming", True):
            self.advance()
        else:
            self.block = b"".join(self._parts)
            self.close()

    def advance(self) -> None:
        """Read the next block."""
        parts: list[bytes] = []
        size = 0
        for part in self._parts:
            parts.append(part)
            size += len(part)
            if size >= BLOCK_BYTES:
                break
        else:
            self.close()
        self.block = b"".join(parts)

    def close(self) -> None:
        """Tell Django that the response is finished."""
        self.more = False
        self._response.close()

    def _hear(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        self.status = int(status.partition(" ")[0])
        self.headers = [
            (name.strip().encode("latin-1").lower(), value.strip().encode("latin-1")) for name, value in headers
        ]
        return _refuse_to_write


def _refuse_to_write(_data: bytes) -> None:
    raise NotImplementedError("Django gives its answers back, and never writes them.")


async def _left(receive: Receive) -> None:
    """Return when the client has disconnected. Discards the rest of an unread body."""
    while (await receive())["type"] != "http.disconnect":
        pass
