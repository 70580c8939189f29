"""Requests to untrusted URLs (links, webhooks), safe from SSRF and DNS rebinding.

The name is resolved once, every address is checked, and the connection goes to the checked address: what the name
resolves to later doesn't matter. requests-hardened checks only the first address of a name, against a list of what is
forbidden, and limits no total time.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from django.conf import settings
from urllib3.exceptions import HTTPError

CONNECT_SECONDS = 5.0
#: The longest silence during an answer.
READ_SECONDS = 15.0
MAX_REDIRECTS = 3
URL_LIMIT = 2000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK_BYTES = 64 * 1024
#: NAT64 (RFC 6052): networks without IPv4 reach it through these addresses. As with ::ffff:0:0/96, the embedded IPv4
#: address is checked.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: The only IPv6 addresses that IANA has allocated to the internet; everything else is special or unallocated.
IPV6_INTERNET = ipaddress.ip_network("2000::/3")
#: Special ranges that `ipaddress` of some supported Python calls global, and a public address of a cloud's metadata.
#: https://www.iana.org/assignments/iana-ipv4-special-registry,
#: https://www.iana.org/assignments/iana-ipv6-special-registry
SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; Oracle Cloud's metadata at 192.0.0.192
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnelling
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",  # AS112
        "168.63.129.16/32",  # Azure's metadata and DNS, from inside any virtual machine
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, drone ids
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to the IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutsideError(Exception):
    """A request that was not made, or failed. The text is a sentence without internal addresses.

    ``refused``: the URL is not allowed, so trying again is useless.
    """

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Target:
    """An allowed URL, and the IP address to connect to."""

    parts: SplitResult
    host: str
    port: int
    ip: str

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")


def check(url: str, *, private: Collection[str] = ()) -> Target:
    """Resolve a URL now and return its target. ``private`` are the hosts ("name" or "name:port") that may have private
    addresses and no https. Raises OutsideError."""
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise OutsideError("The address is not a proper link.", refused=True)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise OutsideError("The address is not a proper link.", refused=True) from None
    if not host or parts.scheme not in ("https", "http"):
        raise OutsideError("The address must begin with https://.", refused=True)
    if parts.username is not None or parts.password is not None:
        raise OutsideError("The address must not hold a user name or password.", refused=True)
    port = port if port is not None else (443 if parts.scheme == "https" else 80)
    trusted = host in private or f"{host}:{port}" in private
    if parts.scheme != "https" and not trusted:
        raise OutsideError("The address must begin with https://.", refused=True)
    return Target(parts, host, port, _resolve(host, port, trusted=trusted))


def _resolve(host: str, port: int, *, trusted: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutsideError(f"There is no server called {host}.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    # One forbidden address refuses the name: mixed names exist to get past this check.
    if not trusted and not all(is_public(address) for address in addresses):
        raise OutsideError("The address leads into a private network.", refused=True)
    return str(addresses[0])


def is_public(address: Address) -> bool:
    """Whether an IP address is on the public internet. Refuses all special ranges of IANA's registries and the
    addresses of clouds' metadata services."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64 or address.ipv4_mapped:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in IPV6_INTERNET:
            return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in SPECIAL)


@contextmanager
def request(
    method: str,
    target: Target,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = READ_SECONDS,
) -> Iterator[urllib3.BaseHTTPResponse]:
    """Send one request to exactly this target, without redirects or a proxy; the answer is not read yet. ``seconds``
    limit the whole block; socket timeouts only limit silences. Raises OutsideError."""
    deadline = _Deadline(seconds)
    pool = _pool(target, deadline)
    default = 443 if target.parts.scheme == "https" else 80
    host = f"[{target.host}]" if ":" in target.host else target.host
    sent = {
        "Host": host if target.port == default else f"{host}:{target.port}",
        "User-Agent": "Inbox",
        "Accept-Encoding": "identity",
        **(headers or {}),
    }
    try:
        response = pool.urlopen(
            method,
            target.path,
            body=body,
            headers=sent,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        try:
            yield response
        finally:
            response.close()
    except HTTPError as error:
        raise OutsideError(_sentence(target.host, error, late=deadline.over)) from error
    finally:
        deadline.cancel()
        pool.close()


class _Deadline:
    """Shuts down a connection at its deadline, wherever its reader waits: handshake, headers, body."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0), self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: socket.socket) -> None:
        """Watch this connection, through a second descriptor: TLS takes over the first."""
        with self._lock:
            self._line = line.dup()
            if self.over:
                self._hang_up()

    def cancel(self) -> None:
        self._timer.cancel()
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def _end(self) -> None:
        with self._lock:
            self.over = True
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(OSError):  # closed by the server already
                self._line.shutdown(socket.SHUT_RDWR)


def _pool(target: Target, deadline: _Deadline) -> urllib3.HTTPConnectionPool:
    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            deadline.watch(line)
            return line

    class Encrypted(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            deadline.watch(line)
            return line

    if target.parts.scheme == "http":
        plain = urllib3.HTTPConnectionPool(target.ip, target.port, maxsize=1)
        plain.ConnectionCls = Plain
        return plain
    encrypted = urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        maxsize=1,
        ssl_context=ssl.create_default_context(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
    encrypted.ConnectionCls = Encrypted
    return encrypted


def _sentence(host: str, error: HTTPError, *, late: bool) -> str:
    if late:
        return f"{host} did not answer in time."
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"{host} has no certificate that can be trusted."
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"{host} did not answer in time."
    return f"The connection to {host} failed."


@contextmanager
def fetch(
    url: str, *, limit: int, seconds: float, private: Collection[str] = ()
) -> Iterator[tuple[SplitResult, Iterator[bytes]]]:
    """Open the file behind a link: its final URL and its chunks. Follows up to three redirects, each checked like the
    link.

    Opening raises OutsideError for any status but 200; the chunks raise it beyond ``limit`` bytes or after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        target = check(url, private=private)
        with request("GET", target, seconds=deadline - time.monotonic()) as response:
            if response.status in REDIRECTS and response.headers.get("Location"):
                url = _joined(url, response.headers["Location"])
                continue
            if response.status != 200:
                raise OutsideError(f"{target.host} answered {response.status} instead of the file.")
            yield target.parts, _pieces(response, target.host, limit, deadline)
            return
    raise OutsideError(f"The link was passed on more than {MAX_REDIRECTS} times.")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # such as an unclosed bracket
        raise OutsideError("The link was passed on to an address that is no proper link.", refused=True) from None


def _pieces(response: urllib3.BaseHTTPResponse, host: str, limit: int, deadline: float) -> Iterator[bytes]:
    size = 0
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > limit:
        raise OutsideError(f"The file behind the link is larger than {limit // 2**20} MB.")
    while piece := response.read1(CHUNK_BYTES):
        size += len(piece)
        if size > limit:
            raise OutsideError(f"The file behind the link is larger than {limit // 2**20} MB.")
        if time.monotonic() > deadline:
            raise OutsideError(f"{host} took too long to send the file.")
        yield piece
    # Without a Content-Length, the end of the connection ends the answer; at the deadline we closed it ourselves.
    if time.monotonic() > deadline - 0.5:
        raise OutsideError(f"{host} took too long to send the file.")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) != size:
        raise OutsideError(f"{host} sent only a part of the file.")


def simulator_hosts() -> list[str]:
    """The simulator's host in development, so that links to its files work; nothing in production."""
    if not settings.DEBUG or not settings.WHATSAPP_SIMULATOR_URL:
        return []
    return [urlsplit(settings.WHATSAPP_SIMULATOR_URL).netloc]


__all__ = ["OutsideError", "Target", "check", "fetch", "is_public", "request", "simulator_hosts"]
