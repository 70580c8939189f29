"""Where a request comes from: the address that limits are counted by, which no header can forge."""

from __future__ import annotations

import ipaddress

from django.conf import settings

from core.asgi import Scope

#: Whoever has one IPv6 address has its whole /64, so that is what counts as one place.
IPV6_PREFIX = 64
#: Not a bind address: what a request over a Unix socket is counted under.
NOWHERE = "0.0.0.0"  # noqa: S104


def client_address(peer: str, forwarded_for: str) -> str:
    """The address of a request that came over a connection from ``peer``; of an IPv6 address its network.

    ``forwarded_for`` (X-Forwarded-For) is believed only as far from its end as TRUSTED_PROXIES says. With no proxies,
    or a header that is shorter or holds no addresses, it is the connection's own.
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
    """The same for a request as ASGI describes it."""
    client = scope.get("client") or ("", 0)
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return client_address(client[0], forwarded.decode("latin-1"))
