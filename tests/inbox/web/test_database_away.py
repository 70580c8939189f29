"""Pages while the database is away, hangs or takes no changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from django.conf import settings as django_settings
from django.db import DatabaseError, InternalError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from config.postgresql import base
from config.urls import urlpatterns as real_urls
from core.postgres.errors import is_away
from inbox.changes import stream
from inbox.models import Agent
from tests.databases import Cluster
from tests.servers import WebServer, serve


def slow(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(5)")
    return HttpResponse()


urlpatterns = [path("slow/", slow), *real_urls]


@pytest.fixture
def away() -> Iterator[None]:
    """Nothing listens where the database should be."""
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": "9"}
    yield
    connection.close()
    connection.settings_dict |= before


@pytest.mark.django_db(transaction=True)
class AwayTests:
    @pytest.fixture
    def visitor(self, alice: Agent) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(alice)
        return client

    @pytest.mark.parametrize("address", ["/", "/conversations/1/", "/search/?q=x", "/admin/", "/accounts/login/"])
    def test_a_page_says_so_and_loads_again_by_itself(self, visitor: Client, away: None, address: str) -> None:
        answer = visitor.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert answer["Retry-After"] == "5"
        html = answer.content.decode()
        assert '<meta http-equiv="refresh" content="5">' in html
        assert "The inbox is temporarily unavailable" in html
        assert "frame-ancestors" in answer["Content-Security-Policy"]

    def test_a_form_is_not_sent_again_by_itself(self, visitor: Client, away: None) -> None:
        answer = visitor.post("/conversations/1/send/", {"text": "x"}, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "refresh" not in answer.content.decode()
        assert "nothing was saved or sent" in answer.content.decode()

    def test_a_script_gets_a_sentence(self, visitor: Client, away: None) -> None:
        answer = visitor.get("/", headers={"HX-Request": "true", "Accept": "text/html"})
        assert answer.status_code == 503
        assert answer["Content-Type"] == "text/plain"

    def test_a_program_gets_its_own_answer(self, visitor: Client, away: None) -> None:
        answer = visitor.get("/api/numbers", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 503
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_statement_that_takes_too_long_is_our_fault(self, visitor: Client, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__
        answer = visitor.get("/slow/", headers={"Accept": "text/html"})
        connection.close()
        assert answer.status_code == 500


class HangingTests:
    @pytest.fixture
    def server(
        self, transactional_db: None, cluster: Cluster, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[WebServer]:
        settings.PAGES_DATABASE = {"ANSWER_SECONDS": 2}
        monkeypatch.setattr(stream, "LOOK_UP_SECONDS", 2)
        monkeypatch.setattr(base, "USABLE_SECONDS", 1)
        settings.PAGE_THREADS = 1
        with cluster.as_default(), serve() as server:
            yield server

    def test_a_page_does_not_wait_for_a_database_that_hangs(self, server: WebServer, cluster: Cluster) -> None:
        address = server.url + "/accounts/login/"
        signed_in = {django_settings.SESSION_COOKIE_NAME: "x" * 32}
        html = {"Accept": "text/html"}
        assert requests.get(address, cookies=signed_in, headers=html, timeout=30).status_code == 200
        cluster.freeze()
        try:
            for _ in range(2):
                answer = requests.get(address, cookies=signed_in, headers=html, timeout=30)
                assert answer.status_code == 503
            assert requests.get(server.url + "/health/live", cookies=signed_in, timeout=30).status_code == 200
            ready = requests.get(server.url + "/health/ready", cookies=signed_in, timeout=30)
            assert ready.status_code == 503
            assert ready.json()["state"] == "down"
        finally:
            cluster.thaw()
        assert requests.get(address, cookies=signed_in, headers=html, timeout=30).status_code == 200

    def test_a_stream_does_not_wait_for_a_database_that_hangs(self, server: WebServer, cluster: Cluster) -> None:
        address = server.url + "/live/"
        signed_in = {django_settings.SESSION_COOKIE_NAME: "x" * 32}
        assert requests.get(address, cookies=signed_in, timeout=30).status_code == 403
        cluster.freeze()
        try:
            # More than there are threads: each of them is free again.
            answers = [requests.get(address, cookies=signed_in, timeout=30).status_code for _ in range(3)]
            assert answers == [503] * 3
        finally:
            cluster.thaw()
        assert requests.get(address, cookies=signed_in, timeout=30).status_code == 403


class ReasonTests:
    @pytest.mark.parametrize(
        "cause",
        [
            psycopg.OperationalError("connection refused"),
            psycopg.InterfaceError("the connection is closed"),
            psycopg.errors.AdminShutdown(),
            psycopg.errors.CannotConnectNow(),
            psycopg.errors.TooManyConnections(),
            psycopg.errors.ReadOnlySqlTransaction(),
            psycopg.errors.ProtocolViolation(),
        ],
    )
    def test_the_database_is_away(self, cause: psycopg.Error) -> None:
        assert is_away(cause)
        error = OperationalError()
        error.__cause__ = cause
        assert is_away(error)

    @pytest.mark.parametrize(
        "cause", [psycopg.errors.QueryCanceled(), psycopg.errors.DeadlockDetected(), psycopg.errors.UndefinedTable()]
    )
    def test_the_statement_is_at_fault(self, cause: psycopg.Error) -> None:
        assert not is_away(cause)
        error: DatabaseError = InternalError()
        error.__cause__ = cause
        assert not is_away(error)

    def test_so_it_is_for_what_is_no_database_error(self) -> None:
        assert not is_away(ValueError())
