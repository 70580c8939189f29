"""How often somebody may try a password: per account, per network and per browser, and who is spared.

django-axes counts the failures of one network at one account. Beside that, failures are limited

- per account, whatever networks they come from: guessing from thousands of addresses at once gains nothing;
- per network, whatever accounts are tried.

Both would let a stranger lock others out. So a browser that has signed in to the account before is counted by itself,
and no other's failures hold it up; and where the account has been signed in to from the same network, the account's
own limit does not apply. Everybody else waits minutes at most, and trying on does not prolong it.
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

#: Failed logins of one account from browsers and networks that it does not know.
ACCOUNT = Quota("failed logins, account", 20, 10 * 60)
#: Failed logins from one network, at any account.
NETWORK = Quota("failed logins, network", 50, 15 * 60)
#: Failed logins of one browser at the accounts that it knows.
BROWSER = Quota("failed logins, browser", 8, 15 * 60)
#: A browser, and a network, are remembered for so long after the last sign-in.
REMEMBERED = timedelta(days=90)
#: Accounts that one browser is remembered for, the newest first.
ACCOUNTS = 5

_SALT = "inbox.web.login_limits"


class Handler(AxesDatabaseHandler):
    """django-axes' own, with these limits."""

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
    """Leave a cookie with a browser that has signed in, by which it is known the next time. It opens nothing."""

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
    """The browser's name for itself, and the accounts it has signed in to; empty when it was never here."""
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
    """Whether somebody signed in to this account from there not long ago."""
    since = timezone.now() - REMEMBERED
    return AccessLog.objects.filter(username__iexact=login, ip_address=network, attempt_time__gt=since).exists()
