"""How colleagues sign in: accounts are made by administrators, guessing is counted per person and place, and the
secrets of second factors are encrypted like access tokens."""

from __future__ import annotations

import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox.models import Agent
from whatsapp import encrypted

#: axes keeps the name in a column of this length.
LOGIN_LENGTH = 255
#: Whoever has one IPv6 address has its whole /64, so that is what counts as one place.
IPV6_PREFIX = 64
NOWHERE = "0.0.0.0"  # noqa: S104 - not a bind address: what a request over a Unix socket is counted under


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
        return encrypted.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encrypted.decrypt(encrypted_text)


def client_ip(request: HttpRequest, *_: Any) -> str:
    """The address a request comes from, of an IPv6 one the network. Believes ``X-Forwarded-For`` only as far from its
    end as TRUSTED_PROXIES says; with none, or a header that is shorter or not addresses, it is the connection's own."""
    candidates = [request.META.get("REMOTE_ADDR", "")]
    if proxies := settings.TRUSTED_PROXIES:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        if len(hops) >= proxies:
            candidates.insert(0, hops[-proxies])
    for candidate in candidates:
        try:
            address = ipaddress.ip_address(candidate.strip())
        except ValueError:
            continue
        if isinstance(address, ipaddress.IPv6Address):
            mapped = address.ipv4_mapped
            if mapped is None:
                return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False).network_address)
            address = mapped
        return str(address)
    return NOWHERE


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
