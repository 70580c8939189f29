"""Files that WhatsApp holds: keeping them, their ids, and their addresses that live five minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from simulator.network.exchange import Exchange
from simulator.network.faults import MediaFault
from simulator.network.store import StoredMedia

ADDRESS_SECONDS = 5 * 60
#: Days that an id lives (reference: "Media", 2025-10-09): from a webhook, and from an upload.
RECEIVED_DAYS = 7
UPLOADED_DAYS = 30
PATH = "/whatsapp_business/attachments/"


def keep(
    exchange: Exchange,
    number_id: str,
    content: bytes,
    mime_type: str,
    *,
    file_name: str = "",
    days: int,
    fault: str = MediaFault.NONE,
) -> StoredMedia:
    """Keep these bytes under a fresh media id."""
    media = StoredMedia(
        media_id=str(10**15 + secrets.randbelow(9 * 10**15)),
        number_id=number_id,
        mime_type=mime_type,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        file_name=file_name,
        expires_at=time.time() + days * 24 * 3600,
        fault=fault,
    )
    exchange.store.add_media(media, content)
    return media


def address(exchange: Exchange, media: StoredMedia, *, lives: float = ADDRESS_SECONDS) -> str:
    """Where the file can be fetched with the access token for ``lives`` seconds; negative: an address that is dead."""
    expires = int(time.time() + lives)
    query = {
        "mid": media.media_id,
        "source": "webhook",
        "ext": expires,
        "hash": _mark(exchange, media.media_id, expires),
    }
    return f"{exchange.origin}{PATH}?{urlencode(query)}"


def at_address(exchange: Exchange, query: dict[str, str]) -> StoredMedia | None:
    """The file that a request for an address means; None when the address is wrong or too old."""
    media = exchange.store.media(query.get("mid", ""))
    expires = query.get("ext", "")
    if media is None or not expires.isdigit() or int(expires) < time.time():
        return None
    if not hmac.compare_digest(_mark(exchange, media.media_id, int(expires)).encode(), query.get("hash", "").encode()):
        return None
    return media


def _mark(exchange: Exchange, media_id: str, expires: int) -> str:
    digest = hmac.new(exchange.link_key.encode(), f"{media_id} {expires}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def alive(exchange: Exchange, media: StoredMedia | None) -> bool:
    """Whether the id still means something."""
    if media is None or media.deleted or media.expires_at < time.time():
        return False
    return fault(exchange, media) is not MediaFault.GONE


def fault(exchange: Exchange, media: StoredMedia) -> MediaFault:
    """What is wrong with this file now: its own fault, else the switch."""
    return MediaFault(media.fault) or exchange.store.faults().media


def refuses(exchange: Exchange, media: StoredMedia) -> bool:
    """Whether this request gets a 503; a passing fault counts it."""
    wrong = fault(exchange, media)
    if wrong is MediaFault.UNAVAILABLE_ONCE and media.refusals < 2:
        exchange.store.change_media(media.media_id, refusals=media.refusals + 1)
        return True
    return wrong is MediaFault.UNAVAILABLE


def part(exchange: Exchange, media: StoredMedia) -> dict[str, Any]:
    """What a webhook says about the file: its address since 2025-11-12, and the hash in base64."""
    dead = fault(exchange, media) is MediaFault.EXPIRED
    return {
        "mime_type": media.mime_type,
        "sha256": base64.b64encode(bytes.fromhex(media.sha256)).decode(),
        "id": media.media_id,
        "url": address(exchange, media, lives=-1 if dead else ADDRESS_SECONDS),
    }
