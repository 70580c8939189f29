"""Tests of the live updates: streams of the running web process, changes announced by transactions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from inbox.changes import pages, stream_client
from inbox.changes import stream as live_stream
from inbox.models import Agent
from tests.servers import WebProcess, WebServer, serve, wait_until
from whatsapp.models import PhoneNumber

EVERYTHING = {"everything": True}


def cookies(agent: Agent) -> dict[str, str]:
    browser = Client()
    browser.force_login(agent)
    return {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}


class Stream:
    """One open stream as an EventSource sees it."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self._lines = response.iter_lines(chunk_size=1, decode_unicode=True)

    def lines(self) -> list[str]:
        """The next block of lines, up to the empty one."""
        block = []
        for line in self._lines:
            if not line:
                return block
            block.append(line)
        raise EOFError

    def event(self) -> dict[str, Any]:
        """The data of the next event ``change``; passes over comments."""
        while True:
            block = self.lines()
            if block[0].startswith(":"):
                continue
            assert block[0] == "event: change"
            data: dict[str, Any] = json.loads(block[1].removeprefix("data: "))
            return data

    def ended(self) -> bool:
        try:
            while True:
                self.lines()
        except EOFError:
            return True


@contextmanager
def stream(server: WebServer | WebProcess, agent: Agent, *, listening: bool = True) -> Iterator[Stream]:
    """Open a stream; with ``listening``, go on when the server hears announcements."""
    with requests.get(server.url + "/live/", cookies=cookies(agent), stream=True, timeout=60) as response:
        assert response.status_code == 200
        opened = Stream(response)
        assert opened.lines() == ["retry: 2000"]
        if listening:
            # The process starts to listen with its first stream, and says so when it does.
            assert opened.event() == EVERYTHING
        yield opened


def announce(*conversations: tuple[int, int]) -> None:
    with transaction.atomic():
        pages.announce(conversations)


def announce_and_hang_up(*conversations: tuple[int, int]) -> None:
    """For a thread of its own, whose connection nobody else would close."""
    announce(*conversations)
    connection.close()


class StreamTests:
    def test_it_works(self, web_server: WebServer, alice: Agent, number: PhoneNumber) -> None:
        with stream(web_server, alice) as opened:
            announce((number.pk, 7), (number.pk, 8))
            assert opened.event() == {"conversations": [7, 8]}
            announce((number.pk, 9))
            assert opened.event() == {"conversations": [9]}

    def test_it_is_never_cached_or_buffered(self, web_server: WebServer, alice: Agent) -> None:
        with stream(web_server, alice) as opened:
            headers = opened.response.headers
            assert headers["Content-Type"].startswith("text/event-stream")
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Accel-Buffering"] == "no"

    def test_it_tells_only_of_the_agents_own_numbers(
        self, web_server: WebServer, alice: Agent, charlie: Agent, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        with stream(web_server, alice) as ours, stream(web_server, charlie, listening=False) as theirs:
            announce((number.pk, 7), (other_number.pk, 8))
            assert ours.event() == {"conversations": [7]}
            assert theirs.event() == {"conversations": [8]}

    def test_it_tells_a_superuser_of_every_number(
        self, web_server: WebServer, admin: Agent, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        with stream(web_server, admin) as opened:
            announce((number.pk, 7), (other_number.pk, 8))
            seen: set[int] = set()
            while seen != {7, 8}:
                seen |= set(opened.event()["conversations"])

    def test_a_change_of_a_number_names_no_conversation(
        self, web_server: WebServer, alice: Agent, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        with stream(web_server, alice) as opened:
            with transaction.atomic():
                pages.announce_number(other_number.pk)
                pages.announce_number(number.pk)
            assert opened.event() == {"conversations": []}
            announce((number.pk, 8))
            assert opened.event() == {"conversations": [8]}

    def test_it_says_nothing_of_what_was_rolled_back(
        self, web_server: WebServer, alice: Agent, number: PhoneNumber
    ) -> None:
        with stream(web_server, alice) as opened:
            with transaction.atomic():
                pages.announce([(number.pk, 7)])
                transaction.set_rollback(True)
            announce((number.pk, 8))
            assert opened.event() == {"conversations": [8]}

    def test_it_reaches_every_tab(self, web_server: WebServer, alice: Agent, bob: Agent, number: PhoneNumber) -> None:
        with (
            stream(web_server, alice) as first,
            stream(web_server, alice, listening=False) as second,
            stream(web_server, bob, listening=False) as third,
        ):
            announce((number.pk, 7))
            assert [each.event() for each in (first, second, third)] == [{"conversations": [7]}] * 3

    def test_it_shows_signs_of_life(self, web_server: WebServer, alice: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream_client, "HEARTBEAT_SECONDS", 0.5)
        with stream(web_server, alice) as opened:
            assert opened.lines() == [":"]

    def test_it_tells_everything_after_it_lost_the_database(
        self, web_server: WebServer, alice: Agent, number: PhoneNumber
    ) -> None:
        with stream(web_server, alice) as opened:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'inbox live' AND datname = current_database()"
                )
                assert cursor.fetchone() == (True,)
            announce((number.pk, 7))
            assert opened.event() == EVERYTHING
            announce((number.pk, 8))
            named: set[int] = set()
            while 8 not in named:  # 7 as well, when it listened again before that was announced
                named |= set(opened.event()["conversations"])

    def test_an_unknown_announcement_means_everything(self, web_server: WebServer, alice: Agent) -> None:
        with stream(web_server, alice) as opened:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, 'from another release')", [pages.CHANNEL])
            assert opened.event() == EVERYTHING


class AccessTests:
    def refused(self, server: WebServer, status: int, **given: Any) -> None:
        answer = requests.get(server.url + "/live/", timeout=60, **given)
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/plain")

    def test_it_refuses_strangers(self, web_server: WebServer) -> None:
        self.refused(web_server, 403)
        self.refused(web_server, 403, cookies={settings.SESSION_COOKIE_NAME: "no-such-session"})
        self.refused(web_server, 403, headers={"Cookie": '\xff="; =; session'.encode("latin-1")})

    def test_it_refuses_an_agent_who_was_deactivated(self, web_server: WebServer, alice: Agent) -> None:
        known = cookies(alice)
        Agent.objects.update(is_active=False)
        self.refused(web_server, 403, cookies=known)

    def test_it_refuses_a_session_from_before_the_password_changed(self, web_server: WebServer, alice: Agent) -> None:
        known = cookies(alice)
        alice.set_password("another password for alice")
        alice.save()
        self.refused(web_server, 403, cookies=known)

    def test_it_refuses_other_methods(self, web_server: WebServer, alice: Agent) -> None:
        answer = requests.post(web_server.url + "/live/", cookies=cookies(alice), timeout=60)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")

    def test_it_refuses_more_streams_than_the_limit(
        self, transactional_db: None, settings: Settings, alice: Agent
    ) -> None:
        settings.LIVE_CONNECTION_LIMIT = 1
        with serve() as server:
            with stream(server, alice):
                self.refused(server, 503, cookies=cookies(alice))
            wait_until(lambda: self.opens(server, alice))

    def opens(self, server: WebServer, agent: Agent) -> bool:
        with requests.get(server.url + "/live/", cookies=cookies(agent), stream=True, timeout=60) as response:
            return response.status_code == 200

    @pytest.mark.parametrize("change", ["logged out", "deactivated", "taken off the number", "given a number"])
    def test_it_ends_when_access_changes(
        self,
        web_server: WebServer,
        alice: Agent,
        number: PhoneNumber,
        other_number: PhoneNumber,
        monkeypatch: pytest.MonkeyPatch,
        change: str,
    ) -> None:
        monkeypatch.setattr(stream_client, "RECHECK_SECONDS", 0.0)
        with stream(web_server, alice) as opened:
            if change == "logged out":
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM django_session")
            elif change == "deactivated":
                Agent.objects.filter(pk=alice.pk).update(is_active=False)
            elif change == "taken off the number":
                alice.numbers.clear()
            else:
                alice.numbers.add(other_number)
            assert opened.ended()

    def test_it_stays_open_while_nothing_changes(
        self, web_server: WebServer, alice: Agent, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream_client, "RECHECK_SECONDS", 0.0)
        monkeypatch.setattr(stream_client, "HEARTBEAT_SECONDS", 0.5)
        with stream(web_server, alice) as opened:
            for _ in range(4):
                assert opened.lines() == [":"]
            announce((number.pk, 7))
            assert opened.event() == {"conversations": [7]}


class SlowBrowserTests:
    def test_what_it_was_not_told_becomes_everything(self, transactional_db: None, alice: Agent) -> None:
        pairs = [(number.pk, conversation) for number in alice.numbers.all() for conversation in range(1000)]
        scope = {
            "type": "http",
            "method": "GET",
            "headers": [(b"cookie", "; ".join(f"{name}={value}" for name, value in cookies(alice).items()).encode())],
        }

        async def browse() -> list[bytes]:
            endpoint = live_stream.Live()
            written: list[bytes] = []
            reads, leaves, waits = asyncio.Event(), asyncio.Event(), asyncio.Event()

            async def receive() -> dict[str, Any]:
                await leaves.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any) -> None:
                written.append(message.get("body", b""))
                if b"conversations" in written[-1]:
                    waits.set()
                    await reads.wait()

            async def until(claim: Any) -> None:
                while not claim():
                    await asyncio.sleep(0.01)

            async with asyncio.timeout(20):
                page = asyncio.create_task(endpoint(scope, receive, send))
                await until(lambda: stream_client._EVERYTHING in written)
                await asyncio.to_thread(announce_and_hang_up, pairs[0])
                await waits.wait()
                for start in range(0, 1000, 200):
                    await asyncio.to_thread(announce_and_hang_up, *pairs[start : start + 200])
                # Until the last one has come: what comes after the page was told everything is named again.
                await until(lambda: all(999 in (client.named or ()) for client in endpoint._clients))
                reads.set()
                await until(lambda: len(written) > 4)
                leaves.set()
                await page
                await endpoint.close()
            return written[3:]

        assert asyncio.run(browse()) == [b'event: change\ndata: {"conversations": [0]}\n\n', stream_client._EVERYTHING]


class ShutdownTests:
    def test_open_streams_do_not_hold_the_server_up(
        self, transactional_db: None, alice: Agent, number: PhoneNumber
    ) -> None:
        with serve() as server, stream(server, alice) as opened:
            server.stop()
            assert opened.ended()
