"""Live updates: server-sent events that tell each browser which of its conversations changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import Gauge

from core.asgi import Body, DisconnectedError, Receive, Scope, Send, respond
from core.postgres.async_connection import connection_parameters, hang_up
from core.postgres.errors import describe
from core.thread_pool import DjangoThreads
from inbox import sessions
from inbox.access import numbers_visible_to
from inbox.changes import stream_client, stream_limit
from inbox.changes.pages import CHANNEL
from inbox.changes.stream_client import Client, Viewer

log = structlog.get_logger(__name__)

A = TypeVar("A")
T = TypeVar("T")

#: Seconds of silence after which the connection to the database is tested, and within which it has to answer.
SILENCE_SECONDS = 15.0
ANSWER_SECONDS = 5.0
#: Seconds that the database may take to say who listens. A query that hangs would block the threads, and with them
#: the heartbeats of every page.
LOOK_UP_SECONDS = 10.0
#: Seconds until the first attempt to listen again, and at most between later ones.
RETRY_SECONDS = (0.2, 5.0)
#: Seconds that streams get to end when the process stops.
END_SECONDS = 2.0

CONNECTIONS = Gauge("inbox_live_connections", "Open live update streams.", multiprocess_mode="livesum")

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ],
}
_RETRY = b"retry: 2000\n\n"


def viewer(session_key: str) -> Viewer | None:
    """The agent who is signed in with this session now, None for everybody else. Reads the database."""
    agent = sessions.agent_of(session_key)
    return None if agent is None else Viewer(agent.pk, tuple(numbers_visible_to(agent)))


class Live:
    """The endpoint of one process: ``await live(scope, receive, send)`` serves one browser until it leaves.

    A page fetches everything since its own cursor when its stream opens and after every event. So events may be
    repeated, merged with others or replaced by "everything", but never lost.
    """

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._by_number: defaultdict[int, set[Client]] = defaultdict(set)
        self._threads = DjangoThreads(2, name="live", database={"ANSWER_SECONDS": LOOK_UP_SECONDS})
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        #: Rows of streams that have ended.
        self._ended: list[int] = []
        self._renew_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET with Django's session cookie. 403 without an agent's session, 429 when the agent has too many pages open,
        503 when the process has, or when the database is not available."""
        body = Body(receive)
        if scope["method"] != "GET":
            await respond(send, 405, "Use GET.", headers=((b"allow", b"GET"),), body=body)
            return
        if self._stopping or len(self._clients) >= settings.LIVE_CONNECTION_LIMIT:
            await respond(send, 503, "Too many pages are open.", headers=((b"retry-after", b"30"),), body=body)
            return
        session = sessions.session_key(scope["headers"])
        try:
            found = await self._in_thread(viewer, session) if session else None
            stream = await self._in_thread(stream_limit.open_stream, found.agent) if found else None
        except DatabaseError as error:
            log.warning("live_refused", reason=describe(error))
            await respond(send, 503, "Database not available. Try again.", headers=((b"retry-after", b"5"),), body=body)
            return
        if found is None:
            await respond(send, 403, "Sign in first.", body=body)
        elif stream is None:
            sentence = f"You have {settings.LIVE_STREAMS_PER_AGENT} pages open. Close some of them."
            await respond(send, 429, sentence, headers=((b"retry-after", b"30"),), body=body)
        else:
            await self._serve(Client(send, session, found, stream), body)

    def end_streams(self) -> None:
        """End every stream and accept no more: the server waits for them before it stops."""
        self._stopping = True
        for client in self._clients:
            client.end()

    async def close(self) -> None:
        """End all streams and release threads and connections. Safe to repeat."""
        self.end_streams()
        handlers = {client.task for client in self._clients if client.task}
        if handlers:
            _, late = await asyncio.wait(handlers, timeout=END_SECONDS)
            for handler in late:
                handler.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._write_streams()
        await asyncio.to_thread(self._threads.close)

    async def _in_thread(self, act: Callable[[A], T], argument: A) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, argument)

    async def _serve(self, client: Client, body: Body) -> None:
        # Before the page learns that the stream is open and fetches: a change in between must not be lost.
        self._clients.add(client)
        for number in client.viewer.numbers:
            self._by_number[number].add(client)
        CONNECTIONS.inc()
        self._start()
        try:
            await client.send(_START)
            await client.send({"type": "http.response.body", "body": _RETRY, "more_body": True})
            client.started = True
            client.write()
            while True:
                await body.next()
        except DisconnectedError:
            pass  # The browser left, or end() completed the response.
        finally:
            CONNECTIONS.dec()
            self._ended.append(client.stream)
            self._clients.discard(client)
            for number in client.viewer.numbers:
                self._by_number[number].discard(client)

    def _start(self) -> None:
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._listen()), loop.create_task(self._tend())]

    # --- From the database to the browsers ---------------------------------------------------------------------------

    async def _listen(self) -> None:
        delay = RETRY_SECONDS[0]
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    connection = await psycopg.AsyncConnection.connect(
                        **connection_parameters(application_name="inbox live")
                    )
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    # Pages find with their cursors what changed while this process was not listening.
                    self._tell_everyone()
                    delay = RETRY_SECONDS[0]
                    await self._hear(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("live_listening_lost", reason=describe(error), retry_in=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_SECONDS[1])

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notification in connection.notifies(timeout=SILENCE_SECONDS):
                self._publish(notification.payload)
            cut = asyncio.get_running_loop().call_later(ANSWER_SECONDS, hang_up, connection)
            try:
                await connection.execute(b"SELECT 1")
            finally:
                cut.cancel()

    def _publish(self, payload: str) -> None:
        """Tell the browsers that see the number; ``payload`` as `inbox.changes.pages` writes it."""
        try:
            told = json.loads(payload)
            pairs = [(int(number), int(conversation)) for number, conversation in told["conversations"]]
            changed: dict[int, list[int]] = {int(number): [] for number in told["numbers"]}
        except (ValueError, KeyError, TypeError):
            log.warning("live_payload_unknown", length=len(payload))
            self._tell_everyone()
            return
        for number, conversation in pairs:
            changed.setdefault(number, []).append(conversation)
        for number, conversations in changed.items():
            for client in self._by_number.get(number, ()):
                client.tell(conversations)

    def _tell_everyone(self) -> None:
        for client in self._clients:
            client.tell_everything()

    # --- Heartbeats, and whether each browser may still listen -------------------------------------------------------

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self._write_streams()
            now = time.monotonic()
            due: defaultdict[str, list[Client]] = defaultdict(list)
            for client in self._clients:
                if client.heartbeat_at <= now:
                    client.write()
                if client.check_at <= now:
                    client.check_at = now + stream_client.RECHECK_SECONDS
                    due[client.session].append(client)
            for session, clients in due.items():
                await self._recheck(session, clients)

    async def _write_streams(self) -> None:
        """Write for other processes which streams have ended, and every minute which are still open."""
        ended, self._ended = self._ended, []
        try:
            if ended:
                await self._in_thread(stream_limit.close, ended)
            if self._clients and time.monotonic() >= self._renew_at:
                self._renew_at = time.monotonic() + stream_client.RECHECK_SECONDS
                await self._in_thread(stream_limit.renew, [client.stream for client in self._clients])
        except (DatabaseError, RuntimeError) as error:  # not available, or the process ends: the rows expire
            log.warning("live_streams_not_written", reason=describe(error))

    async def _recheck(self, session: str, clients: list[Client]) -> None:
        try:
            found = await self._in_thread(viewer, session)
        except DatabaseError as error:
            log.warning("live_recheck_failed", reason=describe(error))
            return
        for client in clients:
            # Signed out, deactivated, or with other numbers: the browser reconnects and is checked again.
            if client.viewer != found:
                client.end()
