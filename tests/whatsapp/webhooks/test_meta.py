"""Tests of the webhook endpoint: real requests to the running web process, rows in the journal."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket

import pytest
import requests
from pytest_django import Settings

from tests import payloads
from tests.servers import WebServer, serve, wait_until
from tests.webhooks import PATH, a_body, head, post, refused, talk
from whatsapp.models import Notification
from whatsapp.webhooks import meta


class HandshakeTests:
    QUESTION = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token", "hub.challenge": "1158201444"}

    def ask(self, server: WebServer, **changes: str) -> requests.Response:
        query = self.QUESTION | {f"hub.{name}": value for name, value in changes.items()}
        return requests.get(server.url + PATH, params=query, timeout=60)

    def test_it_works(self, web_server: WebServer) -> None:
        answer = self.ask(web_server)
        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert answer.headers["Content-Type"].startswith("text/plain")

    def test_it_refuses_others_and_echoes_nothing(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for changes in (
            {"verify_token": "guess"},
            {"verify_token": ""},
            {"verify_token": "tëst-verify-token"},
            {"mode": "unsubscribe"},
            {"challenge": ""},
            {"challenge": "<script>alert(1)</script>"},
            {"challenge": "1\r\nSet-Cookie: a=b"},
            {"challenge": "1" * 129},
            {"challenge": "١١٥"},
        ):
            with subtests.test(**changes):
                answer = self.ask(web_server, **changes)
                assert answer.status_code == 403
                assert answer.headers["Content-Type"].startswith("text/plain")
                assert not changes.get("challenge") or changes["challenge"] not in answer.text

    def test_it_refuses_a_bare_get(self, web_server: WebServer) -> None:
        assert requests.get(web_server.url + PATH, timeout=60).status_code == 403

    def test_it_refuses_everybody_while_no_token_is_set(self, transactional_db: None, settings: Settings) -> None:
        settings.WHATSAPP_VERIFY_TOKEN = ""
        with serve() as server:
            assert self.ask(server, verify_token="").status_code == 403


class NotificationTests:
    def test_it_works(self, web_server: WebServer) -> None:
        body = a_body()
        assert post(web_server, body).status_code == 200
        notification = Notification.objects.get()
        assert bytes(notification.body) == body
        assert (notification.provider, notification.state, notification.signed_with) == ("meta", "pending", 1)
        assert notification.problems == []
        assert notification.received_at is not None

    def test_it_keeps_whatever_is_signed_byte_for_byte(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        utf_16 = '{"text": "ä \\ud83d"}'.encode("utf-16")
        for body in (b"", b"{", b"\x00\xff\xfe", utf_16, b'{"a": "\\u0000"}', b"[" * 20_000):
            with subtests.test(body=body[:20]):
                assert post(web_server, body).status_code == 200
                assert bytes(Notification.objects.latest("id").body) == body

    def test_it_takes_any_content_type(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x", None):
            with subtests.test(content_type=content_type):
                body = a_body()
                assert post(web_server, body, Content_Type=content_type).status_code == 200
                assert bytes(Notification.objects.latest("id").body) == body

    def test_it_takes_the_address_without_its_last_slash(self, web_server: WebServer) -> None:
        body = a_body()
        headers = {"X-Hub-Signature-256": payloads.signature(body)}
        answer = requests.post(web_server.url + PATH.rstrip("/"), data=body, headers=headers, timeout=60)
        assert answer.status_code == 200
        assert Notification.objects.count() == 1

    def test_it_takes_a_chunked_body(self, web_server: WebServer) -> None:
        body = a_body()
        headers = {"X-Hub-Signature-256": payloads.signature(body)}
        answer = requests.post(web_server.url + PATH, data=iter([body[:100], body[100:]]), headers=headers, timeout=60)
        assert answer.status_code == 200
        assert bytes(Notification.objects.get().body) == body

    def test_it_stores_the_same_notification_as_often_as_it_comes(self, web_server: WebServer) -> None:
        body = a_body()
        assert [post(web_server, body).status_code for _ in range(3)] == [200, 200, 200]
        assert Notification.objects.count() == 3

    def test_it_refuses_other_methods(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        for method in ("PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"):
            with subtests.test(method=method):
                answer = requests.request(method, web_server.url + PATH, timeout=60)
                assert answer.status_code == 405
                assert answer.headers["Allow"] == "GET, POST"


class SignatureTests:
    ZEROS = "sha256=" + "0" * 64

    def test_it_refuses_what_our_secret_did_not_sign(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        body = a_body()
        right = payloads.signature(body)
        for signature in (
            None,
            "",
            "sha256=",
            "sha256=zz",
            self.ZEROS,
            "é".encode(),
            b"sha256=\xe9",
            "sha256=" + right.removeprefix("sha256=").upper(),
            right.removeprefix("sha256="),
            right + ", " + right,
            payloads.signature(body, "another secret"),
            payloads.signature(body + b"\n"),
        ):
            with subtests.test(signature=signature):
                before = refused("signature")
                assert post(web_server, body, X_Hub_Signature_256=signature).status_code == 401
                assert Notification.objects.count() == 0
                assert refused("signature") == before + 1

    def test_it_refuses_the_old_sha1_header(self, web_server: WebServer) -> None:
        answer = post(web_server, a_body(), X_Hub_Signature_256=None, X_Hub_Signature="sha1=" + "0" * 40)
        assert answer.status_code == 401

    def test_it_refuses_an_altered_body(self, web_server: WebServer) -> None:
        body = a_body()
        altered = body.replace(b"Good", b"Gold")
        assert post(web_server, altered, X_Hub_Signature_256=payloads.signature(body)).status_code == 401
        assert Notification.objects.count() == 0

    def test_it_refuses_the_same_json_written_differently(self, web_server: WebServer) -> None:
        body = payloads.encode({"text": {"body": "café"}})
        rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode()
        assert post(web_server, rewritten, X_Hub_Signature_256=payloads.signature(body)).status_code == 401
        assert Notification.objects.count() == 0

    def test_it_refuses_two_signatures_even_if_one_is_right(self, web_server: WebServer) -> None:
        body, before = a_body(), refused("signature")
        right = f"X-Hub-Signature-256: {payloads.signature(body)}\r\n".encode()
        both = right + f"X-Hub-Signature-256: {self.ZEROS}\r\nConnection: close\r\n\r\n".encode()
        for lines in (both, both.replace(b"Connection", right + b"Connection", 1)):
            answer = talk(web_server, head(Content_Length=str(len(body))).removesuffix(b"\r\n") + lines + body)
            assert answer.startswith(b"HTTP/1.1 401 ")
        assert Notification.objects.count() == 0
        assert refused("signature") == before + 2

    def test_it_takes_the_previous_secret_while_rotating_and_says_so(self, web_server: WebServer) -> None:
        body = a_body()
        signature = payloads.signature(body, payloads.PREVIOUS_SECRET)
        assert post(web_server, body, X_Hub_Signature_256=signature).status_code == 200
        assert Notification.objects.get().signed_with == 2

    def test_it_refuses_everything_while_there_is_no_secret(self, transactional_db: None, settings: Settings) -> None:
        settings.DEBUG = True  # Production does not start then.
        settings.WHATSAPP_APP_SECRETS = [""]
        body = a_body()
        with serve() as server:
            assert post(server, body, X_Hub_Signature_256=payloads.signature(body, "")).status_code == 401
        assert Notification.objects.count() == 0


class TransportTests:
    LIMIT = 4 * 1024 * 1024

    def test_it_takes_a_body_of_the_limit(self, web_server: WebServer) -> None:
        body = b" " * self.LIMIT
        assert post(web_server, body).status_code == 200
        assert len(Notification.objects.get().body) == self.LIMIT

    def test_it_refuses_one_byte_more(self, web_server: WebServer) -> None:
        assert post(web_server, b" " * (self.LIMIT + 1)).status_code == 413
        assert Notification.objects.count() == 0

    def test_it_refuses_a_length_beyond_the_limit_before_the_body_comes(self, web_server: WebServer) -> None:
        announced = head(Content_Length="50000000", X_Hub_Signature_256=SignatureTests.ZEROS)
        assert talk(web_server, announced).startswith(b"HTTP/1.1 413 ")

    def test_it_stops_reading_a_chunked_body_that_does_not_end(self, web_server: WebServer) -> None:
        sent = 0
        with socket.create_connection(("127.0.0.1", web_server.port), timeout=10) as wire:
            wire.sendall(head(Transfer_Encoding="chunked", X_Hub_Signature_256=SignatureTests.ZEROS))
            chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
            try:
                while sent < 200 * len(chunk):
                    wire.sendall(chunk)
                    sent += len(chunk)
            except OSError as error:
                hung_up = isinstance(error, ConnectionError)
            else:
                hung_up = False
        assert hung_up, "the server read 200 MiB"
        assert Notification.objects.count() == 0

    def test_it_reads_the_chunks_and_not_the_length_beside_them(self, web_server: WebServer) -> None:
        lying = head(Content_Length="10", Transfer_Encoding="chunked", X_Hub_Signature_256=SignatureTests.ZEROS)
        answer = talk(web_server, lying + b"5\r\nhello\r\n0\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
        assert Notification.objects.count() == 0

    def test_it_forgets_a_body_that_stops_half_way(self, web_server: WebServer) -> None:
        body, before = a_body(), refused("disconnected")
        with socket.create_connection(("127.0.0.1", web_server.port)) as wire:
            signature = payloads.signature(body[:100])
            wire.sendall(head(Content_Length=str(len(body)), X_Hub_Signature_256=signature) + body[:100])
        wait_until(lambda: refused("disconnected") > before)
        assert Notification.objects.count() == 0

    def test_unfinished_bodies_of_one_address_leave_room_for_others(
        self, transactional_db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(meta, "ADDRESS_LIMIT", 200_000)
        unfinished = head(Content_Length="300000", X_Hub_Signature_256=SignatureTests.ZEROS)
        with serve() as server:
            with contextlib.ExitStack() as stack:

                def another_is_refused() -> bool:
                    """For the room, not for the signature, once the first body has arrived so far."""
                    wire = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
                    wire.sendall(unfinished + b"x" * 150_000)
                    return b"from this address" in talk(server, unfinished + b"x" * 150_000)

                wait_until(another_is_refused, 100)
                assert post(server, a_body()).status_code == 200  # comes whole and waits for nothing
                elsewhere = stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=("127.0.0.2", 0))
                )
                elsewhere.sendall(unfinished + b"x" * 300_000)
                assert elsewhere.recv(12) == b"HTTP/1.1 401"
            large = a_body() + b" " * 190_000
            wait_until(lambda: post(server, large).status_code == 200)

    def test_it_refuses_compressed_bodies(self, web_server: WebServer, subtests: pytest.Subtests) -> None:
        bomb = gzip.compress(b" " * self.LIMIT)
        for encoding in ("gzip", "deflate", "br", "gzip, identity"):
            with subtests.test(encoding=encoding):
                assert post(web_server, bomb, Content_Encoding=encoding).status_code == 415
        assert Notification.objects.count() == 0

    def test_it_takes_the_identity_encoding(self, web_server: WebServer) -> None:
        assert post(web_server, a_body(), Content_Encoding="identity").status_code == 200
