"""Receive request bodies for Django in the event loop: slow clients occupy no thread, greedy ones are limited."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import IO, cast

import structlog
from django.conf import settings
from django.db import DatabaseError

from core.asgi import Body, DisconnectedError, Header, Receive, Scope, Send, respond
from core.body_budget import HeldBytes, NoRoomError
from core.client_address import address_of
from core.postgres.errors import describe
from inbox import sessions
from inbox.api.authentication import program_of
from inbox.api.problems import CONTENT_TYPE, Problem, unauthorized
from inbox.api.request_bodies import MAX_FORM_FIELDS

log = structlog.get_logger(__name__)

#: Bodies up to this size stay in memory, and their sender isn't looked up.
SMALL_BYTES = 256 * 1024
#: The largest body without login: more than any of its forms. Only agents and programs send files.
STRANGERS_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 64 * 1024
LARGEST_BYTES = settings.MEDIA_MAX_BYTES + MAX_FORM_FIELDS
#: Seconds for a body, plus one for each so many bytes received.
SECONDS = 30.0
BYTES_PER_SECOND = 8 * 1024
#: Bytes held at once: per address, per agent or program, and in total.
ADDRESS_LIMIT = 32 * 1024 * 1024
SENDER_LIMIT = 512 * 1024 * 1024
TOTAL_LIMIT = 4 * 1024 * 1024 * 1024


class RefusedError(Exception):
    """A request that Django never sees, and its answer."""

    def __init__(self, problem: Problem, body: Body | None = None) -> None:
        super().__init__(str(problem))
        self._problem = problem
        self._body = body

    async def answer(self, scope: Scope, send: Send) -> None:
        """Send the reason: programs get the API's JSON, everybody else a sentence."""
        headers: list[Header] = [
            (name.lower().encode(), value.encode()) for name, value in self._problem.headers.items()
        ]
        text: bytes | str = str(self._problem)
        content_type = "text/plain; charset=utf-8"
        if scope["path"].startswith("/api/"):
            text, content_type = self._problem.response().content, CONTENT_TYPE
        await respond(
            send, self._problem.status, text, headers=headers, body=self._body, content_type=content_type.encode()
        )


class Bodies:
    """Receives the bodies of one process. ``threads`` look up the senders of large ones in the database."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        # Disks may be slow, and the event loop must not wait.
        self._writers = ThreadPoolExecutor(2, thread_name_prefix="body")
        self._strangers = HeldBytes(each=ADDRESS_LIMIT, total=TOTAL_LIMIT)
        self._known = HeldBytes(each=SENDER_LIMIT, total=TOTAL_LIMIT)

    def close(self) -> None:
        self._writers.shutdown(cancel_futures=True)

    @asynccontextmanager
    async def received(self, scope: Scope, receive: Receive) -> AsyncIterator[IO[bytes]]:
        """The whole body of a request, during the block. Empty without a Content-Length, as in WSGI. Raises
        RefusedError."""
        length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
        if not length:
            yield io.BytesIO()
            return
        body = Body(receive)
        sender = await self._admit(scope, length, body)
        held = self._known if sender else self._strangers
        whose = sender or address_of(scope)
        size = 0

        def hold(more: int) -> None:
            nonlocal size
            size += more
            held.add(whose, more)

        try:
            with tempfile.SpooledTemporaryFile(SMALL_BYTES, dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
                try:
                    await self._fill(file, body, hold)
                except TimeoutError:
                    raise RefusedError(Problem(408, "too_slow", "The body did not arrive in time."), body) from None
                except DisconnectedError:
                    sentence = "The connection ended before the request was whole."
                    raise RefusedError(Problem(400, "bad_request", sentence)) from None
                except NoRoomError:
                    raise RefusedError(_wait(429, "busy", "Too much is being sent at once."), body) from None
                except OSError as error:
                    log.error("body_without_room", reason=error.strerror)
                    sentence = "The server has no room for a temporary file at the moment. Send it again later."
                    raise RefusedError(_wait(503, "storage_away", sentence), body) from None
                yield cast(IO[bytes], file)
        finally:
            held.release(whose, size)

    async def _admit(self, scope: Scope, length: int, body: Body) -> str:
        """The sender of this body, empty for small bodies. Raises RefusedError."""
        if length <= SMALL_BYTES:
            return ""
        if length > LARGEST_BYTES:
            sentence = f"A request may have {LARGEST_BYTES // 2**20} MB, its file included."
            raise RefusedError(Problem(413, "too_large", sentence), body)
        loop = asyncio.get_running_loop()
        try:
            sender = await loop.run_in_executor(self._threads, _sender, scope["headers"])
        except DatabaseError as error:
            log.warning("body_refused", reason=describe(error))
            raise RefusedError(_wait(503, "database_away", "The database is away. Try again."), body) from None
        if not sender and scope["path"].startswith("/api/"):
            raise RefusedError(unauthorized(), body)
        if not sender and length > STRANGERS_BYTES:
            raise RefusedError(Problem(413, "too_large", "Sign in before you send files."), body)
        return sender

    async def _fill(self, file: IO[bytes], body: Body, hold: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        parts: list[bytes] = []
        size = 0
        while not body.complete:
            async with asyncio.timeout_at(began + SECONDS + body.size / BYTES_PER_SECOND):
                parts.append(await body.next())
            hold(len(parts[-1]))
            size += len(parts[-1])
            if size >= SMALL_BYTES:
                await loop.run_in_executor(self._writers, file.write, b"".join(parts))
                parts, size = [], 0
        file.write(b"".join(parts))
        file.seek(0)


def _sender(headers: Iterable[Header]) -> str:
    """The agent or program that sent a request, as "agent 7"; empty for a stranger. Reads the database."""
    if session_key := sessions.session_key(headers):
        agent = sessions.agent_of(session_key)
        if agent is not None:
            return f"agent {agent.pk}"
    tokens = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    program = program_of(tokens[0]) if tokens else None
    return f"program {program.pk}" if program else ""


def _wait(status: int, code: str, sentence: str) -> Problem:
    return Problem(status, code, sentence, headers={"Retry-After": "30"})
