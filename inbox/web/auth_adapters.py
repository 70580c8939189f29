"""Signing in: administrators create the accounts, failed logins are limited per account and network, and the secrets
of second factors are encrypted like access tokens."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import encryption
from core.client_address import client_address
from inbox.models import Agent

#: The length of the column in which django-axes stores the login.
LOGIN_LENGTH = 255


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave the limits on passwords to django-axes: allauth counts per account alone, so that a stranger could lock
        out anyone with a few wrong passwords. Its limits on codes and on requests per address stay."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # has no types
    """Encrypts the keys of authenticator apps and recovery codes with FIELD_ENCRYPTION_KEYS."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)


def client_ip(request: HttpRequest, *_: Any) -> str:
    """The client's address, behind as many proxies as TRUSTED_PROXIES says."""
    return client_address(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def attempted_login(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The account that a login is for, in one spelling: the lower-case username, also when the e-mail address was
    entered, so that other spellings give no further attempts. Unknown accounts are limited like known ones."""
    credentials = credentials or {}
    login = str(credentials.get("username") or credentials.get("email") or "").strip().lower()[:LOGIN_LENGTH]
    if "@" in login:
        owner = Agent.objects.filter(email__iexact=login).order_by("pk").values_list("username", flat=True).first()
        return (owner or login).lower()
    return login


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer while logins to this account from this network are locked, the same for accounts that do not exist."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
