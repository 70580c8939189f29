"""Private local files behind signed, expiring addresses, as S3 has them."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from django.core import signing
from django.core.files.storage import FileSystemStorage
from django.urls import reverse
from django.utils.deconstruct import deconstructible

from inbox.media.storage import DISK_FAILED, NOT_THERE, MissingFileError, StorageError, StoredObject
from whatsapp.providers.base import S3Object


@functools.cache
def _signer() -> signing.Signer:
    """Made at first use, so that Django's checks can report a missing SECRET_KEY."""
    return signing.Signer(salt="inbox.media.storage.local.file")


COPY_BYTES = 256 * 1024
#: The folder of files that are being written.
INCOMING = ".incoming"
#: A file there that was not written to for this long was left by a process that died.
ABANDONED_SECONDS = 3600


@deconstructible(path="inbox.media.storage.local.SignedFileSystemStorage")
class SignedFileSystemStorage(FileSystemStorage):
    """Files that only this user of the machine may read, served by `views.media.local_file` to signed addresses.

    ``bucket_name`` is the bucket's name for the simulator, which writes into the folder as AWS does into S3.
    """

    def __init__(self, *, bucket_name: str = "", **options: Any) -> None:
        self.bucket_name = bucket_name
        options.setdefault("file_permissions_mode", 0o600)
        options.setdefault("directory_permissions_mode", 0o700)
        super().__init__(**options)

    def put(self, name: str, content: IO[bytes], *, content_type: str) -> None:
        target = Path(self.path(name))
        with _disk_errors():
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
                    with contextlib.suppress(FileNotFoundError):  # it was renamed
                        os.unlink(part.name)
            self._sync(target.parent)

    def copy_to(self, name: str, target: IO[bytes]) -> None:
        with _disk_errors(self._missing), open(self.path(name), "rb") as source:
            shutil.copyfileobj(source, target, COPY_BYTES)

    def beginning(self, name: str, size: int) -> bytes:
        with _disk_errors(self._missing), open(self.path(name), "rb") as file:
            return file.read(size)

    def discard(self, name: str) -> None:
        with _disk_errors(), contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))

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
        with _disk_errors(self._missing):
            self._make_private(target.parent)
            os.replace(self.path(name), target)
            self._sync(target.parent)

    def ping(self) -> None:
        with _disk_errors():
            self._make_private(Path(self.location))
            with tempfile.TemporaryFile(dir=self.location) as file:
                file.write(bytes(COPY_BYTES))  # an empty file finds room on a full disk
                file.flush()
                os.fsync(file.fileno())

    def signed_url(self, name: str, *, content_type: str, disposition: str, expires: int) -> str:
        self.path(name)  # refuses names that lead out of the storage
        until = str(int(time.time()) + expires)
        query = {
            "type": content_type,
            "disposition": disposition,
            "expires": until,
            "signature": _signer().signature(_signed_text(name, content_type, disposition, until)),
        }
        return f"{reverse('file', args=[name])}?{urlencode(query, quote_via=quote)}"

    def url(self, name: str | None, **_parameters: Any) -> str:
        """A signed download address: there is no public one."""
        return self.signed_url(
            name or "", content_type="application/octet-stream", disposition="attachment", expires=60
        )

    def _missing(self) -> Exception:
        """The error for a file that is not there: when the whole folder is not there, a disk may not be mounted."""
        return MissingFileError() if self.is_there() else StorageError(NOT_THERE)

    def is_there(self) -> bool:
        """Whether the folder exists; it does once there was a first file."""
        return Path(self.location).is_dir()

    def _incoming(self) -> Path:
        """The folder of files that are being written, without those that a killed process left there."""
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
        """Make the new name survive a power failure: the row that says "stored" is committed next."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _disk_errors(missing: Callable[[], Exception] | None = None) -> Iterator[None]:
    """Turn what the disk raises into StorageError, or for a file that is not there into what ``missing`` gives."""
    try:
        yield
    except OSError as error:
        if missing and isinstance(error, FileNotFoundError):
            raise missing() from None
        raise StorageError(DISK_FAILED % {"reason": error.strerror}) from error


def signature_holds(name: str, query: dict[str, str]) -> bool:
    """Whether we signed the address of ``name`` with this ``query`` (type, disposition, expires, signature), and it has
    not expired. Compares in constant time."""
    signed = _signed_text(name, query["type"], query["disposition"], query["expires"])
    try:
        _signer().unsign(f"{signed}{_signer().sep}{query['signature']}")
    except signing.BadSignature:
        return False
    return time.time() < int(query["expires"])


def _signed_text(*parts: str) -> str:
    """The parts as one string; different parts never give the same string."""
    return "&".join(quote(part, safe="/") for part in parts)
