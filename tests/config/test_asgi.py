"""Tests of the web process: who answers which address, and that nobody waits for somebody else."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pytest_django import Settings

from inbox.models import Agent
from tests.inbox.changes.test_stream import announce, cookies, stream
from tests.poolers import Pooler
from tests.servers import WebServer, serve, wait_until, web_process
from tests.webhooks import a_body, post
from whatsapp.models import Notification, PhoneNumber

released = threading.Event()


@login_not_required
def slow(request: HttpRequest) -> HttpResponse:
    released.wait(20)
    return HttpResponse("slow")


@csrf_exempt
@login_not_required
def echo(request: HttpRequest) -> HttpResponse:
    """The scheme as a proxy told it, and how much of the body there is."""
    return HttpResponse(f"{request.META.get('HTTP_X_FORWARDED_PROTO', '-')} {len(request.body)}")


@login_not_required
def scheme(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.scheme)


urlpatterns = [path("slow/", slow), path("scheme/", scheme), path("echo/", echo)]


class PageTests:
    def test_it_works(self, web_server: WebServer) -> None:
        answer = requests.get(web_server.url + "/accounts/login/", timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_it_serves_static_files(self, web_server: WebServer) -> None:
        answer = requests.get(web_server.url + "/static/css/tokens.css", timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_query_beyond_ascii_is_not_an_error(self, web_server: WebServer) -> None:
        with socket.create_connection(("127.0.0.1", web_server.port), timeout=10) as wire:
            wire.sendall("GET /accounts/login/?q=é HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            assert wire.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 400")

    def test_a_form_beyond_the_limit_is_refused(self, web_server: WebServer) -> None:
        form = {"login": "x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
        assert requests.post(web_server.url + "/accounts/login/", data=form, timeout=10).status_code in (400, 403, 413)


class PoolerTests:
    """Pages through PgBouncer in transaction mode; webhooks and live updates straight to PostgreSQL."""

    @pytest.fixture
    def server(self, pooler: Callable[..., Pooler], settings: Settings) -> Iterator[WebServer]:
        self.pooler = pooler()
        settings.PAGES_DATABASE = self.pooler.database
        with serve() as server:
            yield server

    def test_pages_use_it(self, server: WebServer, alice: Agent) -> None:
        signed_in = cookies(alice)

        def read(_: int) -> int:
            return requests.get(server.url + "/", cookies=signed_in, timeout=30).status_code

        with ThreadPoolExecutor(8) as readers:
            assert set(readers.map(read, range(24))) == {200}
        self.pooler.stop()
        assert read(0) >= 500

    def test_webhooks_and_live_updates_do_not(self, server: WebServer, alice: Agent, number: PhoneNumber) -> None:
        with stream(server, alice) as opened:
            self.pooler.stop()
            announce((number.pk, 7))
            assert opened.event() == {"conversations": [7]}
        assert post(server, a_body()).status_code == 200
        assert Notification.objects.count() == 1


class ProxyTests:
    @pytest.fixture
    def server(self, transactional_db: None, settings: Settings) -> Iterator[WebServer]:
        settings.ROOT_URLCONF = __name__
        with serve() as server:
            yield server

    def test_a_header_with_underscores_does_not_speak_for_the_proxy(self, server: WebServer) -> None:
        forged = requests.get(server.url + "/echo/", headers={"X_Forwarded_Proto": "https"}, timeout=10)
        assert forged.text == "- 0"
        told = requests.get(server.url + "/echo/", headers={"X-Forwarded-Proto": "https"}, timeout=10)
        assert told.text == "https 0"

    @pytest.mark.parametrize(("proxies", "counted"), [("0", "127.0.0.1"), ("1", "198.51.100.7")])
    def test_only_trusted_proxies_say_where_a_request_comes_from(
        self, transactional_db: None, proxies: str, counted: str
    ) -> None:
        """With the command of the manual: uvicorn itself believes whatever a program on this machine passes on."""
        with web_process(TRUSTED_PROXIES=proxies) as server, requests.Session() as browser:
            browser.get(server.url + "/accounts/login/", timeout=30)
            token = next(cookie.value for cookie in browser.cookies if cookie.name.startswith("csrf"))
            guess = {"login": "alice", "password": "guess", "csrfmiddlewaretoken": token}
            headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
            browser.post(server.url + "/accounts/login/", data=guess, headers=headers, timeout=30)
        assert AccessAttempt.objects.get().ip_address == counted

    def test_a_proxy_says_that_it_was_https_only_where_we_believe_it(
        self, server: WebServer, settings: Settings
    ) -> None:
        def told() -> str:
            return requests.get(server.url + "/scheme/", headers={"X-Forwarded-Proto": "https"}, timeout=10).text

        assert told() == "http"
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # BEHIND_PROXY=true
        assert told() == "https"

    def test_a_body_without_a_length_is_not_read(self, server: WebServer) -> None:
        answer = requests.post(server.url + "/echo/", data=iter([b"x" * 100_000] * 10), timeout=10)
        assert answer.text == "- 0"


class SlowPageTests:
    def test_webhooks_are_accepted_while_every_page_thread_is_busy(
        self, transactional_db: None, settings: Settings
    ) -> None:
        settings.ROOT_URLCONF = __name__
        settings.PAGE_THREADS = 2
        released.clear()
        with serve() as server, ThreadPoolExecutor(4) as pool:
            try:
                pages = [pool.submit(requests.get, server.url + "/slow/", timeout=30) for _ in range(4)]
                wait_until(lambda: server.requests_in_progress == 4)
                assert [post(server, a_body()).status_code for _ in range(5)] == [200] * 5
                assert not any(page.done() for page in pages)
            finally:
                released.set()
            assert [page.result().text for page in pages] == ["slow"] * 4
        assert Notification.objects.count() == 5


class StartTests:
    def test_it_does_not_start_without_a_secret(
        self, transactional_db: None, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.WHATSAPP_APP_SECRETS = []
        with pytest.raises(RuntimeError, match="did not start"), serve():
            pass
        assert "WHATSAPP_APP_SECRETS is not set" in caplog.text


class WebSocketTests:
    def test_it_is_refused(self, web_server: WebServer) -> None:
        upgrade = (
            b"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", web_server.port), timeout=10) as wire:
            wire.sendall(upgrade)
            assert wire.recv(12) == b"HTTP/1.1 403"


class SignalTests:
    @pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
    def test_it_stops_although_a_stream_is_open(
        self, transactional_db: None, alice: Agent, told: signal.Signals
    ) -> None:
        with web_process() as server, stream(server, alice) as opened:
            assert post(server, a_body()).status_code == 200
            server.running.send_signal(told)
            assert opened.ended()
            assert server.running.wait(20) in (0, -told)
            assert b"Traceback" not in server.log()
