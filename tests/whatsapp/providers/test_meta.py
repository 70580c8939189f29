from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import responses
from responses import matchers

from whatsapp.models import PhoneNumber
from whatsapp.providers import meta
from whatsapp.providers.base import MediaInfo, NumberInfo, ProviderError, provider_for
from whatsapp.providers.meta import MetaProvider, check_media_url, hex_digest

GRAPH = "https://graph.facebook.com/v26.0"
FILE_URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=x"
MEDIA_ID = "700000000000001"


@pytest.fixture
def number() -> PhoneNumber:
    return PhoneNumber(phone_number_id="200000000000001", waba_id="100000000000001", access_token="TEST-TOKEN-1")


@pytest.fixture
def provider(number: PhoneNumber) -> MetaProvider:
    return MetaProvider(number)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def refusal(code: int, message: str = "Refused") -> dict[str, object]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}}


class MediaInfoTests:
    def test_it_works(self, provider: MetaProvider, wire: responses.RequestsMock) -> None:
        digest = hashlib.sha256(b"photo")
        wire.get(
            f"{GRAPH}/{MEDIA_ID}",
            json={"url": FILE_URL, "mime_type": "image/jpeg", "sha256": digest.hexdigest(), "file_size": "5"},
            match=[
                matchers.header_matcher({"Authorization": "Bearer TEST-TOKEN-1", "User-Agent": "whatsapp-inbox/1.0"}),
                matchers.query_param_matcher({"phone_number_id": "200000000000001"}),
            ],
        )
        assert provider.media_info(MEDIA_ID) == MediaInfo(FILE_URL, "image/jpeg", digest.hexdigest(), 5)

    @pytest.mark.parametrize("answer", ["<html>", "[]", "{}", '{"url": 7}', '"url"', ""])
    def test_an_answer_without_an_address_may_be_asked_for_again(
        self, provider: MetaProvider, wire: responses.RequestsMock, answer: str
    ) -> None:
        wire.get(f"{GRAPH}/{MEDIA_ID}", body=answer)
        with pytest.raises(ProviderError) as caught:
            provider.media_info(MEDIA_ID)
        assert caught.value.retryable

    @pytest.mark.parametrize("media_id", ["", "..", "1/../me", "1?access_token=x", "a b", "1" * 129, "1\n"])
    def test_an_id_that_leads_elsewhere_is_not_asked_for(self, provider: MetaProvider, media_id: str) -> None:
        with responses.RequestsMock(), pytest.raises(ProviderError):
            provider.media_info(media_id)

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [(400, 100, False), (401, 190, False), (400, 130429, True), (400, 4, True), (500, 1, True), (503, 0, True)],
    )
    def test_metas_code_tells_whether_to_try_again(
        self, provider: MetaProvider, wire: responses.RequestsMock, status: int, code: int, retryable: bool
    ) -> None:
        wire.get(f"{GRAPH}/{MEDIA_ID}", status=status, json=refusal(code, "Words of Meta"))
        with pytest.raises(ProviderError, match="Words of Meta") as caught:
            provider.media_info(MEDIA_ID)
        assert (caught.value.code, caught.value.http_status, caught.value.retryable) == (code, status, retryable)

    @pytest.mark.parametrize(("header", "seconds"), [("120", 120.0), ("soon", None), ("-5", None), ("", None)])
    def test_it_passes_on_how_long_to_wait(
        self, provider: MetaProvider, wire: responses.RequestsMock, header: str, seconds: float | None
    ) -> None:
        wire.get(f"{GRAPH}/{MEDIA_ID}", status=429, headers={"Retry-After": header})
        with pytest.raises(ProviderError) as caught:
            provider.media_info(MEDIA_ID)
        assert caught.value.retry_after == seconds
        assert caught.value.retryable

    def test_a_token_that_whatsapp_repeats_is_not_passed_on(
        self, provider: MetaProvider, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{GRAPH}/{MEDIA_ID}", status=400, json=refusal(190, "Malformed access token TEST-TOKEN-1"))
        with pytest.raises(ProviderError) as caught:
            provider.media_info(MEDIA_ID)
        assert "TEST-TOKEN-1" not in str(caught.value)

    def test_a_redirect_is_not_followed(self, provider: MetaProvider, wire: responses.RequestsMock) -> None:
        wire.get(f"{GRAPH}/{MEDIA_ID}", status=302, headers={"Location": "https://evil.example/"})
        with pytest.raises(ProviderError):
            provider.media_info(MEDIA_ID)
        assert len(wire.calls) == 1

    def test_what_cannot_be_reached_is_not_named(self, provider: MetaProvider, settings: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            settings.WHATSAPP_GRAPH_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ProviderError) as caught:
            provider.media_info(MEDIA_ID)
        assert str(caught.value) == "Couldn’t reach WhatsApp."
        assert caught.value.retryable

    def test_a_connection_that_is_not_secure_is_told_from_a_dead_line(
        self, provider: MetaProvider, settings: Any
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as thread:
            settings.WHATSAPP_GRAPH_URL = f"https://127.0.0.1:{server.getsockname()[1]}"
            asked = thread.submit(provider.media_info, MEDIA_ID)
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                with pytest.raises(ProviderError, match="securely") as caught:
                    asked.result(60)
        assert caught.value.retryable
        assert not caught.value.may_have_sent

    def test_a_number_without_a_token_asks_nothing(self, number: PhoneNumber) -> None:
        number.access_token = ""
        with responses.RequestsMock(), pytest.raises(ProviderError, match="no access token"):
            MetaProvider(number).media_info(MEDIA_ID)

    def test_a_netrc_file_does_not_replace_the_token(
        self, provider: MetaProvider, wire: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "netrc").write_text("machine graph.facebook.com login a password b\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        wire.get(f"{GRAPH}/{MEDIA_ID}", json={"url": FILE_URL})
        provider.media_info(MEDIA_ID)
        assert wire.calls[0].request.headers["Authorization"] == "Bearer TEST-TOKEN-1"


class DownloadTests:
    def test_it_works(self, provider: MetaProvider, wire: responses.RequestsMock) -> None:
        wire.get(FILE_URL, body=b"photo", match=[matchers.header_matcher({"Authorization": "Bearer TEST-TOKEN-1"})])
        with provider.download(FILE_URL) as download:
            assert b"".join(download.chunks) == b"photo"

    @pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 500, 206])
    def test_only_200_is_a_file(self, provider: MetaProvider, wire: responses.RequestsMock, status: int) -> None:
        wire.get(FILE_URL, status=status, body=b"<html>", headers={"Location": "https://evil.example/"})
        with pytest.raises(ProviderError) as caught, provider.download(FILE_URL):
            pass
        assert caught.value.http_status == status
        assert len(wire.calls) == 1

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com.evil.example/x",
            "https://evil.example/https://lookaside.fbsbx.com/",
            "https://user@127.0.0.1:5432/",
            "file:///etc/passwd",
            "https://[::ffff:169.254.169.254]/",
            "https://lookaside.fbsbx.com@evil.example/",
            "https://lookaside.fbsbx.com:8443/x",
            "https://lookaside.fbsbx.com:@evil.example/",
            "https://lookaside.fbsbx.com\\@evil.example/",
            "https://evil.example\\.lookaside.fbsbx.com/",
            "https://lookaside.fbsbx.com /x",
            "https://lookaside.fbsbx.com\n.evil.example/x",
            "https://lookaside.fbsbx.com.",
            "https://LOOKASIDE.FBSBX.COM:443@evil.example",
            "https://lookaside.fbsbx.com%2eevil.example/",
            "https:lookaside.fbsbx.com/x",
            "//lookaside.fbsbx.com/x",
            "https://lookaside。fbsbx.com/x",
            "http://127.0.0.1:8001/file",
            "gopher://lookaside.fbsbx.com/x",
            "",
        ],
    )
    def test_the_token_goes_nowhere_else(self, provider: MetaProvider, url: str, settings: Any) -> None:
        settings.WHATSAPP_SIMULATOR_URL = ""
        with responses.RequestsMock(), pytest.raises(ProviderError) as caught, provider.download(url):
            pass
        assert not caught.value.retryable
        assert "evil" not in str(caught.value)
        assert "169.254" not in str(caught.value)

    @pytest.mark.parametrize("url", [FILE_URL, "https://lookaside.fbsbx.com:443/x", "https://LookAside.fbsbx.com/x"])
    def test_its_own_hosts_are_allowed(self, url: str) -> None:
        check_media_url(url)

    def test_the_simulator_is_allowed_where_it_is_configured(self, settings: Any) -> None:
        settings.WHATSAPP_SIMULATOR_URL = "http://127.0.0.1:8001"
        check_media_url("http://127.0.0.1:8001/files/1")
        for url in ("http://127.0.0.1:8002/x", "https://127.0.0.1:8001/x", "http://127.0.0.1:8001@evil.example/"):
            with pytest.raises(ProviderError):
                check_media_url(url)

    def test_a_connection_that_breaks_off_is_not_a_whole_file(self, provider: MetaProvider, settings: Any) -> None:
        with RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it") as server:
            settings.WHATSAPP_SIMULATOR_URL = server.url
            received = []
            with (
                contextlib.suppress(ProviderError),  # or a short file, which whoever counts the bytes notices
                provider.download(server.url + "/x") as download,
            ):
                assert download.size == 100
                received.extend(download.chunks)
        assert b"".join(received) == b"half of it"

    def test_a_server_that_drips_is_given_up(
        self, provider: MetaProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(meta, "DOWNLOAD_SECONDS", 0.0)
        with RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd", hold=True) as server:
            settings.WHATSAPP_SIMULATOR_URL = server.url
            with pytest.raises(ProviderError, match="too slow"), provider.download(server.url + "/x") as download:
                list(download.chunks)


class OtherCallsTests:
    def test_a_file_is_deleted_once_or_twice(self, provider: MetaProvider, wire: responses.RequestsMock) -> None:
        wire.delete(f"{GRAPH}/{MEDIA_ID}", json={"success": True})
        provider.delete_media(MEDIA_ID)
        wire.replace("DELETE", f"{GRAPH}/{MEDIA_ID}", status=404, json=refusal(100))
        provider.delete_media(MEDIA_ID)

    def test_it_reads_what_whatsapp_says_about_the_number(
        self, provider: MetaProvider, wire: responses.RequestsMock
    ) -> None:
        wire.get(
            f"{GRAPH}/200000000000001",
            json={
                "display_phone_number": "+351 21 555 0100",
                "verified_name": "Norte",
                "quality_rating": "GREEN",
                "throughput": {"level": "STANDARD"},
                "whatsapp_business_manager_messaging_limit": "TIER_1K",
                "status": "CONNECTED",
                "id": "200000000000001",
            },
        )
        assert provider.number_info() == NumberInfo(
            "+351 21 555 0100", "Norte", "GREEN", "STANDARD", "TIER_1K", "CONNECTED"
        )

    @pytest.mark.parametrize(
        ("data", "names"),
        [
            ([], []),
            ([{"whatsapp_business_api_data": {"id": "1", "name": "Inbox", "link": "https://x"}}], ["Inbox"]),
        ],
    )
    def test_it_says_which_apps_get_the_webhooks(
        self, provider: MetaProvider, wire: responses.RequestsMock, data: object, names: list[str]
    ) -> None:
        wire.get(f"{GRAPH}/100000000000001/subscribed_apps", body=json.dumps({"data": data}))
        assert provider.subscribed_apps() == names

    def test_a_provider_that_is_not_here_is_a_sentence(self, number: PhoneNumber) -> None:
        number.provider = "pigeon"
        with pytest.raises(ProviderError, match="doesn’t support the provider"):
            provider_for(number)


class DigestTests:
    def test_both_forms_give_the_same(self) -> None:
        digest = hashlib.sha256(b"x")
        assert hex_digest(digest.hexdigest().upper()) == digest.hexdigest()
        assert hex_digest(base64.b64encode(digest.digest()).decode()) == digest.hexdigest()

    @pytest.mark.parametrize("value", [None, 7, "", "abc", "=" * 44, "A" * 44, "é" * 64, "zz" * 32])
    def test_anything_else_is_empty(self, value: object) -> None:
        assert hex_digest(value) == ""


class RawServer:
    """Answers one connection with these bytes, then closes it (or holds it open until the end of the block)."""

    def __init__(self, answer: bytes, *, hold: bool = False) -> None:
        self._answer, self._hold = answer, hold
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(self._answer)
            if self._hold:
                self._over.wait(10)
