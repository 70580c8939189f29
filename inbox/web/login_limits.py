"""Limits on failed logins: per account, per network and per browser, with exceptions for known browsers and networks.

django-axes limits the failures of one network at one account. In addition, failures are limited

- per account, over all networks: guessing from thousands of addresses at once gains nothing;
- per network, over all accounts.

Alone, both would let a stranger lock others out. So a browser that has signed in to the account before has a limit of
its own and is not affected by others' failures, and a network from which the account has been signed in to is exempt
from the account's limit. Everyone else waits a few minutes at most, and further attempts do not prolong the wait.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessLog
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from inbox.quotas import Quota
from inbox.web.auth_adapters import attempted_login, client_ip

#: Failed logins to one account from browsers and networks that it does not know.
ACCOUNT = Quota("failed logins, account", 20, 10 * 60)
#: Failed logins from one network to any account.
NETWORK = Quota("failed logins, network", 50, 15 * 60)
#: Failed logins of one browser to accounts that have signed in with it.
BROWSER = Quota("failed logins, browser", 8, 15 * 60)
#: How long a browser or a network is known after its last login.
REMEMBERED = timedelta(days=90)
#: How many accounts a browser is known for; the oldest is forgotten.
ACCOUNTS = 5

_SALT = "inbox.web.login_limits"


class Handler(AxesDatabaseHandler):  # type: ignore[misc]  # has no types
    """django-axes' handler with these limits added."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        login = attempted_login(request, credentials)
        if browser := _known_browser(request, login):
            return bool(BROWSER.wait(browser))
        network = client_ip(request)
        if super().is_locked(request, credentials) or NETWORK.wait(network):
            return True
        return bool(ACCOUNT.wait(login)) and not _known_network(login, network)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        counted = request is not None and not getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is None or not counted:
            return
        login = attempted_login(request, credentials)
        if browser := _known_browser(request, login):
            BROWSER.take(browser)
        else:
            ACCOUNT.take(login)
            NETWORK.take(client_ip(request))
        request.axes_locked_out = self.is_locked(request, credentials)  # type: ignore[attr-defined]

    def user_logged_in(self, sender: Any, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        login = user.get_username().lower()
        browser, logins = _read(request)
        browser = browser or secrets.token_urlsafe(16)
        BROWSER.forget(browser)
        kept = [login, *(other for other in logins if other != login)][:ACCOUNTS]
        request.known_browser = signing.dumps([browser, kept], salt=_SALT)  # type: ignore[attr-defined]


def remember_browser(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Set a cookie after a login by which the browser is known next time. It grants no access."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if value := getattr(request, "known_browser", ""):
            response.set_cookie(
                settings.BROWSER_COOKIE_NAME,
                value,
                max_age=REMEMBERED,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """The browser's id and the accounts that have signed in with it; both empty for an unknown browser."""
    try:
        value = signing.loads(request.COOKIES.get(settings.BROWSER_COOKIE_NAME, ""), salt=_SALT, max_age=REMEMBERED)
    except signing.BadSignature:
        return "", []
    browser, logins = value
    return browser, logins


def _known_browser(request: HttpRequest, login: str) -> str:
    browser, logins = _read(request)
    return browser if login in logins else ""


def _known_network(login: str, network: str) -> bool:
    """Whether this account was signed in to from this network within REMEMBERED."""
    since = timezone.now() - REMEMBERED
    known = AccessLog.objects.filter(username__iexact=login, ip_address=network, attempt_time__gt=since)
    return bool(known.exists())
