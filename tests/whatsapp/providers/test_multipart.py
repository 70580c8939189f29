"""Uploading a file: what is sent, in which pieces, and what is refused before anything leaves."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
from contextlib import nullcontext
from typing import Any, BinaryIO

import pytest
import responses

from tests.whatsapp.lines import Line, LineServer
from whatsapp.models import PhoneNumber
from whatsapp.providers import meta, wire
from whatsapp.providers.base import Provider, ProviderError, StoredFile, provider_for

MEDIA = "https://graph.facebook.com/v26.0/200000000000001/media"


@pytest.fixture
def provider() -> Provider:
    return provider_for(
        PhoneNumber(phone_number_id="200000000000001", waba_id="100000000000001", access_token="TEST-TOKEN-1")
    )


def stored(file: BinaryIO, size: int, mime_type: str, file_name: str) -> StoredFile:
    return StoredFile(mime_type, file_name, lambda: nullcontext((file, size)))


def take(line: Line) -> None:
    line.request()
    line.answer(b'{"id": "900000000000001"}')


class UploadTests:
    def test_it_works(self, provider: Provider, settings: Any) -> None:
        with LineServer(take) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            media_id = provider.upload_media(
                stored(io.BytesIO(b"%PDF-1.7"), 8, "application/pdf", 'a"b\r\nX: y/fatura nº 7.pdf')
            )
            head, body = server.requests[0]
        assert media_id == "900000000000001"
        assert head.startswith(b"POST /v26.0/200000000000001/media HTTP/1.1")
        assert b"chunked" not in head.lower()
        boundary = head.partition(b"boundary=")[2].split(b"\r\n")[0]
        parts = body.split(b"--" + boundary)
        assert parts[0] == b""
        assert parts[1:3] == [
            b'\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n',
            b'\r\nContent-Disposition: form-data; name="type"\r\n\r\napplication/pdf\r\n',
        ]
        assert parts[3] == (
            b'\r\nContent-Disposition: form-data; name="file"; filename="'
            + "a b X: y fatura nº 7.pdf".encode()
            + b'"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7\r\n'
        )
        assert parts[4] == b"--\r\n"

    def test_a_hundred_megabytes_cost_no_memory(self, provider: Provider, settings: Any) -> None:
        size, seen = 100 * 1024 * 1024, []

        def swallow(line: Line) -> None:
            seen.append(line.swallow())
            line.answer(b'{"id": "900000000000001"}')

        with tempfile.TemporaryFile() as file, LineServer(swallow) as server:
            file.truncate(size)
            settings.WHATSAPP_GRAPH_URL = server.url
            tracemalloc.start()
            try:
                provider.upload_media(stored(file, size, "application/pdf", "plan.pdf"))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert seen[0] > size
        assert peak < 8 * 1024 * 1024

    def test_a_line_that_stalls_for_longer_than_connecting_may_take_goes_on(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(meta, "CONNECT_SECONDS", 0.1)
        size = 32 * 1024 * 1024  # more than the system holds for a receiver that does not read

        def stall(line: Line) -> None:
            line.wait(0.5)
            line.swallow()
            line.answer(b'{"id": "900000000000001"}')

        with tempfile.TemporaryFile() as file, LineServer(stall) as server:
            file.truncate(size)
            settings.WHATSAPP_GRAPH_URL = server.url
            media_id = provider.upload_media(stored(file, size, "application/pdf", "plan.pdf"))
        assert media_id == "900000000000001"

    def test_a_line_that_stalls_for_good_is_given_up(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "WRITE_SECONDS", 0.2)
        size = 32 * 1024 * 1024
        with tempfile.TemporaryFile() as file, LineServer(Line.hold) as server:
            file.truncate(size)
            settings.WHATSAPP_GRAPH_URL = server.url
            with pytest.raises(ProviderError) as caught:
                provider.upload_media(stored(file, size, "application/pdf", "plan.pdf"))
        assert caught.value.retryable

    def test_a_file_that_is_shorter_than_said_is_not_sent(self, provider: Provider, settings: Any) -> None:
        with LineServer(take) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            with pytest.raises(ProviderError, match="shorter"):
                provider.upload_media(stored(io.BytesIO(b"%PDF"), 8, "application/pdf", "a.pdf"))
        assert server.requests == []

    def test_what_is_longer_than_said_is_cut(self, provider: Provider, settings: Any) -> None:
        with LineServer(take) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            provider.upload_media(stored(io.BytesIO(b"%PDF-1.7 and more"), 8, "text/plain", "a"))
        assert b"\r\n\r\n%PDF-1.7\r\n--" in server.requests[0][1]

    @pytest.mark.parametrize("mime_type", ["", "pdf", "a/b\r\nX: y", "text/plain; a=b; c", "te xt/plain", "ä/b"])
    def test_a_type_that_is_none_is_not_sent(self, provider: Provider, mime_type: str) -> None:
        with responses.RequestsMock(), pytest.raises(ProviderError, match="type"):
            provider.upload_media(stored(io.BytesIO(b"x"), 1, mime_type, "a"))

    @responses.activate
    def test_a_refusal_is_passed_on(self, provider: Provider) -> None:
        responses.post(MEDIA, status=400, json={"error": {"message": "Wrong type", "code": 131053}})
        with pytest.raises(ProviderError, match="Wrong type") as caught:
            provider.upload_media(stored(io.BytesIO(b"x"), 1, "text/plain", "a"))
        assert caught.value.code == 131053

    @pytest.mark.parametrize("answer", ["{}", '{"id": ""}', '{"id": null}', "<html>"])
    def test_an_answer_without_an_id_may_be_asked_for_again(self, provider: Provider, answer: str) -> None:
        with responses.RequestsMock() as mock:
            mock.post(MEDIA, body=answer)
            with pytest.raises(ProviderError) as caught:
                provider.upload_media(stored(io.BytesIO(b"x"), 1, "text/plain", "a"))
        assert caught.value.retryable
