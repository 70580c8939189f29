"""Live updates: server-sent events that tell each browser which of its conversations changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import Gauge

from core.asgi import Body, DisconnectedError, Receive, Scope, Send, respond
from core.postgres.event_loop import connection_parameters, describe, hang_up
from core.thread_pool import DjangoThreads
from inbox.access import numbers_visible_to
from inbox.changes import stream_limit
from inbox.changes.pages import CHANNEL
from inbox.web import credentials

log = structlog.get_logger(__name__)

A = TypeVar("A")
T = TypeVar("T")

#: Seconds between two signs of life: proxies drop a connection that is silent for a minute.
HEARTBEAT_SECONDS = 20.0
#: Seconds between two looks at whether a browser may still listen.
RECHECK_SECONDS = 60.0
#: Conversations that are named to a browser that reads slowly; beyond, it is told to look at everything.
NAMED_LIMIT = 500
#: Seconds of silence after which the database is asked whether it is still there, and that it may take to answer.
SILENCE_SECONDS = 15.0
ANSWER_SECONDS = 5.0
#: Seconds that the database may take to say who listens. One that hangs would hold the threads, and with them every
#: page's signs of life, for as long as it does.
LOOK_UP_SECONDS = 10.0
#: Seconds until the first and between later attempts to listen again.
RETRY_SECONDS = (0.2, 5.0)
#: Seconds that streams get to end when the process stops.
END_SECONDS = 2.0

CONNECTIONS = Gauge("inbox_live_connections", "Browsers that are kept up to date.", multiprocess_mode="livesum")

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
_HEARTBEAT = b":\n\n"
_EVERYTHING = b'event: change\ndata: {"everything": true}\n\n'


class Visitor(NamedTuple):
    """Who listens, and to which of our numbers."""

    agent: int
    numbers: tuple[int, ...]


def visitor(session_key: str) -> Visitor | None:
    """The agent whose browser holds this session, as of now; None for everybody else. Reads the database."""
    agent = credentials.agent_of(session_key)
    return None if agent is None else Visitor(agent.pk, tuple(numbers_visible_to(agent)))


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
        "visitor",
        "writer",
    )

    def __init__(self, send: Send, session: str, visitor: Visitor, stream: int) -> None:
        now = time.monotonic()
        self.send = send
        #: Its row, by which other processes know of it.
        self.stream = stream
        self.session = session
        self.visitor = visitor
        self.task = asyncio.current_task()
        self.started = False
        self.named: set[int] | None = None
        self.everything = False
        self.ending = False
        self.heartbeat_at = now + HEARTBEAT_SECONDS
        self.check_at = now + RECHECK_SECONDS
        #: The task that is writing to it now; None while there is nothing to write.
        self.writer: asyncio.Task[None] | None = None

    def name(self, conversations: Iterable[int]) -> None:
        if self.named is None:
            self.named = set()
        self.named.update(conversations)
        if len(self.named) > NAMED_LIMIT:
            self.everything = True

    def take(self) -> bytes:
        """What is to be written next, empty for nothing."""
        named, self.named = self.named, None
        everything, self.everything = self.everything, False
        if everything:
            return _EVERYTHING
        if named:
            return f"event: change\ndata: {json.dumps({'conversations': sorted(named)})}\n\n".encode()
        if self.heartbeat_at <= time.monotonic():
            self.heartbeat_at = time.monotonic() + HEARTBEAT_SECONDS
            return _HEARTBEAT
        return b""

    def write(self) -> None:
        """See to it that what is to be written gets written, once the stream has started."""
        if self.started and self.writer is None:
            self.writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while data := self.take():
                await self.send({"type": "http.response.body", "body": data, "more_body": True})
            if self.ending:
                await self.send({"type": "http.response.body", "body": b""})
        except (OSError, RuntimeError):
            pass  # The connection is closed; the handler of the request hears of it in a moment.
        finally:
            self.writer = None


class Live:
    """The endpoint of one process: ``await live(scope, receive, send)`` serves one browser until it leaves.

    A page pulls everything since its own cursor when its stream opens and whenever it is told of a change. So an event
    may be repeated, merged with others or replaced by "everything", and none may be missing.
    """

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._by_number: defaultdict[int, set[Client]] = defaultdict(set)
        self._threads = DjangoThreads(2, name="live", database={"ANSWER_SECONDS": LOOK_UP_SECONDS})
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        #: Rows of streams that have ended.
        self._ended: list[int] = []
        self._say_again_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET with Django's session cookie. 403 for strangers, 429 when the agent has too many pages open, 503 when all
        together have, or the database is away."""
        body = Body(receive)
        if scope["method"] != "GET":
            await respond(send, 405, "Use GET.", headers=((b"allow", b"GET"),), body=body)
            return
        if self._stopping or len(self._clients) >= settings.LIVE_CONNECTION_LIMIT:
            await respond(send, 503, "Too many pages are open.", headers=((b"retry-after", b"30"),), body=body)
            return
        session = credentials.session_key(scope["headers"])
        try:
            found = await self._look_up(session) if session else None
            stream = await self._in_thread(stream_limit.opened, found.agent) if found else None
        except DatabaseError as error:
            log.warning("live_refused", reason=describe(error))
            await respond(send, 503, "The database is away. Try again.", headers=((b"retry-after", b"5"),), body=body)
            return
        if found is None:
            await respond(send, 403, "Log in first.", body=body)
        elif stream is None:
            sentence = f"You have {settings.LIVE_STREAMS_PER_AGENT} pages open. Close some of them."
            await respond(send, 429, sentence, headers=((b"retry-after", b"30"),), body=body)
        else:
            await self._serve(Client(send, session, found, stream), body)

    def end_streams(self) -> None:
        """Let every stream end, and open no more: the server waits for them before it stops."""
        self._stopping = True
        for client in self._clients:
            self._end(client)

    async def close(self) -> None:
        """End what is open and give everything back. Safe to repeat."""
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
        await self._tell_streams()
        await asyncio.to_thread(self._threads.close)

    async def _look_up(self, session: str) -> Visitor | None:
        return await self._in_thread(visitor, session)

    async def _in_thread(self, act: Callable[[A], T], argument: A) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, argument)

    async def _serve(self, client: Client, body: Body) -> None:
        # Before the page hears that the stream is open and pulls: a change in between must not be missing.
        self._clients.add(client)
        for number in client.visitor.numbers:
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
            pass  # They left, or _end() completed the response.
        finally:
            CONNECTIONS.dec()
            self._ended.append(client.stream)
            self._clients.discard(client)
            for number in client.visitor.numbers:
                self._by_number[number].discard(client)

    def _end(self, client: Client) -> None:
        client.ending = True
        client.write()

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
                    # Whatever changed while nobody listened, every page finds with its cursor.
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
        """Tell those who see the number of a conversation that it changed; ``payload`` as in inbox.changes.pages."""
        try:
            pairs = [(int(number), int(conversation)) for number, conversation in json.loads(payload)["conversations"]]
        except (ValueError, KeyError, TypeError):
            log.warning("live_payload_unknown", length=len(payload))
            self._tell_everyone()
            return
        conversations: defaultdict[int, list[int]] = defaultdict(list)
        for number, conversation in pairs:
            conversations[number].append(conversation)
        for number, changed in conversations.items():
            for client in self._by_number.get(number, ()):
                client.name(changed)
                client.write()

    def _tell_everyone(self) -> None:
        for client in self._clients:
            client.everything = True
            client.write()

    # --- Signs of life, and whether they may still listen ------------------------------------------------------------

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self._tell_streams()
            now = time.monotonic()
            due: defaultdict[str, list[Client]] = defaultdict(list)
            for client in self._clients:
                if client.heartbeat_at <= now:
                    client.write()
                if client.check_at <= now:
                    client.check_at = now + RECHECK_SECONDS
                    due[client.session].append(client)
            for session, clients in due.items():
                await self._recheck(session, clients)

    async def _tell_streams(self) -> None:
        """Tell the other processes which streams have ended, and every minute which are still open."""
        ended, self._ended = self._ended, []
        try:
            if ended:
                await self._in_thread(stream_limit.closed, ended)
            if self._clients and time.monotonic() >= self._say_again_at:
                self._say_again_at = time.monotonic() + RECHECK_SECONDS
                await self._in_thread(stream_limit.kept, [client.stream for client in self._clients])
        except (DatabaseError, RuntimeError) as error:  # away, or the process ends: then they run out by themselves
            log.warning("live_streams_untold", reason=describe(error))

    async def _recheck(self, session: str, clients: list[Client]) -> None:
        try:
            found = await self._look_up(session)
        except DatabaseError as error:
            log.warning("live_recheck_failed", reason=describe(error))
            return
        for client in clients:
            # Logged out, deactivated, or of other numbers now: the browser comes back and is asked again.
            if client.visitor != found:
                self._end(client)
