"""The web process: webhooks and live updates answered in the event loop, everything else by Django in threads."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import threading
from importlib import import_module
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.checks import Tags, run_checks

# Imported first: it sets up Django, which the modules below need.
import config.wsgi  # noqa: F401

# isort: split
from config.http_connections import take_over
from config.wsgi_bridge import Pages
from core.asgi import Receive, Scope, Send
from core.sandbox.kernel import hide_process
from inbox.changes.stream import Live
from whatsapp.webhooks.aws import AwsIntake
from whatsapp.webhooks.meta import Intake

#: Entered in Meta's dashboard. With and without the slash, because Meta follows no redirects.
WEBHOOK_PATHS = frozenset({"/webhooks/meta/", "/webhooks/meta"})
#: SNS topics post here.
AWS_WEBHOOK_PATHS = frozenset({"/webhooks/aws/", "/webhooks/aws"})
LIVE_PATH = "/live/"
#: Answered even while every page waits for a hanging database.
HEALTH_PATH = "/health/"
HEALTH_THREADS = 2
#: File descriptors of one process besides live updates: webhooks, pages, the database.
OTHER_FILES = 2000


class Application:
    """The ASGI application. Its parts belong to one event loop, from startup to shutdown."""

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
            elif path.startswith(HEALTH_PATH):
                # No login needed: without the cookie no session is read from a database that may hang.
                scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
                await self._health(scope, receive, send)
            else:
                await self._pages(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._run(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def end_streams(self) -> None:
        """End the live updates: a server that shuts down waits for every open request first."""
        self._live.end_streams()

    def _open(self) -> None:
        self._intake = Intake()
        self._aws_intake = AwsIntake()
        self._live = Live()
        self._pages = Pages(threads=settings.PAGE_THREADS)
        self._health = Pages(threads=HEALTH_THREADS, name="health page")

    async def _run(self, receive: Receive, send: Send) -> None:
        await receive()
        # Commands run checks themselves. A web server without its secrets would refuse every webhook.
        faults = [fault for fault in run_checks(tags=[Tags.security]) if fault.is_serious()]
        if faults:
            sentences = " ".join(f"{fault.msg} {fault.hint or ''}".strip() for fault in faults)
            await send({"type": "lifespan.startup.failed", "message": sentences})
            return
        take_over(receive, self)
        hide_process()
        _allow_many_files()
        self._open()
        self._hear_signals()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._intake.close()
        await self._aws_intake.close()
        await self._live.close()
        await self._pages.close()
        await self._health.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _hear_signals(self) -> None:
        """End live updates on SIGINT and SIGTERM: the lifespan protocol reports shutdown only after all requests are
        over, and streams never end by themselves."""
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
    """Raise the limit of open files. With the usual 1,024, a thousand idle pages would leave none for webhooks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.LIVE_CONNECTION_LIMIT + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


application = Application()

# Load the pages before the first request, and exclude everything loaded so far from garbage collection: a full
# collection took 60 ms (measured), during which nothing is answered.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
