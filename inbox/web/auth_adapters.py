"""How colleagues sign in: accounts are made by administrators, guessing is counted per person and place, and the
secrets of second factors are encrypted like access tokens."""

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

#: axes keeps the name in a column of this length.
LOGIN_LENGTH = 255


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave the counting of passwords to axes: allauth counts per account alone, so that any stranger could lock
        anybody out with a handful of wrong passwords. Its limits on codes and on requests per address stay."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


class MFAAdapter(DefaultMFAAdapter):
    """Stores the keys of authenticator apps and recovery codes encrypted with FIELD_ENCRYPTION_KEYS."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)


def client_ip(request: HttpRequest, *_: Any) -> str:
    """The address a request comes from, as `client_address` tells it."""
    return client_address(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def attempted_login(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """Whose password is being tried: one name per person, however it is written and whether it is the e-mail address
    or the username, so that spelling does not buy more tries. Unknown names count like known ones."""
    credentials = credentials or {}
    login = str(credentials.get("username") or credentials.get("email") or "").strip().lower()[:LOGIN_LENGTH]
    if "@" in login:
        owner = Agent.objects.filter(email__iexact=login).order_by("pk").values_list("username", flat=True).first()
        return (owner or login).lower()
    return login


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer to every try while a person and place are locked out; the same whether the account exists or not."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
