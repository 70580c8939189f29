"""Where files are stored: a private S3 bucket, or a local folder on machines without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

from django.core.files.storage import default_storage
from django.utils.translation import gettext_noop

from whatsapp.providers.base import S3Object

DISK_FAILED = gettext_noop("The file storage failed (%(reason)s).")
NOT_THERE = gettext_noop("The file storage is not there.")
UNREACHABLE = gettext_noop("The file storage cannot be reached.")
SERVER_FAILED = gettext_noop("The file storage failed on its side.")
REFUSED = gettext_noop(
    "The file storage refused the request (%(reason)s). Ask an administrator to check the bucket, the key and the "
    "server’s clock."
)


class StorageError(Exception):
    """The storage failed. The text is a sentence that names no key, host or path.

    ``refused``: it answered and refused, so that another attempt soon is useless.
    """

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class MissingFileError(Exception):
    """The storage answered, and has no such file.

    Not a FileNotFoundError: a missing temporary directory raises that, and must never look like a lost file.
    """

    def __init__(self) -> None:
        super().__init__("The file storage has no such file.")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the storage, from a listing: ``size`` in bytes, ``modified`` when it was written."""

    key: str
    size: int
    modified: datetime


class MediaStorage(Protocol):
    """What the product needs of a storage, beyond Django's own interface."""

    def put(self, name: str, content: IO[bytes], *, content_type: str) -> None:
        """Write a file under exactly this name, whole or not at all. Raises StorageError.

        Safe to repeat: the same name is replaced, never renamed.
        """

    def copy_to(self, name: str, target: IO[bytes]) -> None:
        """Write the bytes of a file into ``target`` with flat memory. Raises StorageError, MissingFileError."""

    def beginning(self, name: str, size: int) -> bytes:
        """Read the first ``size`` bytes of a file, and no more. Raises StorageError, MissingFileError."""

    def discard(self, name: str) -> None:
        """Delete a file. Safe to repeat. Raises StorageError."""

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """List every file whose name begins with ``prefix``, page by page. Raises StorageError."""

    def s3_object(self, name: str) -> S3Object | None:
        """The address in S3 of a file of this name, for AWS to read or write; None without S3."""

    def move(self, name: str, new_name: str) -> None:
        """Rename a file, replacing one of that name. Raises StorageError, MissingFileError."""

    def ping(self) -> None:
        """Raise StorageError unless the storage answers."""

    def signed_url(self, name: str, *, content_type: str, disposition: str, expires: int) -> str:
        """An address that serves the file with these headers, without login, for ``expires`` seconds."""


def media_storage() -> MediaStorage:
    """The storage that STORAGES["default"] names."""
    storage: MediaStorage = default_storage  # type: ignore[assignment]
    return storage
