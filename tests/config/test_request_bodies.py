"""Bodies on their way to Django: how long they may take, how large they may be, and whose they have to be."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config import request_bodies
from inbox.api.tokens import make
from inbox.models import Agent, Program
from tests.inbox.changes.test_stream import cookies
from tests.servers import WebServer, serve
from tests.webhooks import talk
from whatsapp.models import PhoneNumber

MB = 1024 * 1024


@csrf_exempt
@login_not_required
def size(request: HttpRequest) -> HttpResponse:
    """The bytes of the body, and the sum of them."""
    read = request.read()
    return HttpResponse(f"{len(read)} {sum(read)}")


urlpatterns = [path("size/", size), path("api/size/", size)]


@pytest.fixture
def server(transactional_db: None, settings: Any) -> Any:
    settings.ROOT_URLCONF = __name__
    settings.PAGE_THREADS = 1
    with serve() as server:
        yield server


def begin(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()


class BodyTests:
    @pytest.mark.parametrize("length", [1, 70_000, 300_000, 4 * MB])
    def test_a_body_arrives_as_it_was_sent(self, server: WebServer, length: int) -> None:
        body = bytes(range(256)) * (length // 256) + bytes(range(length % 256))
        answer = requests.post(server.url + "/size/", data=body, timeout=30)
        assert answer.text == f"{length} {sum(body)}"

    def test_a_body_that_does_not_end_in_time_is_refused(
        self, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_bodies, "SECONDS", 0.2)
        assert talk(server, begin("/size/", 100) + b"half").startswith(b"HTTP/1.1 408 ")
        told = talk(server, begin("/api/size/", 100) + b"half")
        assert told.startswith(b"HTTP/1.1 408 ")
        assert b'"code": "too_slow"' in told

    def test_a_slow_body_that_goes_on_is_taken(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(request_bodies, "SECONDS", 1)
        monkeypatch.setattr(request_bodies, "BYTES_PER_SECOND", 1)  # each byte brings a second
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
            line.sendall(begin("/size/", 20))
            for _ in range(20):
                line.sendall(b"\1")
            assert line.recv(12) == b"HTTP/1.1 200"

    def test_what_strangers_send_at_once_is_limited_by_address(
        self, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_bodies, "ADDRESS_LIMIT", 1000)
        with serve() as strict:
            with socket.create_connection(("127.0.0.1", strict.port), timeout=30) as first:
                first.sendall(begin("/size/", 901) + b"x" * 900)
                refused = talk(strict, begin("/size/", 900) + b"x" * 900)
                while not refused.startswith(b"HTTP/1.1 429 "):  # until the first one has arrived
                    refused = talk(strict, begin("/size/", 900) + b"x" * 900)
                assert b"retry-after: 30" in refused.lower()
                elsewhere = socket.create_connection(
                    ("127.0.0.1", strict.port), timeout=30, source_address=("127.0.0.2", 0)
                )
                with elsewhere:
                    elsewhere.sendall(begin("/size/", 900) + b"x" * 900)
                    assert elsewhere.recv(12) == b"HTTP/1.1 200"
            assert requests.post(strict.url + "/size/", data=b"x" * 900, timeout=30).status_code == 200


class LargeBodyTests:
    def test_strangers_send_no_files(self, server: WebServer) -> None:
        answer = talk(server, begin("/size/", 5 * MB))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"Sign in" in answer

    def test_a_program_without_a_valid_token_sends_no_files(self, server: WebServer) -> None:
        answer = talk(server, begin("/api/size/", 5 * MB))
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"application/problem+json" in answer

    def test_nobody_sends_more_than_a_file_may_have(self, server: WebServer, alice: Agent) -> None:
        assert talk(server, begin("/size/", 102 * MB)).startswith(b"HTTP/1.1 413 ")

    def test_agents_and_programs_do(self, server: WebServer, alice: Agent, number: PhoneNumber) -> None:
        body = bytes(9 * MB)
        _, token = make(Program.objects.create(name="CRM"))
        as_agent = requests.post(server.url + "/size/", data=body, cookies=cookies(alice), timeout=60)
        assert as_agent.text == f"{9 * MB} 0"
        bearer = {"Authorization": f"Bearer {token}"}
        assert requests.post(server.url + "/api/size/", data=body, headers=bearer, timeout=60).text == f"{9 * MB} 0"

    def test_one_agent_cannot_fill_the_disk(
        self, server: WebServer, alice: Agent, bob: Agent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_bodies, "SENDER_LIMIT", MB)
        with serve() as strict:
            for agent in (alice, bob):
                answer = requests.post(strict.url + "/size/", data=bytes(2 * MB), cookies=cookies(agent), timeout=60)
                assert answer.status_code == 429
            answer = requests.post(strict.url + "/size/", data=bytes(MB // 2), cookies=cookies(bob), timeout=60)
            assert answer.status_code == 200
