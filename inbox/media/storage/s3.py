"""Files in a private bucket of S3, or of a server with the same protocol, through django-storages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from inbox.media.storage import REFUSED, SERVER_FAILED, UNREACHABLE, MissingFileError, StorageError, StoredObject
from whatsapp.providers.base import S3Object

PART_BYTES = 8 * 1024 * 1024


class PrivateS3Storage(S3Storage):  # type: ignore[misc]  # has no types
    """django-storages' S3 with fixed settings: SigV4, short timeouts, flat memory, never public.

    Django's own ``save`` never overwrites (the name gets a suffix); ``put`` writes one exact key.
    """

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {  # type: ignore[no-any-return]  # has no types
            "signature_version": "s3v4",
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": False,
            # Above this an opened file moves from memory to disk; the library's default never does.
            "max_memory_size": 1024 * 1024,
            # One part at a time: ten threads of 8 MiB each would hold a 100 MiB file in memory.
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES
            ),
        }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        config: Config = self.client_config  # type: ignore[has-type]
        self.client_config = config.merge(
            Config(
                # boto3 waits 60 s for each by default; a media job would rather try again.
                connect_timeout=3,
                read_timeout=20,
                retries={"mode": "standard", "max_attempts": 3},
                # Checksums beyond SigV4's own hash are newer than many S3-compatible servers.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
        )

    def put(self, name: str, content: IO[bytes], *, content_type: str) -> None:
        content.seek(0)
        with _s3_errors():
            self._client.upload_fileobj(
                _Unclosable(content),
                self.bucket_name,
                self._normalize_name(name),
                ExtraArgs=self.get_object_parameters(name) | {"ContentType": content_type},
                Config=self.transfer_config,
            )

    def copy_to(self, name: str, target: IO[bytes]) -> None:
        try:
            with _s3_errors():
                self._client.download_fileobj(
                    self.bucket_name, self._normalize_name(name), target, Config=self.transfer_config
                )
        except StorageError as error:
            raise self._missing(error) from error.__cause__

    def beginning(self, name: str, size: int) -> bytes:
        try:
            with _s3_errors():
                found = self._client.get_object(
                    Bucket=self.bucket_name, Key=self._normalize_name(name), Range=f"bytes=0-{size - 1}"
                )
                with found["Body"] as body:
                    return bytes(body.read(size))
        except StorageError as error:
            code = _code(error.__cause__) if isinstance(error.__cause__, ClientError) else ""
            if code == "InvalidRange":  # there is no first byte
                return b""
            raise self._missing(error) from error.__cause__

    def discard(self, name: str) -> None:
        with _s3_errors():
            self._client.delete_object(Bucket=self.bucket_name, Key=self._normalize_name(name))

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        start = f"{self.location.strip('/')}/" if self.location.strip("/") else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=start + prefix)
        with _s3_errors():
            for page in pages:
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):  # a folder made by hand in a console
                        yield StoredObject(item["Key"][len(start) :], item["Size"], item["LastModified"])

    def s3_object(self, name: str) -> S3Object | None:
        # Not django-storages' normalising, which drops the slash that a prefix may end with.
        return S3Object(self.bucket_name, "/".join(part for part in (self.location.strip("/"), name) if part))

    def move(self, name: str, new_name: str) -> None:
        source = {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}
        try:
            with _s3_errors():
                # The managed copy takes parts for files over 5 GB, which one request does not.
                self._client.copy(source, self.bucket_name, self._normalize_name(new_name), Config=self.transfer_config)
        except StorageError as error:
            raise self._missing(error) from error.__cause__
        self.discard(name)

    def _missing(self, error: StorageError) -> Exception:
        """MissingFileError where ``error`` means that. A HEAD request is answered without a body, so a missing bucket
        looks like a missing file: the file is missing only if the bucket answers."""
        if not isinstance(error.__cause__, ClientError) or _code(error.__cause__) not in ("404", "NoSuchKey"):
            return error
        try:
            self.ping()
        except StorageError as away:
            return away
        return MissingFileError()

    def ping(self) -> None:
        with _s3_errors():
            self._client.head_bucket(Bucket=self.bucket_name)

    def signed_url(self, name: str, *, content_type: str, disposition: str, expires: int) -> str:
        parameters = {
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
            # Without it browsers guess, from the age of the file: they would keep an old one for days.
            "ResponseCacheControl": f"private, max-age={expires}",
        }
        url: str = self.url(name, parameters=parameters, expire=expires)
        return url

    @property
    def _client(self) -> Any:
        """This thread's client."""
        return self.connection.meta.client


class _Unclosable:
    """A file that stays open when boto3 closes it (boto/s3transfer#80): the caller may need it for a second attempt."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        pass


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def _s3_errors() -> Iterator[None]:
    """Turn what boto3 raises into StorageError."""
    try:
        yield
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            raise StorageError(SERVER_FAILED) from error
        raise StorageError(REFUSED % {"reason": _code(error)}, refused=True) from error
    except (BotoCoreError, Boto3Error, OSError, ValueError) as error:  # ValueError: the endpoint is no address
        raise StorageError(UNREACHABLE) from error
