"""Login, logout and the second factor in our own look."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from inbox.models import Agent
from tests.inbox.web.views.test_conversations import text

pytestmark = pytest.mark.django_db


class LoginPageTests:
    def test_it_lets_an_agent_in_and_on_to_where_they_wanted(self, client: Client, alice: Agent) -> None:
        html = text(client.get("/accounts/login/?next=/%3Ffilter%3Dunread"))
        assert 'autocomplete="current-password"' in html
        data = {"login": "alice", "password": "a password for alice", "next": "/?filter=unread"}
        response = client.post("/accounts/login/", data)
        assert response.headers["Location"] == "/?filter=unread"
        assert "Inbox" in text(client.get("/"))

    def test_it_says_that_the_password_is_wrong_and_keeps_the_name(self, client: Client, alice: Agent) -> None:
        html = text(client.post("/accounts/login/", {"login": 'alice"><b>', "password": "wrong"}))
        assert 'role="alert"' in html
        assert 'value="alice&quot;&gt;&lt;b&gt;"' in html
        assert "wrong" not in html

    def test_it_offers_no_way_to_sign_up_or_to_reset_a_password(self, client: Client, db: None) -> None:
        html = text(client.get("/accounts/login/"))
        assert "signup" not in html
        assert "password/reset" not in html


class AccountPagesTests:
    @pytest.mark.parametrize("address", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/"])
    def test_they_lead_back_to_the_inbox(self, client: Client, alice: Agent, address: str) -> None:
        client.force_login(alice)
        html = text(client.get(address))
        assert "Menu:" not in html
        assert 'href="/"' in html

    def test_a_second_factor_can_be_set_up(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        setup = "/accounts/2fa/totp/activate/"
        assert "Confirm" in text(client.get(setup, follow=True))
        confirmed = client.post("/accounts/reauthenticate/", {"password": "a password for alice", "next": setup})
        assert confirmed.headers["Location"] == setup
        html = text(client.get(setup))
        assert "data:image/svg+xml" in html
        assert re.search(r'<input[^>]+id="authenticator_secret"', html)

    def test_logging_out_takes_a_form(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        client.get("/accounts/logout/")
        assert client.get("/").status_code == 200
        client.post("/accounts/logout/")
        assert client.get("/").status_code == 302
