"""Signing in: only with a password, only so many tries, and nothing learned from the answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from inbox.models import Agent
from inbox.web import auth_adapters

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _fresh_cache(db: None) -> None:
    cache.clear()


@pytest.fixture
def _axes(settings: Any) -> None:
    settings.AXES_ENABLED = True


def sign_in(client: Client, login: str, password: str, **headers: str) -> Any:
    return client.post(LOGIN, {"login": login, "password": password}, **headers)


@pytest.mark.usefixtures("_axes")
class LoginTests:
    def test_it_works(self, client: Client, alice: Agent) -> None:
        page = client.get(LOGIN)
        assert page.status_code == 200
        assert b'name="login"' in page.content
        answer = sign_in(client, "alice", "a password for alice")
        assert answer.status_code == 302
        assert answer["Location"] == "/"
        assert client.session["_auth_user_id"] == str(alice.pk)

    def test_it_takes_the_email_address_too(self, client: Client, alice: Agent) -> None:
        assert sign_in(client, "Alice@Example.com", "a password for alice").status_code == 302

    def test_it_gives_the_session_a_new_id(self, client: Client, alice: Agent) -> None:
        session = client.session
        session["seen"] = True
        session.save()
        before = session.session_key
        sign_in(client, "alice", "a password for alice")
        assert client.session.session_key != before

    def test_it_answers_alike_for_known_and_unknown_names(self, client: Client, alice: Agent) -> None:
        def shown(login: str) -> str:
            page = sign_in(client, login, "not the password").content.decode()
            return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page.replace(login, "LOGIN"))

        assert shown("alice") == shown("nobody")

    def test_it_refuses_an_inactive_agent(self, client: Client, alice: Agent) -> None:
        alice.is_active = False
        alice.save()
        sign_in(client, "alice", "a password for alice")
        assert "_auth_user_id" not in client.session

    def test_it_does_not_follow_next_to_another_site(self, client: Client, alice: Agent) -> None:
        answer = client.post(
            f"{LOGIN}?next=https://evil.example/",
            {"login": "alice", "password": "a password for alice", "next": "https://evil.example/"},
        )
        assert answer["Location"] == "/"

    def test_it_survives_names_that_no_column_holds(self, client: Client, alice: Agent) -> None:
        for login in ("x" * 3000, "nul\0nul", "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace")):
            assert sign_in(client, login, "guess").status_code == 200

    def test_a_password_change_signs_other_browsers_out(self, client: Client, alice: Agent) -> None:
        other = Client()
        sign_in(client, "alice", "a password for alice")
        sign_in(other, "alice", "a password for alice")
        answer = client.post(
            "/accounts/password/change/",
            {
                "oldpassword": "a password for alice",
                "password1": "an entirely new one",
                "password2": "an entirely new one",
            },
        )
        assert answer.status_code == 302
        assert client.get("/accounts/2fa/").status_code == 200
        signed_out = other.get("/accounts/2fa/")
        assert signed_out.status_code == 302
        assert signed_out["Location"].startswith(LOGIN)


@pytest.mark.usefixtures("_axes")
class LockoutTests:
    def guess(self, client: Client, times: int, login: str = "alice", **headers: str) -> Any:
        answer = None
        for _ in range(times):
            answer = sign_in(client, login, "not the password", **headers)
        return answer

    def test_it_locks_out_after_eight_failures(self, client: Client, alice: Agent) -> None:
        assert self.guess(client, 7).status_code == 200
        answer = self.guess(client, 1)
        assert answer.status_code == 429
        assert b"Wait 15 minutes" in answer.content
        refused = sign_in(client, "alice", "a password for alice")
        assert refused.status_code == 429
        assert "_auth_user_id" not in client.session

    def test_it_locks_unknown_names_alike(self, client: Client, alice: Agent) -> None:
        known, unknown = self.guess(client, 8, "alice"), self.guess(client, 8, "nobody")
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)

    def test_it_ends_after_the_cool_off_and_more_tries_do_not_prolong_it(self, client: Client, alice: Agent) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            self.guess(client, 8)
            clock.shift(timedelta(minutes=10))
            assert self.guess(client, 3).status_code == 429
            clock.shift(timedelta(minutes=6))
            assert sign_in(client, "alice", "a password for alice").status_code == 302

    def test_spelling_the_name_differently_buys_no_tries(self, client: Client, alice: Agent) -> None:
        self.guess(client, 3, "alice")
        self.guess(client, 3, " ALICE ")
        self.guess(client, 1, "alice@example.com")
        assert self.guess(client, 1, "Alice@EXAMPLE.com").status_code == 429
        assert self.guess(client, 1, "aLiCe").status_code == 429

    def test_a_forged_forwarded_header_buys_no_tries(self, client: Client, alice: Agent) -> None:
        for last in range(8):
            answer = self.guess(client, 1, HTTP_X_FORWARDED_FOR=f"203.0.113.{last}", HTTP_X_REAL_IP=f"203.0.113.{last}")
        assert answer.status_code == 429

    def test_a_forged_forwarded_header_before_our_proxy_buys_no_tries(
        self, client: Client, alice: Agent, settings: Any
    ) -> None:
        settings.TRUSTED_PROXIES = 1
        for last in range(8):
            answer = self.guess(client, 1, HTTP_X_FORWARDED_FOR=f"203.0.113.{last}, 198.51.100.9")
        assert answer.status_code == 429

    def test_another_browser_string_buys_no_tries(self, client: Client, alice: Agent) -> None:
        for version in range(8):
            answer = self.guess(client, 1, HTTP_USER_AGENT=f"Browser/{version}")
        assert answer.status_code == 429

    def test_a_stranger_elsewhere_does_not_lock_the_owner_out(self, client: Client, alice: Agent) -> None:
        self.guess(client, 20, REMOTE_ADDR="203.0.113.7")
        assert sign_in(client, "alice", "a password for alice", REMOTE_ADDR="198.51.100.1").status_code == 302

    def test_a_success_forgets_the_failures(self, client: Client, alice: Agent) -> None:
        self.guess(client, 7)
        sign_in(client, "alice@example.com", "a password for alice")
        client.logout()
        assert self.guess(client, 7).status_code == 200

    def test_asking_for_the_password_again_counts_too(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        for _ in range(8):
            answer = client.post("/accounts/reauthenticate/", {"password": "not the password"})
        assert answer.status_code == 429

    def test_what_was_typed_is_not_kept(self, client: Client, alice: Agent) -> None:
        from axes.models import AccessAttempt

        sign_in(client, "alice", "CANARY123")
        attempt = AccessAttempt.objects.get()
        assert "CANARY123" not in f"{attempt.post_data}{attempt.get_data}"
        assert "alice" not in attempt.post_data


class ClientAddressTests:
    def address(self, remote: str, forwarded: str | None = None) -> str:
        headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
        return auth_adapters.client_ip(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))

    def test_it_ignores_the_header_without_proxies(self) -> None:
        assert self.address("198.51.100.1", "203.0.113.1") == "198.51.100.1"

    @pytest.mark.parametrize(
        ("forwarded", "expected"),
        [
            ("203.0.113.1", "203.0.113.1"),
            ("6.6.6.6, 203.0.113.1", "203.0.113.1"),
            ("6.6.6.6, not an address", "10.0.0.1"),
            ("", "10.0.0.1"),
        ],
    )
    def test_it_believes_as_many_hops_as_there_are_proxies(self, settings: Any, forwarded: str, expected: str) -> None:
        settings.TRUSTED_PROXIES = 1
        assert self.address("10.0.0.1", forwarded) == expected

    def test_a_header_that_is_too_short_is_not_believed(self, settings: Any) -> None:
        settings.TRUSTED_PROXIES = 2
        assert self.address("10.0.0.1", "203.0.113.1") == "10.0.0.1"

    def test_one_ipv6_network_is_one_place(self) -> None:
        assert self.address("2001:db8:1:2:3::4") == self.address("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"

    def test_a_mapped_address_is_its_ipv4_address(self) -> None:
        assert self.address("::ffff:198.51.100.1") == "198.51.100.1"

    def test_a_request_over_a_unix_socket_has_a_place(self) -> None:
        assert self.address("") == "0.0.0.0"


class AddressesTests:
    @pytest.mark.parametrize(
        "path", ["signup/", "email/", "password/reset/", "password/set/", "confirm-email/", "login/code/", "3rdparty/"]
    )
    def test_what_the_product_does_not_offer_has_no_address(self, client: Client, alice: Agent, path: str) -> None:
        client.force_login(alice)
        assert client.get(f"/accounts/{path}").status_code == 404

    def test_strangers_reach_nothing_but_the_login(self, client: Client, db: None) -> None:
        for name in (
            "account_reauthenticate",
            "account_change_password",
            "mfa_index",
            "mfa_activate_totp",
            "mfa_list_webauthn",
            "mfa_add_webauthn",
            "mfa_view_recovery_codes",
            "mfa_authenticate",
        ):
            answer = client.get(reverse(name))
            assert (name, answer.status_code, answer["Location"].split("?")[0]) == (name, 302, LOGIN)

    def test_an_agent_reaches_every_page(self, client: Client, alice: Agent) -> None:
        sign_in(client, "alice", "a password for alice")
        for name in ("account_reauthenticate", "account_change_password", "mfa_index", "mfa_list_webauthn"):
            assert (name, client.get(reverse(name)).status_code) == (name, 200)


class SecondFactorTests:
    def test_setting_it_up_asks_for_the_password_and_encrypts_the_key(self, client: Client, alice: Agent) -> None:
        sign_in(client, "alice", "a password for alice")
        asked = client.get("/accounts/2fa/totp/activate/")
        assert asked["Location"].startswith("/accounts/reauthenticate/")
        client.post("/accounts/reauthenticate/", {"password": "a password for alice"})
        client.get("/accounts/2fa/totp/activate/")
        secret = client.session[totp.SECRET_SESSION_KEY]
        code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
        done = client.post("/accounts/2fa/totp/activate/", {"code": code})
        assert done["Location"] == "/accounts/2fa/recovery-codes/"
        stored = Authenticator.objects.get(user=alice, type="totp")
        assert secret not in str(stored.data)
        codes = Authenticator.objects.get(user=alice, type="recovery_codes")
        assert codes.wrap().get_unused_codes()[0] not in str(codes.data)

    def test_a_login_then_needs_a_code(self, client: Client, alice: Agent) -> None:
        from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
        from allauth.mfa.totp.internal.auth import TOTP

        secret = totp.generate_totp_secret()
        TOTP.activate(alice, secret)
        codes = RecoveryCodes.activate(alice).get_unused_codes()
        answer = sign_in(client, "alice", "a password for alice")
        assert answer["Location"].startswith("/accounts/2fa/authenticate/")
        assert "_auth_user_id" not in client.session
        assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
        assert "_auth_user_id" not in client.session
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert client.session["_auth_user_id"] == str(alice.pk)

    def test_codes_cannot_be_guessed_for_long(self, client: Client, alice: Agent) -> None:
        from allauth.mfa.totp.internal.auth import TOTP

        TOTP.activate(alice, totp.generate_totp_secret())
        sign_in(client, "alice", "a password for alice")
        for guess in range(6):
            answer = client.post("/accounts/2fa/authenticate/", {"code": f"{guess:06}"})
        assert b"Too many failed login attempts" in answer.content
