"""The web process: webhooks and live updates answered in the event loop, everything else by Django in threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# First of ours: it sets Django up, which the modules below need.
from config.wsgi import application as django
from whatsapp.asgi import Receive, Scope, Send
from whatsapp.intake import Intake

#: The address in Meta's dashboard; with and without the slash, for Meta follows no redirects.
WEBHOOK_PATHS = frozenset({"/webhooks/meta/", "/webhooks/meta"})


class Pages:
    """Django's WSGI application in a pool of threads. Each thread keeps a database connection of its own."""

    def __init__(self, *, threads: int) -> None:
        self._databases: list[BaseDatabaseWrapper] = []
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="page", initializer=self._register)
        self._wsgi: Any = WSGIMiddleware(cast(Any, django), workers=1)
        self._wsgi.executor.shutdown()
        self._wsgi.executor = self._executor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # WSGI writes X_Forwarded_For and X-Forwarded-For the same way: a stranger could speak for the proxy.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        await self._wsgi(scope, receive, send)

    def close(self) -> None:
        """Let the requests in progress finish, then close the threads' database connections."""
        self._executor.shutdown(cancel_futures=True)
        for database in self._databases:
            database.inc_thread_sharing()
            database.close()

    def _register(self) -> None:
        self._databases.extend(connections.all())


class Application:
    """The ASGI application. Its parts belong to one event loop, from the server's start to its end."""

    def __init__(self) -> None:
        self._open()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path in WEBHOOK_PATHS:
                await self._intake(scope, receive, send)
            else:
                await self._pages(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live_through(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _open(self) -> None:
        self._intake = Intake()
        self._pages = Pages(threads=settings.PAGE_THREADS)

    async def _live_through(self, receive: Receive, send: Send) -> None:
        await receive()
        self._open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._intake.close()
        await asyncio.to_thread(self._pages.close)
        await send({"type": "lifespan.shutdown.complete"})


application = Application()
