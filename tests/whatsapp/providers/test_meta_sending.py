"""Sending through the Cloud API: what is sent, what the answer means, and the account's message templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from whatsapp import errors
from whatsapp.errors import explain
from whatsapp.models import PhoneNumber
from whatsapp.providers import meta
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
            "WhatsApp responded with 400: (#131009) Parameter value is not valid. (the token) is no emoji"
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


class MarkReadTests:
    @pytest.mark.parametrize("typing", [False, True])
    def test_it_works(self, provider: Provider, wire_mock: responses.RequestsMock, typing: bool) -> None:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN1"}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        wire_mock.post(f"{NUMBER}/messages", json={"success": True}, match=[matchers.json_params_matcher(body)])
        provider.mark_read("wamid.IN1", typing=typing)


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
        with pytest.raises(ProviderError, match="never ends"):
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
