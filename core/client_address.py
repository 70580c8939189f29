"""The client address that limits count by, which no header can forge."""

from __future__ import annotations

import ipaddress

from django.conf import settings

from core.asgi import Scope

#: A client with one IPv6 address usually has its whole /64, so limits count by that network.
IPV6_PREFIX = 64
#: Requests over a Unix socket are counted under this address. (Nothing binds to it.)
NOWHERE = "0.0.0.0"  # noqa: S104


def client_address(peer: str, forwarded_for: str) -> str:
    """The address of a request that came over a connection from ``peer``; for IPv6 its network.

    Of ``forwarded_for`` (X-Forwarded-For), only the last TRUSTED_PROXIES entries are trusted. Without proxies, or when
    the header is too short or holds no addresses, the address is that of the connection.
    """
    candidates = [peer]
    if proxies := settings.TRUSTED_PROXIES:
        hops = forwarded_for.split(",")
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


def address_of(scope: Scope) -> str:
    """`client_address` for a request in ASGI's form."""
    client = scope.get("client") or ("", 0)
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return client_address(client[0], forwarded.decode("latin-1"))
