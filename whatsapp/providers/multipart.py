"""A multipart/form-data body that is read in pieces, so that a 100 MB file needs no memory (RFC 7578).

Not requests-toolbelt: its encoder (1.0.0, May 2023) loops forever when the file is shorter than announced.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from whatsapp.providers.base import ProviderError

CHUNK_BYTES = 64 * 1024
MAX_NAME = 150
#: Control characters, directional marks, invisible ones, and what ends a header's value or a path's part.
UNSAFE = re.compile('[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff/\\\\"]+')
MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?[\w.+-]+=[\w.+-]+)*", re.ASCII)


class MultipartFile:
    """The body of an upload: ``fields``, then ``file`` of exactly ``size`` bytes, read once from where it stands.

    requests reads it in pieces and sends a Content-Length. Raises ProviderError when ``mime_type`` isn't valid, and
    while being read when the file is shorter than ``size``; what is longer is not sent.
    """

    def __init__(self, fields: dict[str, str], file: BinaryIO, *, size: int, mime_type: str, file_name: str) -> None:
        if not MIME_TYPE.fullmatch(mime_type):
            raise ProviderError(_("The type of the file isn’t valid."))
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{clean_name(file_name)}"\r\n'
            f"Content-Type: {mime_type}\r\n\r\n"
        )
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = size
        self._pieces = self._read()

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def read(self, _size: int = -1) -> bytes:
        """The next piece, whatever its length; empty at the end."""
        return next(self._pieces, b"")

    def _read(self) -> Iterator[bytes]:
        yield self._head
        left = self._size
        while left:
            chunk = self._file.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise ProviderError(_("The stored file is shorter than expected. It was not sent."))
            left -= len(chunk)
            yield chunk
        yield self._tail


def clean_name(name: str) -> str:
    """A file name for a header: one line, no quotes, no path, at most 150 characters; "file" when nothing is left."""
    cleaned = " ".join(UNSAFE.sub(" ", name).split()).strip(". ")
    if len(cleaned) > MAX_NAME:
        stem, dot, suffix = cleaned.rpartition(".")
        keep = dot + suffix if stem and len(suffix) <= 10 else ""
        cleaned = cleaned[: MAX_NAME - len(keep)].rstrip(". ") + keep
    return cleaned or "file"
