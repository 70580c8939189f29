"""Limits for HTTP connections, so that the server survives slow and greedy clients without a proxy."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.asgi import Receive

log = structlog.get_logger(__name__)

#: Bytes of a request's first line and headers; nginx's limit too.
MAX_HEADER_BYTES = 32 * 1024
#: Seconds for all headers of a request, and until the first byte on a new connection.
HEADER_SECONDS = 15.0
#: Seconds for a body, plus one for each so many bytes received. Code that reads bodies has a shorter limit and answers;
#: this one is for bodies that nobody reads.
BODY_SECONDS = 40.0
BODY_BYTES_PER_SECOND = 8 * 1024
#: Seconds after which a client that doesn't read its answer is disconnected.
UNREAD_SECONDS = 60.0
#: Seconds between two checks of a connection: cheaper than a timer per request.
LOOK_EVERY = 5.0


class Connection(HttpToolsProtocol):
    """An HTTP connection of uvicorn, which has no time limits and accepts headers of any size."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        #: When the headers, or the body, of the current request began to arrive; None while none is expected.
        self._headers_since: float | None = self.loop.time()
        self._body_since: float | None = None
        self._in_message = False
        self._header_bytes = 0
        self._body_bytes = 0
        #: Since when the client doesn't read; None while it does.
        self._unread_since: float | None = None
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    # --- Size of headers ---------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if not self._in_message and self._headers_since is None:
            self._headers_since = self.loop.time()
        before = self._header_bytes
        super().data_received(data)
        # on_header isn't called for a header that never ends, so the bytes read are counted.
        if self.parser is not None and self._headers_since is not None and not self.transport.is_closing():
            self._header_bytes = before + len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(431, b"The headers of the request are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_message = True
        self._header_bytes = 0
        self._headers_since = self._headers_since or self.loop.time()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        # Also called for trailers after a body.
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError  # ends the parsing; uvicorn then calls send_400_response

    def send_400_response(self, msg: str) -> None:
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(431, b"The headers of the request are too large.")
        else:
            super().send_400_response(msg)

    # --- Time --------------------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        self._headers_since = None
        self._body_since = self.loop.time()
        self._body_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_since = None
        self._in_message = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def _look_again(self) -> None:
        self._timer = self.loop.call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if self.transport.is_closing():
            # The rest of the answer is in the system's buffer, or waits for a client that doesn't read.
            self._unread_since = self._unread_since or now
        if self._late(self._unread_since, UNREAD_SECONDS):
            self.transport.abort()
        elif self._late(self._headers_since, HEADER_SECONDS):
            self._refuse(408, b"The headers of the request did not arrive in time.")
        elif self._late(self._body_since, BODY_SECONDS + self._body_bytes / BODY_BYTES_PER_SECOND):
            self.transport.abort()
        self._look_again()

    def _late(self, since: float | None, seconds: float) -> bool:
        return since is not None and self.loop.time() - since > seconds

    def _refuse(self, status: int, sentence: bytes) -> None:
        """Answer and close, unless an earlier answer is being written."""
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(sentence) + sentence)
        self.transport.close()


def take_over(receive: Receive, application: Any) -> None:
    """Make the uvicorn that serves ``application`` use these connections, whichever command started it.

    Also bypasses uvicorn's wrapper around the application, which trusts X-Forwarded-For from any program on this
    machine, and so from a proxy that forwards what a client wrote. Only TRUSTED_PROXIES decides that. ``receive`` is
    from the lifespan protocol; uvicorn's configuration is reached through it.
    """
    config = getattr(getattr(receive, "__self__", None), "config", None)
    if not isinstance(config, uvicorn.Config):
        log.warning("server_unknown", consequence="Limits for slow and greedy clients are not in force: use uvicorn.")
        return
    config.http_protocol_class = Connection
    config.loaded_app = application
