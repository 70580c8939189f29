"""Who may call: programs with a valid token and the right, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inbox.api import tokens
from inbox.models import Agent, ApiToken, Program
from tests.inbox.api.conftest import client_of
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


class TokenTests:
    def test_it_works(self, api: Client) -> None:
        assert api.get("/api/numbers").status_code == 200

    @pytest.mark.parametrize(
        "header",
        ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic abc", "Bearer a b", "Bearer " + "x" * 5000, "Bearer \xff"],
    )
    def test_it_refuses_a_missing_or_wrong_token(self, header: str, program: Program) -> None:
        answer = Client(headers={"Authorization": header} if header else {}).get("/api/numbers")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "unauthorized"

    def test_it_refuses_revoked_and_expired_tokens_and_paused_programs(self, program: Program) -> None:
        for change in ("revoke", "expire", "pause"):
            row, token = tokens.make(program)
            client = Client(headers={"Authorization": f"Bearer {token}"})
            assert client.get("/api/numbers").status_code == 200
            match change:
                case "revoke":
                    tokens.revoke(row)
                case "expire":
                    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
                case "pause":
                    Program.objects.update(active=False)
            assert client.get("/api/numbers").status_code == 401

    def test_it_stores_a_digest_and_when_it_was_used(self, program: Program) -> None:
        row, token = tokens.make(program)
        assert token not in str(list(ApiToken.objects.values_list()))
        assert token.startswith(row.prefix)
        assert row.last_used_at is None
        Client(headers={"Authorization": f"Bearer {token}"}).get("/api/numbers")
        row.refresh_from_db()
        assert row.last_used_at is not None

    def test_it_may_not_read_without_the_right(self, number: PhoneNumber) -> None:
        client = client_of(Program.objects.create(name="Sender", may_read=False, all_numbers=True))
        for path in ("messages", "contacts", "conversations", "templates", "numbers", "messages/1"):
            answer = client.get(f"/api/{path}")
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_an_agents_session_opens_nothing(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        client.force_login(alice)
        assert client.get("/api/messages").status_code == 401

    def test_a_token_opens_no_page(self, api: Client, number: PhoneNumber) -> None:
        row = message(conversation(number))
        assert api.get(f"/conversations/{row.conversation_id}/").status_code == 302


class AddressTests:
    def test_it_answers_unknown_addresses_and_methods_as_problems(self, api: Client) -> None:
        answer = api.get("/api/nothing/here")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
        answer = api.put("/api/messages")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
        assert answer.json()["code"] == "method_not_allowed"

    @pytest.mark.parametrize(
        "path",
        [
            "messages/0x1",
            "messages/99999999999999999999999999",
            "messages/%00",
            "messages/-1",
            "messages?limit=0",
            "messages?limit=101",
            "messages?limit=1e400",
            "messages?conversationId=abc",
            "messages?conversationId=9999999999999999999999",
            "messages?phone=%00",
            "messages?phone=hello",
            "messages?phone=%EF%BC%91",
            "messages?since=yesterday",
            "messages?since=0001-01-01T00:00:00%2B14:00",
            "messages?since=9999-12-31T23:59:59-14:00",
            "messages?since=1e400",
            "messages?cursor=%00",
            "messages?cursor=AAAA",
            "messages?cursor=LTEsLTE5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
            "messages?kind=nothing",
            "messages?direction=sideways",
            "contacts?cursor=%F0%9F%98%80",
            "templates?name=%00",
            "media/%00",
        ],
    )
    def test_it_refuses_hostile_words(self, path: str, api: Client) -> None:
        answer = api.get(f"/api/{path}")
        assert answer.status_code in (404, 422)
        assert answer.json()["detail"]


class ReferenceTests:
    def test_it_is_for_agents_and_for_tokens(self, client: Client, api: Client, alice: Agent) -> None:
        assert client.get("/api/").status_code == 302
        assert client.get("/api/openapi.json").status_code == 401
        described = api.get("/api/openapi.json").json()
        client.force_login(alice)
        assert client.get("/api/openapi.json").json() == described
        refused = api.put("/api/openapi.json", "{}")
        assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
        assert "/api/messages" in described["paths"]
        page = client.get("/api/")
        assert page.status_code == 200
        assert "cdn" not in page.content.decode()
