"""Requests over broken lines: exactly one leaves, and only what certainly did not leave is called so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.whatsapp.lines import Line, LineServer
from whatsapp.models import PhoneNumber
from whatsapp.providers import meta, wire
from whatsapp.providers.base import Accepted, Provider, ProviderError, provider_for

BODY = {"messaging_product": "whatsapp", "to": "+351915550123", "type": "text", "text": {"body": "Olá 🚲"}}
ACCEPTED = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": "wamid.NEW1"}]}


@pytest.fixture
def provider() -> Provider:
    return provider_for(
        PhoneNumber(phone_number_id="200000000000001", waba_id="100000000000001", access_token="TEST-TOKEN-1")
    )


def accept(line: Line) -> None:
    while line.request():
        line.answer(json.dumps(ACCEPTED).encode())


class BrokenLineTests:
    def failure(self, provider: Provider) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert "127.0.0.1" not in str(caught.value)
        return caught.value

    def test_a_closed_port_certainly_got_nothing(self, provider: Provider, settings: Any) -> None:
        with LineServer(accept) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
        error = self.failure(provider)
        assert (error.may_have_sent, error.retryable) == (False, True)

    def test_a_name_that_is_not_known_certainly_got_nothing(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_GRAPH_URL = "http://nowhere.invalid"
        assert not self.failure(provider).may_have_sent

    def test_a_handshake_that_fails_certainly_got_nothing(self, provider: Provider, settings: Any) -> None:
        with LineServer(lambda line: line.answer(b"not TLS")) as server:
            settings.WHATSAPP_GRAPH_URL = server.url.replace("http:", "https:")
            assert not self.failure(provider).may_have_sent

    def test_a_handshake_without_an_answer_certainly_got_nothing(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(meta, "CONNECT_SECONDS", 0.2)
        monkeypatch.setattr(meta, "READ_SECONDS", 0.2)
        with LineServer(Line.hold) as server:
            settings.WHATSAPP_GRAPH_URL = server.url.replace("http:", "https:")
            assert not self.failure(provider).may_have_sent

    def test_a_proxy_that_cannot_be_reached_certainly_got_nothing(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with LineServer(accept) as server:
            monkeypatch.setenv("https_proxy", server.url)
        settings.WHATSAPP_GRAPH_URL = "https://graph.facebook.com"
        assert not self.failure(provider).may_have_sent

    def test_a_proxy_that_refuses_the_tunnel_certainly_passed_nothing_on(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(line: Line) -> None:
            line.request()
            line.answer(b"", status="403 Forbidden")

        with LineServer(refuse) as server:
            monkeypatch.setenv("https_proxy", server.url)
            settings.WHATSAPP_GRAPH_URL = "https://graph.facebook.com"
            assert not self.failure(provider).may_have_sent

    def test_a_line_that_drops_while_the_request_is_on_its_way_leaves_doubt(
        self, provider: Provider, settings: Any
    ) -> None:
        def drop(line: Line) -> None:
            line.glimpse()
            line.reset()

        with LineServer(drop) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            # The bytes were written here; how far they came, nobody can tell.
            assert self.failure(provider).may_have_sent
        assert server.connections == 1

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_line_that_drops_after_the_request_was_read_leaves_doubt(
        self, provider: Provider, settings: Any, reset: bool
    ) -> None:
        def drop(line: Line) -> None:
            line.request()
            if reset:
                line.reset()

        with LineServer(drop) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            assert self.failure(provider).may_have_sent
        assert (server.connections, len(server.requests)) == (1, 1)

    def test_silence_leaves_doubt(self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def say_nothing(line: Line) -> None:
            line.request()
            line.hold()

        monkeypatch.setattr(meta, "READ_SECONDS", 0.2)
        with LineServer(say_nothing) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            error = self.failure(provider)
        assert error.may_have_sent
        assert "didn’t respond in time" in str(error)
        assert len(server.requests) == 1

    def test_half_an_answer_leaves_doubt(self, provider: Provider, settings: Any) -> None:
        def cut(line: Line) -> None:
            line.request()
            line.answer(json.dumps(ACCEPTED).encode()[:30], length=200)

        with LineServer(cut) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            assert self.failure(provider).may_have_sent

    def test_an_answer_that_drips_is_given_up_and_leaves_doubt(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def drip(line: Line) -> None:
            line.request()
            line.answer(b"{", length=200)
            line.hold()

        monkeypatch.setattr(meta, "ANSWER_SECONDS", -1)
        with LineServer(drip) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            assert self.failure(provider).may_have_sent

    def test_a_kept_connection_that_dies_under_a_request_does_not_repeat_it(
        self, provider: Provider, settings: Any
    ) -> None:
        def once_then_drop(line: Line) -> None:
            line.request()
            line.answer(json.dumps(ACCEPTED).encode())
            line.request()  # the second message is read, and never answered

        with LineServer(once_then_drop, accept) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            provider.send(BODY)
            assert self.failure(provider).may_have_sent
            assert (server.connections, len(server.requests)) == (1, 2)

    def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_before_anything_is_sent(
        self, provider: Provider, settings: Any
    ) -> None:
        def once(line: Line) -> None:
            line.request()
            line.answer(json.dumps(ACCEPTED).encode())

        with LineServer(once, accept) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            provider.send(BODY)
            server.wait_until_closed(1)
            assert provider.send(BODY) == Accepted("wamid.NEW1")
            assert (server.connections, len(server.requests)) == (2, 2)

    def test_a_connection_that_was_idle_for_long_is_not_used_again(
        self, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with LineServer(accept) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            provider.send(BODY)
            provider.send(BODY)
            assert server.connections == 1
            monkeypatch.setattr(wire, "IDLE_SECONDS", -1)
            provider.send(BODY)
            assert (server.connections, len(server.requests)) == (2, 3)
