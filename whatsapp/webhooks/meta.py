"""Meta's webhook endpoint as bare ASGI: handshake; authenticate the raw bytes, store them by group commit, answer."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from urllib.parse import parse_qs

import structlog
from django.conf import settings
from prometheus_client import Counter

from core.asgi import Body, DisconnectedError, Header, Receive, Scope, Send, respond
from core.body_budget import HeldBytes, NoRoomError
from core.client_address import address_of
from whatsapp.models import Provider
from whatsapp.webhooks.group_commit import GroupCommit, QueueFullError

log = structlog.get_logger(__name__)

REFUSED = Counter("inbox_webhooks_refused", "Requests to the webhook endpoint that were not accepted.", ["reason"])

SIGNATURE_HEADER = b"x-hub-signature-256"
#: Meta's challenge is a short number; nothing else is echoed.
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
#: Time limit in seconds for a whole body.
BODY_TIMEOUT = 15.0
#: Bytes of bodies in memory, arriving or waiting for their commit, before the endpoint answers 503.
MEMORY_LIMIT = 256 * 1024 * 1024
#: Bytes of unfinished bodies per client address. They are not authenticated yet: without this limit, one client could
#: use up the memory with bodies that never end.
ADDRESS_LIMIT = 32 * 1024 * 1024
#: Seconds between two log lines about refused requests of one kind; the counter counts all.
REFUSALS_LOGGED_EVERY = 60.0

_ACCEPTED_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"0")],
}
_ACCEPTED_BODY = {"type": "http.response.body", "body": b""}


class RefusedError(Exception):
    """The request is answered with this status. ``reason`` is the counter's label."""

    def __init__(self, status: int, reason: str, sentence: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        self.headers = headers


class Intake:
    """Meta's endpoint in one process: ``await intake(scope, receive, send)`` answers one request."""

    provider = Provider.META

    def __init__(self) -> None:
        # An empty secret would accept anybody who signs with an empty key.
        self._secrets = [secret.encode() for secret in settings.WHATSAPP_APP_SECRETS if secret]
        self._verify_token: str = settings.WHATSAPP_VERIFY_TOKEN
        self._max_bytes: int = settings.WEBHOOK_MAX_BYTES
        self._journal = GroupCommit(
            self.provider.value,
            limit=settings.WEBHOOK_QUEUE_LIMIT,
            backlog_seconds=settings.WEBHOOK_BACKLOG_SECONDS,
        )
        self._memory = 0
        self._unfinished = HeldBytes(each=ADDRESS_LIMIT, total=MEMORY_LIMIT)
        self._refusals_logged: dict[str, float] = {}

    async def close(self) -> None:
        """Commit what is queued and close the connections. Safe to repeat."""
        await self._journal.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET: Meta's handshake. POST: one notification; 200 means committed, 503 means send it again.

        https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
        """
        body = Body(receive)
        refused: RefusedError | None = None
        try:
            if scope["method"] == "POST":
                await self._accept(scope, body)
                await send(_ACCEPTED_START)
                await send(_ACCEPTED_BODY)
            elif scope["method"] == "GET":
                await respond(send, 200, self._challenge(scope["query_string"]))
            else:
                raise RefusedError(405, "method", "Use GET or POST.", ((b"allow", b"GET, POST"),))
        except RefusedError as refusal:
            self._count(refusal)
            refused = refusal
        except DisconnectedError:
            REFUSED.labels("disconnected").inc()
        if refused is not None:
            # Discarding may take seconds, during which the traceback would keep the body in memory.
            refused.__traceback__ = refused.__context__ = None
            await respond(send, refused.status, str(refused), headers=refused.headers, body=body)

    def _challenge(self, query_string: bytes) -> str:
        """The challenge to echo when this address is entered in Meta's dashboard."""
        try:
            query = parse_qs(query_string.decode("ascii"), max_num_fields=16)
        except ValueError:
            query = {}
        mode, token, challenge = (query.get(f"hub.{name}", [""])[-1] for name in ("mode", "verify_token", "challenge"))
        known = hmac.compare_digest(token.encode(errors="replace"), self._verify_token.encode())
        if not (known and self._verify_token and mode == "subscribe" and CHALLENGE.fullmatch(challenge)):
            raise RefusedError(403, "handshake", "The verify token or the challenge is not right.")
        return challenge

    async def _accept(self, scope: Scope, body: Body) -> None:
        signature = self._check_headers(scope["headers"])
        try:
            raw = await body.next()
            self._hold(len(raw), body)
            if not body.complete:
                raw += await self._rest(body, address_of(scope))
            await self._store(raw, signature)
        except TimeoutError:
            raise RefusedError(408, "slow", "The body did not arrive in time.") from None
        except QueueFullError:
            raise RefusedError(503, "full", "Too many notifications are waiting. Send it again later.") from None
        finally:
            self._memory -= body.size

    async def _store(self, raw: bytes, signature: bytes) -> None:
        await self._keep(raw, signed_with=self._verify(raw, signature))

    async def _keep(self, raw: bytes, *, signed_with: int) -> None:
        if not await self._journal.add(raw, signed_with=signed_with):
            raise RefusedError(503, "database", "The notification could not be stored. Send it again.")

    async def _rest(self, body: Body, address: str) -> bytes:
        """Read the rest of a body. A timer for every small request would cost more than its HMAC, so it starts only
        here; config.http_connections limits the wait for the first part."""
        parts: list[bytes] = []
        held = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                while not body.complete:
                    more, held = body.size - held, body.size
                    self._unfinished.add(address, more)
                    parts.append(await body.next())
                    self._hold(len(parts[-1]), body)
        except NoRoomError:
            sentence = "Too many bodies are arriving from this address at once. Send it again later."
            raise RefusedError(503, "full", sentence) from None
        finally:
            self._unfinished.release(address, held)
        return b"".join(parts)

    def _hold(self, size: int, body: Body) -> None:
        self._memory += size
        self._check_size(body.size)

    def _check_headers(self, headers: list[Header]) -> bytes:
        """The signature header. Refuses what can be refused without the body; any content type is accepted."""
        signatures = self._check_body_headers(headers)
        if len(signatures) != 1:
            raise RefusedError(401, "signature", "Sign the body: one header X-Hub-Signature-256.")
        return signatures[0]

    def _check_body_headers(self, headers: list[Header]) -> list[bytes]:
        """All signature headers. Refuses compressed and too large bodies."""
        signatures: list[bytes] = []
        for name, value in headers:
            if name == SIGNATURE_HEADER:
                signatures.append(value)
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise RefusedError(415, "encoding", "Send the body without Content-Encoding.")
            elif name == b"content-length":
                self._check_size(int(value))
        return signatures

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise RefusedError(413, "too_large", f"A body may have {self._max_bytes} bytes.")
        if self._memory > MEMORY_LIMIT:
            raise RefusedError(503, "full", "Too many bodies are arriving at once. Send it again later.")

    def _verify(self, raw: bytes, signature: bytes) -> int:
        """The number of the secret that signed these bytes, from 1. Compares bytes: a non-ASCII str would raise."""
        for place, secret in enumerate(self._secrets, start=1):
            expected = b"sha256=" + hmac.digest(secret, raw, "sha256").hex().encode()
            if hmac.compare_digest(expected, signature):
                return place
        raise RefusedError(401, "signature", "The signature does not match the body.")

    def _count(self, refusal: RefusedError) -> None:
        REFUSED.labels(refusal.reason).inc()
        now = time.monotonic()
        if now - self._refusals_logged.get(refusal.reason, -REFUSALS_LOGGED_EVERY) >= REFUSALS_LOGGED_EVERY:
            self._refusals_logged[refusal.reason] = now
            log.warning("webhook_refused", reason=refusal.reason, status=refusal.status, sentence=str(refusal))
