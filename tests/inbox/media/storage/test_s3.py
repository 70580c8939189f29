from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.exceptions import SuspiciousOperation

from inbox.media.storage import StorageError, media_storage
from tests.inbox.media.storage.test_local import Options, get, name, put, signed, use
from tests.object_storage import BUCKET, ObjectStorage, object_storage

__all__ = ["name", "object_storage"]


class ObjectStorageTests:
    @pytest.fixture(autouse=True)
    def _s3(self, settings: Any, object_storage: ObjectStorage) -> None:
        use(settings, "inbox.media.storage.s3.PrivateS3Storage", object_storage.options)

    @pytest.fixture
    def with_options(self, settings: Any, object_storage: ObjectStorage) -> Callable[..., None]:
        return lambda **changes: use(
            settings, "inbox.media.storage.s3.PrivateS3Storage", object_storage.options | changes
        )

    def test_browsers_are_told_how_long_they_may_keep_a_file(self, name: str) -> None:
        query = parse_qs(urlsplit(signed(name, expires=60)).query)
        assert query["response-cache-control"] == ["private, max-age=60"]
        put(name)
        assert requests.get(signed(name), timeout=10).content == b"photo"  # it is part of what is signed

    def test_a_bucket_that_is_gone_is_not_a_file_that_is_gone(
        self, settings: Any, object_storage: ObjectStorage, name: str
    ) -> None:
        use(settings, "inbox.media.storage.s3.PrivateS3Storage", object_storage.options | {"bucket_name": "elsewhere"})
        for act in (
            lambda: media_storage().copy_to(name, io.BytesIO()),
            lambda: media_storage().beginning(name, 4),
            lambda: media_storage().move(name, f"quarantine/{name}"),
        ):
            with pytest.raises(StorageError):
                act()

    def test_it_works(self, name: str) -> None:
        put(name)
        query = parse_qs(urlsplit(signed(name, expires=300)).query)
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert query["X-Amz-Expires"] == ["300"]
        assert "/eu-central-1/s3/" in query["X-Amz-Credential"][0]

    def test_a_prefix_is_kept_out_of_the_rows(
        self, name: str, with_options: Callable[..., None], object_storage: ObjectStorage
    ) -> None:
        with_options(location="tenant-7")
        put(name)
        assert (object_storage.directory / "data" / BUCKET / "tenant-7" / name).read_bytes() == b"photo"
        copy = io.BytesIO()
        media_storage().copy_to(name, copy)
        assert copy.getvalue() == b"photo"
        assert get(signed(name)).content == b"photo"
        with pytest.raises(SuspiciousOperation):
            put("../secret")

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [({"secret_key": "wrong"}, "refused the request"), ({"bucket_name": "no-such-bucket"}, "refused the request")],
    )
    def test_a_wrong_configuration_is_a_sentence_for_an_administrator(
        self, name: str, with_options: Callable[..., None], changes: Options, sentence: str
    ) -> None:
        with_options(**changes)
        with pytest.raises(StorageError, match=sentence) as caught:
            put(name)
        assert caught.value.refused
        assert not re.search(r"wrong|127\.0\.0\.1|inbox-test-key", str(caught.value))
        with pytest.raises(StorageError):
            media_storage().ping()

    def test_a_server_that_is_away_is_a_sentence_too(self, name: str, with_options: Callable[..., None]) -> None:
        with_options(endpoint_url="http://127.0.0.1:1")
        for act in (lambda: put(name), lambda: media_storage().copy_to(name, io.BytesIO()), media_storage().ping):
            with pytest.raises(StorageError, match="cannot be reached") as caught:
                act()
            assert not caught.value.refused

    def test_an_outage_passes(self, name: str, object_storage: ObjectStorage) -> None:
        put(name)
        object_storage.stop()
        try:
            with pytest.raises(StorageError):
                put(name, b"second")
        finally:
            object_storage.start()
        put(name, b"second")
        assert get(signed(name)).content == b"second"
