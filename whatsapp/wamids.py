"""WhatsApp's message ids. The same message may be named by several, one in each scope; all carry the same token."""

from __future__ import annotations

import base64
import re

PREFIX = "wamid."
_URL_SAFE = str.maketrans("-_", "+/")
_CODE = re.compile(r"[A-Za-z0-9+/]{30,}")
_TOKEN = re.compile(rb"[0-9A-F]{16,64}")


def token(wamid: str) -> str:
    """The part of an id that is the same in every scope; the whole id where its layout is another.

    PostgreSQL's function inbox_wamid_token does the same; both change together. Layout of the decoded bytes: 1C 18, the
    length of the scope, the scope, 15, its type, 00, 11 or 12 (from us or not), 18, the length of the token, the token.
    """
    code = wamid[len(PREFIX) :].translate(_URL_SAFE).rstrip("=")
    if not wamid.startswith(PREFIX) or len(code) % 4 == 1 or not _CODE.fullmatch(code):
        return wamid
    raw = base64.b64decode(code + "=" * (-len(code) % 4))
    if raw[:2] != b"\x1c\x18":
        return wamid
    place = raw[2] + 3
    if len(raw) < place + 7 or raw[place] != 0x15 or raw[place + 1] > 127:
        return wamid
    if raw[place + 2 : place + 5] not in (b"\x00\x11\x18", b"\x00\x12\x18"):
        return wamid
    start, end = place + 6, place + 6 + raw[place + 5]
    # Behind the token: the end, or the participant of a group.
    if len(raw) <= end or raw[end] not in (0, 28) or not _TOKEN.fullmatch(raw, start, end):
        return wamid
    return raw[start:end].decode()
