"""Private local files behind signed, expiring addresses: what S3 does, for machines without S3."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote, urlencode

from django.core import signing
from django.core.files.storage import FileSystemStorage, default_storage
from django.urls import reverse
from django.utils.deconstruct import deconstructible

from whatsapp.providers.base import S3Object


@functools.cache
def _signer() -> signing.Signer:
    """Made at first use: without SECRET_KEY, Django's checks have to be able to say so."""
    return signing.Signer(salt="inbox.media.storage.local.file")


COPY_BYTES = 256 * 1024
#: Where files of the local storage lie while they are being written.
INCOMING = ".incoming"
#: A file that nobody has written to for this long was left by a process that died.
ABANDONED_SECONDS = 3600


class StorageError(Exception):
    """The storage did not do what it was asked. The text is a sentence that names no key, host or path.

    ``refused``: it answered and said no, so that asking again soon is no use.
    """

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class MissingFileError(Exception):
    """The storage answered, and has no file of this name. Not a FileNotFoundError: a temporary directory that is not
    there raises that, and must never pass for a customer's file that is lost."""

    def __init__(self) -> None:
        super().__init__("The file storage has no such file.")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the storage as its listing tells: ``size`` in bytes, ``modified`` when it was written."""

    key: str
    size: int
    modified: datetime


class MediaStorage(Protocol):
    """What media needs of the default storage, beyond Django's own interface."""

    def put(self, name: str, content: IO[bytes], *, content_type: str) -> None:
        """Write a file under exactly this name, whole or not at all, before returning. Safe to repeat: the same name
        is replaced, never renamed. Raises StorageError."""

    def copy_to(self, name: str, target: IO[bytes]) -> None:
        """Write the bytes of a file into ``target`` with flat memory. Raises StorageError, MissingFileError."""

    def beginning(self, name: str, size: int) -> bytes:
        """The first ``size`` bytes of a file, or all of it if it is smaller; reads no more than that. Raises
        StorageError, MissingFileError."""

    def discard(self, name: str) -> None:
        """Delete a file. Safe to repeat. Raises StorageError."""

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every file whose name begins so, in pages behind the scenes. Raises StorageError."""

    def s3_object(self, name: str) -> S3Object | None:
        """Where somebody else with access to the bucket finds, or may put, a file of this name; None without S3."""

    def move(self, name: str, new_name: str) -> None:
        """Give a file another name, whole or not at all; a file of that name is replaced. Raises StorageError,
        MissingFileError."""

    def ping(self) -> None:
        """Raise StorageError unless the storage answers."""

    def signed_url(self, name: str, *, content_type: str, disposition: str, expires: int) -> str:
        """An address that serves the file to whoever holds it, with these headers, for ``expires`` seconds."""


def media_storage() -> MediaStorage:
    """The storage that STORAGES["default"] names."""
    storage: MediaStorage = default_storage  # type: ignore[assignment]
    return storage


@deconstructible(path="inbox.media.storage.local.SignedFileSystemStorage")
class SignedFileSystemStorage(FileSystemStorage):
    """Files that only this user of the machine may read, served by `views.media.local_file` to signed addresses.

    ``bucket_name`` is what somebody else on this machine who writes into the folder calls it; else nobody may.
    """

    def __init__(self, *, bucket_name: str = "", **options: Any) -> None:
        self.bucket_name = bucket_name
        options.setdefault("file_permissions_mode", 0o600)
        options.setdefault("directory_permissions_mode", 0o700)
        super().__init__(**options)

    def put(self, name: str, content: IO[bytes], *, content_type: str) -> None:
        target = Path(self.path(name))
        try:
            self._make_private(target.parent)
            incoming = self._incoming()
            # Renamed into place when it is whole and on disk: a reader sees all of it or nothing.
            with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as part:
                try:
                    content.seek(0)
                    shutil.copyfileobj(content, part, COPY_BYTES)
                    part.flush()
                    os.fsync(part.fileno())
                    os.replace(part.name, target)
                finally:
                    with contextlib.suppress(FileNotFoundError):  # it has its name now
                        os.unlink(part.name)
            self._sync(target.parent)
        except OSError as error:
            raise StorageError(f"The file storage could not write ({error.strerror}).") from error

    def copy_to(self, name: str, target: IO[bytes]) -> None:
        try:
            with open(self.path(name), "rb") as source:
                shutil.copyfileobj(source, target, COPY_BYTES)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise StorageError(f"The file storage could not read ({error.strerror}).") from error

    def beginning(self, name: str, size: int) -> bytes:
        try:
            with open(self.path(name), "rb") as file:
                return file.read(size)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise StorageError(f"The file storage could not read ({error.strerror}).") from error

    def discard(self, name: str) -> None:
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))
        except OSError as error:
            raise StorageError(f"The file storage could not delete ({error.strerror}).") from error

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        root = Path(self.location)
        for directory, folders, names in os.walk(root / prefix.rpartition("/")[0]):
            if Path(directory) == root:
                folders[:] = [folder for folder in folders if folder != INCOMING]
            for name in names:
                path = Path(directory, name)
                with contextlib.suppress(FileNotFoundError):  # deleted since
                    facts = path.stat()
                    key = os.fsencode(path.relative_to(root).as_posix()).decode(errors="replace")
                    if key.startswith(prefix):
                        yield StoredObject(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def s3_object(self, name: str) -> S3Object | None:
        return S3Object(self.bucket_name, name) if self.bucket_name else None

    def move(self, name: str, new_name: str) -> None:
        target = Path(self.path(new_name))
        try:
            self._make_private(target.parent)
            os.replace(self.path(name), target)
            self._sync(target.parent)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise StorageError(f"The file storage could not rename ({error.strerror}).") from error

    def ping(self) -> None:
        try:
            self._make_private(Path(self.location))
            with tempfile.TemporaryFile(dir=self.location) as file:
                file.write(bytes(COPY_BYTES))  # an empty file finds room on a full disk
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"The file storage cannot be written to ({error.strerror}).") from error

    def signed_url(self, name: str, *, content_type: str, disposition: str, expires: int) -> str:
        self.path(name)  # refuses names that lead out of the storage
        until = str(int(time.time()) + expires)
        query = {
            "type": content_type,
            "disposition": disposition,
            "expires": until,
            "signature": _signer().signature(_signed_words(name, content_type, disposition, until)),
        }
        return f"{reverse('file', args=[name])}?{urlencode(query, quote_via=quote)}"

    def url(self, name: str | None, **_parameters: Any) -> str:
        """A signed download address: there is no public one."""
        return self.signed_url(
            name or "", content_type="application/octet-stream", disposition="attachment", expires=60
        )

    def _missing(self) -> Exception:
        """What a file that is not there means: where the whole folder is not, a disk is not mounted."""
        return MissingFileError() if self.is_there() else StorageError("The file storage is not there.")

    def is_there(self) -> bool:
        """Whether the folder of all files exists; it does once there was a first one."""
        return Path(self.location).is_dir()

    def _incoming(self) -> Path:
        """The folder of files that are being written, rid of those that a killed process left there."""
        incoming = Path(self.location) / INCOMING
        self._make_private(incoming)
        for left in os.scandir(incoming):
            with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                if left.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                    os.unlink(left.path)
        return incoming

    def _make_private(self, directory: Path) -> None:
        """Create the missing directories down to ``directory``, each readable by us alone."""
        missing = []
        while not directory.is_dir():
            missing.append(directory)
            directory = directory.parent
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)

    @staticmethod
    def _sync(directory: Path) -> None:
        """Make the new name itself survive a power cut: the row that says "stored" is committed next."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def signature_holds(name: str, query: dict[str, str]) -> bool:
    """Whether the address of ``name`` with this ``query`` (type, disposition, expires, signature) was signed by us and
    has not expired. Compares in constant time."""
    words = _signed_words(name, query["type"], query["disposition"], query["expires"])
    try:
        _signer().unsign(f"{words}{_signer().sep}{query['signature']}")
    except signing.BadSignature:
        return False
    return time.time() < int(query["expires"])


def _signed_words(*words: str) -> str:
    """One string of several, such that no two lists of words give the same one."""
    return "&".join(quote(word, safe="/") for word in words)
