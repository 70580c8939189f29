"""Sending through the Cloud API: what is sent, what the answer means, and what a broken line leaves in doubt."""

from __future__ import annotations

import io
import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from tests.whatsapp.lines import Line, LineServer
from whatsapp import errors
from whatsapp.errors import explain
from whatsapp.models import PhoneNumber
from whatsapp.providers import meta, wire
from whatsapp.providers.base import Accepted, Provider, ProviderError, TemplateInfo, provider_for

GRAPH = "https://graph.facebook.com/v26.0"
NUMBER = f"{GRAPH}/200000000000001"
BODY = {"messaging_product": "whatsapp", "to": "+351915550123", "type": "text", "text": {"body": "Olá 🚲"}}
ACCEPTED = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": "wamid.NEW1"}]}


@pytest.fixture
def provider() -> Provider:
    return provider_for(
        PhoneNumber(phone_number_id="200000000000001", waba_id="100000000000001", access_token="TEST-TOKEN-1")
    )


@pytest.fixture
def wire_mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def refusal(code: int, message: str = "Refused") -> dict[str, dict[str, object]]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}}


def accept(line: Line) -> None:
    while line.request():
        line.answer(json.dumps(ACCEPTED).encode())


class SendTests:
    def test_it_works(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        wire_mock.post(
            f"{NUMBER}/messages",
            json=ACCEPTED,
            match=[
                matchers.json_params_matcher(BODY),
                matchers.header_matcher({"Authorization": "Bearer TEST-TOKEN-1", "Content-Type": "application/json"}),
            ],
        )
        assert provider.send(BODY) == Accepted("wamid.NEW1")

    @pytest.mark.parametrize(
        ("status", "held"),
        [("accepted", ""), ("held_for_quality_assessment", "held_for_quality_assessment"), ("paused", "paused")],
    )
    def test_it_says_when_a_template_is_held(
        self, provider: Provider, wire_mock: responses.RequestsMock, status: str, held: str
    ) -> None:
        answer = {"messages": [{"id": "wamid.NEW1", "message_status": status}]}
        wire_mock.post(f"{NUMBER}/messages", json=answer)
        assert provider.send(BODY).held == held

    @pytest.mark.parametrize("answer", ["", "<html>", "[]", "{}", '{"messages":[]}', '{"messages":[{"id":7}]}', "{"])
    def test_an_accepted_message_without_an_id_may_have_left(
        self, provider: Provider, wire_mock: responses.RequestsMock, answer: str
    ) -> None:
        wire_mock.post(f"{NUMBER}/messages", body=answer)
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert caught.value.may_have_sent

    @pytest.mark.parametrize(
        ("status", "code", "may_have_sent", "retryable"),
        [
            (400, 131047, False, False),
            (400, 131056, False, True),
            (400, 130429, False, True),
            (401, 190, False, False),
            (403, 10, False, False),
            (403, 275, False, False),
            (400, 987654, False, False),
            (500, 131053, False, True),
            (500, 131000, True, True),
            (500, 1, True, True),
            (503, 2, True, True),
            (400, 131000, True, True),
            (500, 987654, True, True),
            (500, 0, True, True),
            (429, 0, False, True),
            (404, 0, False, False),
            (408, 0, True, False),
            (302, 0, True, True),
            (200, 131047, False, False),
            (200, 987654, True, False),
        ],
    )
    def test_a_refusal_is_certain_only_where_whatsapp_says_so(
        self,
        provider: Provider,
        wire_mock: responses.RequestsMock,
        status: int,
        code: int,
        may_have_sent: bool,
        retryable: bool,
    ) -> None:
        wire_mock.post(f"{NUMBER}/messages", status=status, json=refusal(code) if code else None)
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        error = caught.value
        assert (error.code, error.may_have_sent, error.retryable) == (code, may_have_sent, retryable)
        assert len(wire_mock.calls) == 1

    def test_a_number_that_whatsapp_does_not_know_is_not_the_messages_fault(
        self, provider: Provider, wire_mock: responses.RequestsMock
    ) -> None:
        fault = {"message": "Object with ID '200000000000001' does not exist", "code": 100, "error_subcode": 33}
        wire_mock.post(f"{NUMBER}/messages", status=400, json={"error": fault})
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert caught.value.code == errors.UNKNOWN_NUMBER
        assert explain(caught.value.code).pauses_number

    def test_it_passes_on_whatsapps_details(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        fault = refusal(131009, "(#131009) Parameter value is not valid")["error"] | {
            "error_data": {"messaging_product": "whatsapp", "details": "TEST-TOKEN-1 is no emoji."}
        }
        wire_mock.post(f"{NUMBER}/messages", status=400, json={"error": fault})
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert str(caught.value) == (
            "WhatsApp answered 400: (#131009) Parameter value is not valid. (the token) is no emoji"
        )

    def test_without_a_token_nothing_leaves(self) -> None:
        number = PhoneNumber(phone_number_id="200000000000001", access_token="")
        with responses.RequestsMock(), pytest.raises(ProviderError) as caught:
            provider_for(number).send(BODY)
        assert (caught.value.code, caught.value.may_have_sent) == (190, False)

    @pytest.mark.parametrize(
        ("error", "may_have_sent"),
        [
            (requests.ReadTimeout(), True),
            (requests.ConnectionError("reset"), True),
            (requests.ConnectTimeout(), False),
            (requests.exceptions.InvalidURL(), False),
        ],
    )
    def test_an_error_of_the_library_is_told_by_its_kind_where_no_line_was_watched(
        self, provider: Provider, wire_mock: responses.RequestsMock, error: Exception, may_have_sent: bool
    ) -> None:
        wire_mock.post(f"{NUMBER}/messages", body=error)
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert caught.value.may_have_sent is may_have_sent


class BrokenLineTests:
    """Real sockets: exactly one request leaves, and only what certainly did not leave is called so."""

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

    def test_a_line_that_drops_before_the_request_was_read_leaves_doubt(
        self, provider: Provider, settings: Any
    ) -> None:
        with LineServer(Line.reset) as server:
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
        assert "did not answer in time" in str(error)
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


class MarkReadTests:
    @pytest.mark.parametrize("typing", [False, True])
    def test_it_works(self, provider: Provider, wire_mock: responses.RequestsMock, typing: bool) -> None:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        wire_mock.post(f"{NUMBER}/messages", json={"success": True}, match=[matchers.json_params_matcher(body)])
        provider.mark_read("wamid.IN1", typing=typing)


class UploadTests:
    def test_it_works(self, provider: Provider, settings: Any) -> None:
        def take(line: Line) -> None:
            line.request()
            line.answer(b'{"id": "900000000000001"}')

        with LineServer(take) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            media_id = provider.upload_media(
                io.BytesIO(b"%PDF-1.7"), size=8, mime_type="application/pdf", file_name='a"b\r\nX: y/fatura nº 7.pdf'
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
                provider.upload_media(file, size=size, mime_type="application/pdf", file_name="plan.pdf")
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
            media_id = provider.upload_media(file, size=size, mime_type="application/pdf", file_name="plan.pdf")
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
                provider.upload_media(file, size=size, mime_type="application/pdf", file_name="plan.pdf")
        assert caught.value.retryable

    def test_a_file_that_is_shorter_than_said_is_not_sent(self, provider: Provider, settings: Any) -> None:
        with LineServer(accept) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            with pytest.raises(ProviderError, match="shorter"):
                provider.upload_media(io.BytesIO(b"%PDF"), size=8, mime_type="application/pdf", file_name="a.pdf")
        assert server.requests == []

    def test_what_is_longer_than_said_is_cut(self, provider: Provider, settings: Any) -> None:
        def take(line: Line) -> None:
            line.request()
            line.answer(b'{"id": "900000000000001"}')

        with LineServer(take) as server:
            settings.WHATSAPP_GRAPH_URL = server.url
            provider.upload_media(io.BytesIO(b"%PDF-1.7 and more"), size=8, mime_type="text/plain", file_name="a")
        assert b"\r\n\r\n%PDF-1.7\r\n--" in server.requests[0][1]

    @pytest.mark.parametrize("mime_type", ["", "pdf", "a/b\r\nX: y", "text/plain; a=b; c", "te xt/plain", "ä/b"])
    def test_a_type_that_is_none_is_not_sent(self, provider: Provider, mime_type: str) -> None:
        with responses.RequestsMock(), pytest.raises(ProviderError, match="type"):
            provider.upload_media(io.BytesIO(b"x"), size=1, mime_type=mime_type, file_name="a")

    def test_a_refusal_is_passed_on(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        wire_mock.post(f"{NUMBER}/media", status=400, json=refusal(131053, "Wrong type"))
        with pytest.raises(ProviderError, match="Wrong type") as caught:
            provider.upload_media(io.BytesIO(b"x"), size=1, mime_type="text/plain", file_name="a")
        assert caught.value.code == 131053

    @pytest.mark.parametrize("answer", ["{}", '{"id": ""}', '{"id": null}', "<html>"])
    def test_an_answer_without_an_id_may_be_asked_for_again(
        self, provider: Provider, wire_mock: responses.RequestsMock, answer: str
    ) -> None:
        wire_mock.post(f"{NUMBER}/media", body=answer)
        with pytest.raises(ProviderError) as caught:
            provider.upload_media(io.BytesIO(b"x"), size=1, mime_type="text/plain", file_name="a")
        assert caught.value.retryable


class TemplatesTests:
    URL = f"{GRAPH}/100000000000001/message_templates"

    def page(self, *names: str, after: str = "", more: bool = False) -> dict[str, Any]:
        rows = [{"id": f"4{name}", "name": name, "language": "en_US", "status": "APPROVED"} for name in names]
        paging = {"cursors": {"before": "b", "after": after}} | ({"next": "https://x"} if more else {})
        return {"data": rows, "paging": paging}

    def test_it_works(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        components = [{"type": "BODY", "text": "Hi {{first_name}}"}]
        row = {
            "id": "400000000000001",
            "name": "greeting",
            "language": "pt_PT",
            "status": "REJECTED",
            "category": "utility",
            "components": components,
            "parameter_format": "NAMED",
            "quality_score": {"score": "GREEN", "date": 1},
            "rejected_reason": "ABUSIVE_CONTENT",
        }
        wire_mock.get(self.URL, json={"data": [row]})
        assert list(provider.templates()) == [
            TemplateInfo(
                "400000000000001",
                "greeting",
                "pt_PT",
                "REJECTED",
                "UTILITY",
                components,
                "NAMED",
                "GREEN",
                "ABUSIVE_CONTENT",
            )
        ]

    def test_it_follows_the_cursor_to_the_end(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        for asked, page in (
            (None, self.page("a", "b", after="c1", more=True)),
            ("c1", self.page("c", after="c2", more=True)),
            ("c2", self.page("d", after="c3")),
        ):
            params = {"fields": meta.TEMPLATE_FIELDS, "limit": "100"} | ({"after": asked} if asked else {})
            wire_mock.get(self.URL, json=page, match=[matchers.query_param_matcher(params)])
        assert [template.name for template in provider.templates()] == ["a", "b", "c", "d"]

    def test_a_list_in_a_circle_ends_as_an_error(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        wire_mock.get(self.URL, json=self.page("a", after="c1", more=True))
        with pytest.raises(ProviderError, match="does not end"):
            list(provider.templates())
        assert len(wire_mock.calls) == 2

    @pytest.mark.parametrize("answer", ["{}", '{"data": null}', '{"data": {}}'])
    def test_a_list_that_is_none_is_an_error_and_not_an_empty_account(
        self, provider: Provider, wire_mock: responses.RequestsMock, answer: str
    ) -> None:
        wire_mock.get(self.URL, body=answer)
        with pytest.raises(ProviderError):
            list(provider.templates())

    def test_odd_rows_do_not_stop_the_others(self, provider: Provider, wire_mock: responses.RequestsMock) -> None:
        rows = [None, 7, {}, {"name": "a", "components": "x", "quality_score": 3, "rejected_reason": "NONE"}]
        wire_mock.get(self.URL, json={"data": rows, "paging": {"next": "x", "cursors": None}})
        assert list(provider.templates()) == [TemplateInfo("", "a", "")]
