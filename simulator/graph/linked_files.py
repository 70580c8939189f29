"""Files that the business sends as a link: WhatsApp fetches them, once it has accepted the message."""

from __future__ import annotations

import requests

TIMEOUT = 10


class Unreachable(Exception):
    """The file could not be fetched; the text is the reason, as the failed status gives it."""


def fetch(link: str, *, most: int) -> tuple[bytes, str]:
    """The bytes behind a link and their declared type, reading one byte more than ``most`` at the utmost.

    Raises Unreachable.
    """
    try:
        with requests.get(link, timeout=TIMEOUT, stream=True) as answer:
            if answer.status_code != 200:
                raise Unreachable(f"Downloading media from weblink failed with http code {answer.status_code}")
            content = answer.raw.read(most + 1, decode_content=True)
            return content, answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    except requests.RequestException as error:
        raise Unreachable(f"Downloading media from weblink failed: {type(error).__name__}") from error
