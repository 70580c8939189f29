"""Limits of failed logins: per account, per network and per browser, across processes, and who is spared."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client

from inbox import quotas
from inbox.models import Agent
from inbox.web.login_limits import ACCOUNT, BROWSER, NETWORK
from tests.inbox.test_quotas import pass_by
from tests.inbox.web.test_auth_adapters import LOGIN, sign_in
from tests.servers import WebProcess, web_process

PASSWORD = "a password for alice"
HOME = "198.51.100.1"


@pytest.fixture(autouse=True)
def _counting(settings: Any, db: None) -> None:
    settings.AXES_ENABLED = True
    cache.clear()


def guess(login: str, place: str, client: Client | None = None) -> int:
    return sign_in(client or Client(), login, "not the password", REMOTE_ADDR=place).status_code


def signs_in(client: Client, place: str = HOME, login: str = "alice") -> bool:
    return sign_in(client, login, f"a password for {login}", REMOTE_ADDR=place).status_code == 302


def from_everywhere(login: str = "alice", times: int = ACCOUNT.limit) -> None:
    """Guess from another network each time."""
    for place in range(times):
        guess(login, f"203.0.{place}.7")


class AccountTests:
    def test_guessing_from_everywhere_is_limited(self, alice: Agent) -> None:
        from_everywhere(times=ACCOUNT.limit - 1)
        assert guess("alice", "192.0.2.1") == 429  # the last one is told at once, like axes does
        assert not signs_in(Client(), "192.0.2.2")

    def test_spelling_the_name_differently_buys_no_tries(self, alice: Agent) -> None:
        for place in range(ACCOUNT.limit):
            guess(("alice", " ALICE", "alice@example.com")[place % 3], f"203.0.{place}.7")
        assert guess("Alice@Example.com", "192.0.2.1") == 429

    def test_an_unknown_name_is_limited_alike(self, alice: Agent) -> None:
        from_everywhere("nobody")
        assert guess("nobody", "192.0.2.1") == 429

    def test_it_lasts_minutes_and_trying_on_does_not_prolong_it(self, alice: Agent) -> None:
        from_everywhere()
        assert ACCOUNT.seconds <= 10 * 60
        pass_by(seconds=ACCOUNT.seconds / 2)
        assert guess("alice", "192.0.2.1") == 429
        pass_by(seconds=ACCOUNT.seconds / 2)
        assert signs_in(Client(), "192.0.2.1")

    def test_others_are_not_held_up(self, alice: Agent, bob: Agent) -> None:
        from_everywhere()
        assert signs_in(Client(), login="bob")

    def test_the_owners_browser_is_not_locked_out(self, alice: Agent, client: Client) -> None:
        assert signs_in(client)
        client.post("/accounts/logout/")
        from_everywhere()
        assert signs_in(client, "192.0.2.99")  # on the road

    def test_the_owners_network_is_not_locked_out(self, alice: Agent) -> None:
        assert signs_in(Client())
        from_everywhere()
        assert not signs_in(Client(), "192.0.2.99")
        assert signs_in(Client())


class NetworkTests:
    def test_trying_many_accounts_from_one_network_is_limited(self, alice: Agent) -> None:
        for account in range(NETWORK.limit):
            guess(f"name{account}", "203.0.113.7")
        assert guess("another", "203.0.113.7") == 429
        assert not signs_in(Client(), "203.0.113.7")
        assert signs_in(Client(), "203.0.114.7")
        pass_by(seconds=NETWORK.seconds)
        assert signs_in(Client(), "203.0.113.7")

    def test_a_colleague_cannot_lock_the_office_out(self, alice: Agent, client: Client) -> None:
        assert signs_in(client)
        client.post("/accounts/logout/")
        for account in range(NETWORK.limit):
            guess(f"name{account}", HOME)
        for _ in range(8):
            guess("alice", HOME)
        assert not signs_in(Client())
        assert signs_in(client)


class BrowserTests:
    def test_a_known_browser_may_guess_no_more_than_others(self, alice: Agent, client: Client) -> None:
        assert signs_in(client)
        client.post("/accounts/logout/")
        answers = [guess("alice", f"203.0.{place}.7", client) for place in range(BROWSER.limit)]
        assert answers == [200] * (BROWSER.limit - 1) + [429]
        assert not signs_in(client)
        pass_by(seconds=BROWSER.seconds)
        assert signs_in(client)

    def test_it_is_known_for_its_own_accounts_only(self, alice: Agent, bob: Agent, client: Client) -> None:
        assert signs_in(client, login="bob")
        client.post("/accounts/logout/")
        from_everywhere("alice")
        assert guess("alice", "192.0.2.1", client) == 429

    def test_a_cookie_that_we_did_not_sign_is_worth_nothing(self, alice: Agent, settings: Any) -> None:
        from_everywhere()
        for value in ("", "x", '["abc", ["alice"]]', "WyJhYmMiLFsiYWxpY2UiXV0:1abc:xyz"):
            client = Client()
            client.cookies[settings.BROWSER_COOKIE_NAME] = value
            assert guess("alice", "192.0.2.1", client) == 429

    def test_its_cookie_opens_nothing(self, alice: Agent, client: Client, settings: Any) -> None:
        assert signs_in(client)
        cookie = client.cookies[settings.BROWSER_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        other = Client()
        other.cookies[settings.BROWSER_COOKIE_NAME] = cookie.value
        assert other.get("/").status_code == 302


@pytest.mark.django_db(transaction=True)
class ProcessesTests:
    """What one process counted, another one knows."""

    class Browser:
        def __init__(self, server: WebProcess) -> None:
            self.server, self.session = server, requests.Session()

        def post(self, path: str, **form: str) -> requests.Response:
            page = self.session.get(self.server.url + path, timeout=30).text
            found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
            form["csrfmiddlewaretoken"] = found[1] if found else ""
            return self.session.post(self.server.url + path, data=form, timeout=30, allow_redirects=False)

        def sign_in(self, password: str = PASSWORD) -> requests.Response:
            return self.post(LOGIN, login="alice", password=password)

        def code(self, code: str) -> requests.Response:
            return self.post("/accounts/2fa/authenticate/", code=code)

    def test_codes_and_failures_are_known_to_all_processes(self, alice: Agent) -> None:
        # The tests' own hasher is quick, and unknown to the processes.
        Agent.objects.update(password=Argon2PasswordHasher().encode(PASSWORD, "salt-of-a-test"))
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(alice, secret)
        RecoveryCodes.activate(alice)
        with web_process() as one, web_process() as other:
            first, second = self.Browser(one), self.Browser(other)
            for browser in (first, second):
                assert browser.sign_in().headers["Location"].startswith("/accounts/2fa/authenticate/")
            code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
            assert first.code(code).status_code == 302
            assert second.code(code).status_code == 200, "a one-time code was taken twice"
            for browser in (second, self.Browser(one), self.Browser(other)):
                if browser is not second:
                    browser.sign_in()
                for _ in range(2):
                    answer = browser.code("000000")
            assert "Too many failed login attempts" in answer.text
            for wrong in range(8):
                answer = self.Browser((one, other)[wrong % 2]).sign_in("not the password")
            assert answer.status_code == 429

    def test_what_has_expired_is_forgotten(self) -> None:
        cache.set("used", "y", timeout=-1)
        cache.set("in use", "y", timeout=60)
        quotas.forget()
        assert cache.get("in use") == "y"
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM inbox_cache")
            assert cursor.fetchone() == (1,)
