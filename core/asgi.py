"""Shared by the bare ASGI endpoints: the protocol's types, reading a body, plain-text answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

#: The most that is read of an unwanted body: a client that is still sending can't read the answer.
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2.0


class DisconnectedError(Exception):
    """The client disconnected before its request was complete."""


class Body:
    """The body of one request, as it arrives."""

    __slots__ = ("_receive", "complete", "size")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        #: Bytes that have arrived.
        self.size = 0
        self.complete = False

    async def next(self) -> bytes:
        """The next bytes; ``complete`` then says whether they were the last. Raises DisconnectedError."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.complete = True
            raise DisconnectedError
        self.complete = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        self.size += len(part)
        return part

    async def discard(self) -> None:
        """Read and discard the rest, up to a limit of bytes and seconds."""
        dropped = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.complete and dropped < LINGER_BYTES:
                    dropped += len(await self.next())
        except (TimeoutError, DisconnectedError):
            return  # Clients that are still sending have been answered, and are disconnected now.


async def respond(
    send: Send,
    status: int,
    text: bytes | str,
    *,
    headers: Iterable[Header] = (),
    body: Body | None = None,
    content_type: bytes = b"text/plain; charset=utf-8",
) -> None:
    """Answer with a text. With ``body``, a request that is still being sent is answered first, then read to its end.

    Closing the connection while the client sends would reset it, and the answer would be lost.
    """
    content = text.encode() if isinstance(text, str) else text
    unfinished = body is not None and not body.complete
    start = [
        (b"content-type", content_type),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    if unfinished:
        start.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content, "more_body": unfinished})
    if body is not None and unfinished:
        await body.discard()
        await send({"type": "http.response.body", "body": b""})
