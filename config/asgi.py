"""The web process: webhooks and live updates answered in the event loop, everything else by Django in threads."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import threading
from importlib import import_module
from types import FrameType
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import BadRequest

# First of ours: it sets Django up, which the modules below need.
from config.wsgi import application as django
from inbox.live import Live
from whatsapp.asgi import Receive, Scope, Send
from whatsapp.aws_intake import AwsIntake
from whatsapp.intake import Intake
from whatsapp.threads import DjangoThreads

#: The address in Meta's dashboard; with and without the slash, for Meta follows no redirects.
WEBHOOK_PATHS = frozenset({"/webhooks/meta/", "/webhooks/meta"})
#: The address that an SNS topic posts to.
AWS_WEBHOOK_PATHS = frozenset({"/webhooks/aws/", "/webhooks/aws"})
LIVE_PATH = "/live/"
#: Files and sockets of one process beside its streams: webhooks, pages, the database.
OTHER_FILES = 2000


class Pages:
    """Django's WSGI application in a pool of threads. Each thread keeps a database connection of its own."""

    def __init__(self, *, threads: int, name: str = "page") -> None:
        self._threads = DjangoThreads(threads, name=name, database=settings.PAGES_DATABASE)
        self._wsgi: Any = WSGIMiddleware(cast(Any, django), workers=1)
        self._wsgi.executor.shutdown()
        self._wsgi.executor = self._threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # WSGI writes X_Forwarded_For and X-Forwarded-For the same way: a stranger could speak for the proxy.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        await self._wsgi(scope, _whole(receive), send)

    async def close(self) -> None:
        """Let the requests in progress finish, then give the threads back."""
        await asyncio.to_thread(self._threads.close)


def _whole(receive: Receive) -> Receive:
    """Fails where the connection breaks inside a body. WSGI has no word for it: what came by then would look like all,
    and a letter would leave without the file that was on its way with it."""
    whole = False

    async def receive_whole() -> Any:
        nonlocal whole
        message = await receive()
        if message["type"] == "http.request":
            whole = not message.get("more_body", False)
        elif not whole:
            raise BadRequest("The connection ended before the request was whole.")
        return message

    return receive_whole


class Application:
    """The ASGI application. Its parts belong to one event loop, from the server's start to its end."""

    def __init__(self) -> None:
        self._open()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path in WEBHOOK_PATHS:
                await self._intake(scope, receive, send)
            elif path in AWS_WEBHOOK_PATHS:
                await self._aws_intake(scope, receive, send)
            elif path == LIVE_PATH:
                await self._live(scope, receive, send)
            else:
                await self._pages(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._run(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def end_streams(self) -> None:
        """Let the live updates end. A server that is told to stop waits for every open request first."""
        self._live.end_streams()

    def _open(self) -> None:
        self._intake = Intake()
        self._aws_intake = AwsIntake()
        self._live = Live()
        self._pages = Pages(threads=settings.PAGE_THREADS)

    async def _run(self, receive: Receive, send: Send) -> None:
        await receive()
        # Commands check this by themselves; a web server that starts without its secrets would refuse every webhook.
        faults = [fault for fault in run_checks(tags=[Tags.security]) if fault.is_serious()]
        if faults:
            sentences = " ".join(f"{fault.msg} {fault.hint or ''}".strip() for fault in faults)
            await send({"type": "lifespan.startup.failed", "message": sentences})
            return
        _allow_many_files()
        self._open()
        self._hear_signals()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._intake.close()
        await self._aws_intake.close()
        await self._live.close()
        await self._pages.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _hear_signals(self) -> None:
        """The lifespan protocol tells of the end only when all requests are over, and the streams never are."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            server_handler = signal.getsignal(number)
            if not callable(server_handler):
                continue

            def handle(number: int, frame: FrameType | None, server_handler: Any = server_handler) -> None:
                loop.call_soon_threadsafe(self.end_streams)
                server_handler(number, frame)

            signal.signal(number, handle)


def _allow_many_files() -> None:
    """Every open stream is a file. Where the limit stays at the usual 1,024, a thousand idle pages would shut the door
    on webhooks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.LIVE_CONNECTION_LIMIT + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


application = Application()

# The pages are loaded before the first visitor, and everything loaded so far is taken out of the garbage collector's
# sight: a full collection took 60 ms (measured), in which nothing is answered.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
