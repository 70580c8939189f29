"""The two storages behind one set of tests: local files served by the real web process, and a real S3 server."""

from __future__ import annotations

import io
import os
import stat
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
import time_machine
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from config.storage_origins import storage_origins
from inbox.media.storage import MissingFileError, StorageError, media_storage
from inbox.media.storage.local import SignedFileSystemStorage
from inbox.media.storage.s3 import PrivateS3Storage
from tests.object_storage import object_storage

__all__ = ["object_storage"]

Options = dict[str, Any]
#: S3 itself answers 403 to all of these; rclone answers 400 to some.
REFUSED = (400, 403)


def use(settings: Any, backend: str, options: Options) -> None:
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture(params=["local", "s3"])
def origin(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Makes the default storage one of the two; the value stands before its signed addresses."""
    if request.param == "local":
        use(settings, "inbox.media.storage.local.SignedFileSystemStorage", {"location": str(tmp_path / "files")})
        server: LiveServer = request.getfixturevalue("live_server")
        return server.url
    use(settings, "inbox.media.storage.s3.PrivateS3Storage", request.getfixturevalue("object_storage").options)
    return ""


@pytest.fixture
def name() -> str:
    return f"media/{uuid.uuid4()}.jpg"


def put(name: str, content: bytes = b"photo", content_type: str = "image/jpeg") -> None:
    media_storage().put(name, io.BytesIO(content), content_type=content_type)


def signed(
    name: str, *, content_type: str = "image/jpeg", disposition: str = 'inline; filename="a.jpg"', expires: int = 60
) -> str:
    return media_storage().signed_url(name, content_type=content_type, disposition=disposition, expires=expires)


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=10, allow_redirects=False)


@pytest.mark.django_db(transaction=True)
class BothStoragesTests:
    def test_it_works(self, origin: str, name: str) -> None:
        put(name)
        response = get(origin + signed(name))
        assert (response.status_code, response.content) == (200, b"photo")
        assert response.headers["Content-Type"] == "image/jpeg"
        assert response.headers["Content-Disposition"] == 'inline; filename="a.jpg"'

    def test_the_beginning_of_a_file_can_be_read(self, origin: str, name: str) -> None:
        put(name, b"0123456789")
        assert default_storage.exists(name)
        assert not default_storage.exists(f"{name}.missing")
        assert media_storage().beginning(name, 4) == b"0123"
        assert media_storage().beginning(name, 100) == b"0123456789"
        put(name, b"")
        assert media_storage().beginning(name, 4) == b""
        with pytest.raises(MissingFileError):
            media_storage().beginning(f"{name}.missing", 4)

    def test_the_address_decides_the_type_and_the_name(self, origin: str, name: str) -> None:
        put(name, b"<svg onload=alert(1)>", "image/svg+xml")
        disposition = "attachment; filename*=utf-8''%E2%82%AC%22.jpg"
        response = get(origin + signed(name, content_type="application/octet-stream", disposition=disposition))
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"] == disposition

    def test_an_unsigned_address_is_refused(self, origin: str, name: str) -> None:
        put(name)
        assert get((origin + signed(name)).split("?")[0]).status_code in REFUSED

    def test_an_expired_address_is_refused(self, origin: str, name: str) -> None:
        put(name)
        with time_machine.travel(timezone.now() - timedelta(seconds=10)):
            url = origin + signed(name, expires=1)
        assert get(url).status_code in REFUSED

    @pytest.mark.parametrize("change", ["signature", "type", "disposition", "expires", "name"])
    def test_a_changed_address_is_refused(self, origin: str, name: str, change: str) -> None:
        put(name)
        other = f"media/{uuid.uuid4()}.jpg"
        put(other, b"somebody else's")
        parts = urlsplit(origin + signed(name))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path
        if change == "name":
            path = path.replace(name, other)
        else:
            key = next(key for key in query if change in key.lower())
            query[key] = {"signature": "0" * 64, "expires": "280"}.get(change, "text/html")
        response = get(f"{parts.scheme}://{parts.netloc}{path}?{urlencode(query)}")
        assert response.status_code in REFUSED
        assert b"photo" not in response.content
        assert b"somebody" not in response.content

    def test_a_second_put_is_the_same_object(self, origin: str, name: str) -> None:
        put(name, b"first")
        put(name, b"second")
        assert get(origin + signed(name)).content == b"second"
        stem = name.removeprefix("media/").removesuffix(".jpg")
        assert [found for found in default_storage.listdir("media")[1] if stem in found] == [f"{stem}.jpg"]

    def test_saving_through_django_never_overwrites(self, origin: str, name: str) -> None:
        first = default_storage.save(name, ContentFile(b"first"))
        second = default_storage.save(name, ContentFile(b"second"))
        assert first == name
        assert second != name
        assert get(origin + signed(first)).content == b"first"

    def test_it_reads_and_forgets(self, origin: str, name: str) -> None:
        put(name)
        copy = io.BytesIO()
        media_storage().copy_to(name, copy)
        assert copy.getvalue() == b"photo"
        with default_storage.open(name) as file:
            assert file.read() == b"photo"
        assert default_storage.size(name) == 5
        media_storage().discard(name)
        media_storage().discard(name)
        assert not default_storage.exists(name)
        with pytest.raises(MissingFileError):
            media_storage().copy_to(name, io.BytesIO())
        assert get(origin + signed(name)).status_code == 404

    def test_twenty_mebibytes_go_through_whole(self, origin: str, name: str, tmp_path: Path) -> None:
        content = os.urandom(20 * 1024 * 1024)
        put(name, content)
        with (tmp_path / "copy").open("w+b") as copy:
            media_storage().copy_to(name, copy)
            copy.seek(0)
            assert copy.read() == content
        with requests.get(origin + signed(name), timeout=30, stream=True) as response:
            assert b"".join(response.iter_content(1 << 16)) == content

    def test_the_file_stays_open_for_a_second_try(self, origin: str, name: str) -> None:
        file = io.BytesIO(b"photo")
        media_storage().put(name, file, content_type="image/jpeg")
        media_storage().put(name, file, content_type="image/jpeg")
        assert get(origin + signed(name)).content == b"photo"

    def test_it_answers(self, origin: str) -> None:
        media_storage().ping()


class LocalFilesTests:
    @pytest.fixture(autouse=True)
    def _local(self, settings: Any, tmp_path: Path) -> None:
        use(settings, "inbox.media.storage.local.SignedFileSystemStorage", {"location": str(tmp_path / "files")})

    def test_it_works(self, client: Client, name: str) -> None:
        put(name, bytes(range(100)))
        response = client.get(signed(name))
        assert response.status_code == 200
        assert b"".join(response.streaming_content) == bytes(range(100))  # type: ignore[attr-defined]
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["Content-Length"] == "100"

    def test_only_we_can_read_what_lies_there(self, name: str, tmp_path: Path) -> None:
        put(name)
        default_storage.save("previews/a.webp", ContentFile(b"x"))
        for path in (tmp_path / "files").rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    @pytest.mark.parametrize("bad", ["../secret", "media/../../secret", "/etc/passwd"])
    def test_no_name_leads_outside_the_folder(self, bad: str) -> None:
        with pytest.raises(SuspiciousOperation):
            put(bad)
        with pytest.raises(SuspiciousOperation):
            signed(bad)

    def test_every_answer_is_harmless(self, client: Client, name: str) -> None:
        put(name, b"<script>alert(1)</script>")
        headers = client.get(signed(name)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none';")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers

    def test_it_is_kept_no_longer_than_its_address_works(self, client: Client, name: str) -> None:
        put(name)
        with time_machine.travel(timezone.now(), tick=False) as clock:
            address = signed(name, expires=60)
            assert client.get(address).headers["Cache-Control"] == "private, max-age=60"
            clock.shift(45)
            assert client.get(address).headers["Cache-Control"] == "private, max-age=15"

    @pytest.mark.parametrize(
        ("header", "status", "content_range", "expected"),
        [
            ("bytes=0-9", 206, "bytes 0-9/100", range(10)),
            ("bytes=90-", 206, "bytes 90-99/100", range(90, 100)),
            ("bytes=90-500", 206, "bytes 90-99/100", range(90, 100)),
            ("bytes=-5", 206, "bytes 95-99/100", range(95, 100)),
            ("bytes=-500", 206, "bytes 0-99/100", range(100)),
            ("bytes=99-99", 206, "bytes 99-99/100", range(99, 100)),
            ("bytes=0-0", 206, "bytes 0-0/100", range(1)),
            ("bytes=100-", 416, "bytes */100", range(0)),
            ("bytes=-0", 416, "bytes */100", range(0)),
            ("bytes=9-1", 200, None, range(100)),
            ("bytes=0-1,5-6", 200, None, range(100)),
            ("bytes=-", 200, None, range(100)),
            ("lines=0-1", 200, None, range(100)),
            ("bytes=" + "9" * 400 + "-", 200, None, range(100)),
            ("bytes=٣-", 200, None, range(100)),
        ],
    )
    def test_parts_of_a_file(
        self, client: Client, name: str, header: str, status: int, content_range: str | None, expected: range
    ) -> None:
        put(name, bytes(range(100)))
        response = client.get(signed(name), headers={"Range": header})
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        assert (response.status_code, response.headers.get("Content-Range")) == (status, content_range)
        assert body == bytes(expected)
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_head_request_says_how_long_it_is(self, client: Client, name: str) -> None:
        put(name, bytes(100))
        response = client.head(signed(name))
        assert (response.status_code, response.headers["Content-Length"]) == (200, "100")

    def test_a_folder_that_is_gone_is_not_a_file_that_is_gone(self, client: Client, name: str, tmp_path: Path) -> None:
        put(name, b"photo")
        default_storage.delete(name)
        with pytest.raises(MissingFileError):
            media_storage().beginning(name, 4)
        (tmp_path / "files").rename(tmp_path / "unmounted")
        with pytest.raises(StorageError, match="not there"):
            media_storage().beginning(name, 4)
        assert client.get(signed(name)).status_code == 503

    def test_a_file_that_is_gone_is_not_found(self, client: Client, name: str) -> None:
        put(name)
        default_storage.delete(name)
        assert client.get(signed(name)).status_code == 404

    @pytest.mark.parametrize("bad", ["../../etc/passwd", "media/..%2f..%2fetc/passwd", "a\0b", "media"])
    def test_no_address_leads_outside(self, client: Client, bad: str) -> None:
        assert client.get(reverse("file", args=[bad]) + "?expires=99999999999&signature=x").status_code == 403

    def test_it_cannot_be_written_to(self, client: Client, name: str) -> None:
        put(name)
        assert client.post(signed(name)).status_code == 405

    def test_no_partial_file_is_left_when_the_disk_is_full(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left on device") as caught:
            put(name)
        assert str(tmp_path) not in str(caught.value)
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
        with pytest.raises(StorageError, match="No space left on device"):
            media_storage().ping()

    def test_what_a_killed_process_left_is_cleared_away(self, name: str, tmp_path: Path) -> None:
        put(name)
        old, young = (tmp_path / "files" / ".incoming" / part for part in ("old", "young"))
        for path in (old, young):
            path.write_bytes(b"half a photo")
        os.utime(old, (0, 0))
        put(name)
        assert (old.exists(), young.exists()) == (False, True)

    def test_djangos_own_address_is_signed_too(self, client: Client, name: str) -> None:
        put(name)
        response = client.get(default_storage.url(name))
        assert response.headers["Content-Disposition"] == "attachment"


class SettingsTests:
    def test_a_bucket_makes_it_s3(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        assert isinstance(storages.create_storage(settings.STORAGES["default"]), SignedFileSystemStorage)
        made = storages.create_storage(
            {
                "BACKEND": "inbox.media.storage.s3.PrivateS3Storage",
                "OPTIONS": {"bucket_name": "b", "region_name": "eu-central-1"},
            }
        )
        assert isinstance(made, PrivateS3Storage)
        assert (made.file_overwrite, made.default_acl, made.querystring_auth) == (False, None, True)
        assert made.client_config.signature_version == "s3v4"  # type: ignore[attr-defined]
        assert made.client_config.connect_timeout == 3  # type: ignore[attr-defined]

    @pytest.mark.parametrize("bucket", ["inbox-media", "inbox.example.com"])
    @pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "us-west-2"])
    @pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9000", "https://storage.example.com/"])
    def test_pages_may_load_from_where_files_are(self, bucket: str, region: str, endpoint: str) -> None:
        made = PrivateS3Storage(
            bucket_name=bucket,
            region_name=region,
            endpoint_url=endpoint or None,
            access_key="a",
            secret_key="b",
            addressing_style="path" if endpoint else "virtual",
        )
        parts = urlsplit(made.signed_url("media/x.jpg", content_type="image/jpeg", disposition="inline", expires=60))
        assert f"{parts.scheme}://{parts.netloc}" in storage_origins(bucket, region, endpoint)

    def test_without_a_bucket_pages_load_from_nowhere_else(self) -> None:
        assert storage_origins("", "eu-central-1", "") == []
