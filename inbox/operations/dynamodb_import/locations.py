"""Where a source's files are: a folder of this machine, or a prefix of a bucket."""

from __future__ import annotations

import contextlib
import gzip
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

GZIP = b"\x1f\x8b"


class SourceError(Exception):
    """A source cannot be read. The text is a sentence that says what to do."""


class Location(Protocol):
    """Files under names with slashes."""

    def names(self) -> Iterator[str]:
        """All names."""

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """The stored bytes, seekable. Raises SourceError."""

    def __str__(self) -> str: ...


class Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[str]:
        for path in sorted(self._root.rglob("*")):
            if path.is_file():
                yield path.relative_to(self._root).as_posix()

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        path = self._root / name
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise SourceError(f"{name} lies outside {self._root}: the manifest is not this export's.")
        try:
            with path.open("rb") as file:
                yield file
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}.") from error

    def __str__(self) -> str:
        return str(self._root)


class Bucket:
    """A prefix of a bucket, read with AWS's usual credentials (environment, profile, role)."""

    def __init__(self, bucket: str, prefix: str, region: str) -> None:
        self._bucket, self._prefix = bucket, prefix.strip("/")
        self._client: Any = boto3.client("s3", region_name=region_of(region))

    def names(self) -> Iterator[str]:
        start = f"{self._prefix}/" if self._prefix else ""
        with aws_errors(f"The bucket {self._bucket}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start):
                for item in page.get("Contents", ()):
                    yield item["Key"][len(start) :]

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A copy on disk, so that a broken connection does not end the reading of a large file."""
        key = str(PurePosixPath(self._prefix, name)) if self._prefix else name
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
            with aws_errors(f"s3://{self._bucket}/{key}"):
                self._client.download_fileobj(self._bucket, key, copy)
            copy.seek(0)
            yield copy

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"


def region_of(region: str) -> str:
    """``region`` if given, else boto3's own (AWS_DEFAULT_REGION, a profile), else the storage's."""
    return region or boto3.session.Session().region_name or str(settings.S3_REGION)


@contextlib.contextmanager
def aws_errors(what: str) -> Iterator[None]:
    """Turn what boto3 raises into SourceError."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise SourceError(f"{what} cannot be read ({code}). Check its name, the Region and the rights.") from error
    except BotoCoreError as error:
        raise SourceError(f"{what} cannot be reached ({type(error).__name__}). Check Region, credentials.") from error


@contextlib.contextmanager
def unpacked(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The content of ``file``, whether it is gzipped or not. Raises SourceError for a damaged gzip."""
    start = file.read(2)
    file.seek(0)
    try:
        if start == GZIP:
            with gzip.open(file) as content:
                yield io.BufferedReader(content)
        else:
            yield file
    except (EOFError, gzip.BadGzipFile) as error:
        raise SourceError("A gzip file of the source is damaged or cut short: copy it again.") from error
