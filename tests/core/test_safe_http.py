"""Addresses that others chose: nothing private is asked, and nothing else than what was looked at."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core import safe_http

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server of one answer. Gives its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass  # tests are quiet

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()


def says(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def fetch(url: str, *, private: list[str], limit: int = 1000, seconds: float = 10) -> bytes:
    with safe_http.fetch(url, limit=limit, seconds=seconds, private=private) as (_, pieces):
        return b"".join(pieces)


#: IANA's registries of special addresses, IPv4 and IPv6, as of 2025-10, and what is not unicast or not assigned.
SPECIAL_RANGES = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32
    192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16
    192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32 224.0.0.0/4
    ::/128 ::1/128 ::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128
    2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16
    2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 4000::/3 8000::/1
    ::ffff:10.0.0.0/104 ::ffff:169.254.0.0/112 64:ff9b::7f00:0/104 64:ff9b::a9fe:0/112
"""
#: AWS, Azure, Google, Oracle, Alibaba, Tencent, DigitalOcean and their like; IPv6 of AWS, Google and Scaleway.
METADATA = """
    169.254.169.254 169.254.170.2 169.254.170.23 169.254.0.23 168.63.129.16 192.0.0.192 100.100.100.200
    fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe
    2002:a9fe:a9fe:: ::a9fe:a9fe fe80::a9fe:a9fe
"""


def len_of(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> int:
    """The index of a network's last address: `len` does not take what IPv6 has."""
    return network.num_addresses - 1


class CheckTests:
    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0/",
            "https://localhost/",
            "https://localhost./",
            "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[fe80::1]/",
            "https://[fc00::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "http://93.184.216.34/",
            "ftp://93.184.216.34/",
            "file:///etc/passwd",
            "https://user:pass@93.184.216.34/",
            "https://93.184.216.34\\@127.0.0.1/",
            "https://93.184.216.34 /",
            "https://93.184.216.34/\r\nX: y",
            "https://",
            "https://93.184.216.34:99999/",
            "//93.184.216.34/",
            "",
            "https://" + "a" * 3000,
        ],
    )
    def test_it_refuses_what_is_private_or_no_link(self, url: str) -> None:
        with pytest.raises(safe_http.OutsideError) as refusal:
            safe_http.check(url)
        assert refusal.value.refused
        assert str(refusal.value).endswith(".")

    def test_it_takes_public_addresses(self) -> None:
        target = safe_http.check("https://93.184.216.34:8443/a?b=c")
        assert (target.ip, target.port, target.path) == ("93.184.216.34", 8443, "/a?b=c")

    def test_a_private_host_must_be_named_with_its_port_or_without(self) -> None:
        assert safe_http.check("http://127.0.0.1:99/", private=["127.0.0.1"]).ip == "127.0.0.1"
        assert safe_http.check("http://127.0.0.1:99/", private=["127.0.0.1:99"]).ip == "127.0.0.1"
        with pytest.raises(safe_http.OutsideError):
            safe_http.check("http://127.0.0.1:98/", private=["127.0.0.1:99"])

    def test_a_name_with_one_private_address_among_public_ones_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
        with pytest.raises(safe_http.OutsideError, match="private network"):
            safe_http.check("https://example.com/")

    def test_a_name_that_changes_its_mind_is_asked_where_it_was_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """DNS rebinding: the second answer of the name server is another one."""
        with server(says(b"found")) as place:
            port = int(place.partition(":")[2])
            answers = iter(["127.0.0.1"])
            real = socket.getaddrinfo

            def resolve(host: str, *rest: Any, **named: Any) -> Any:
                return real(next(answers) if host == "example.com" else host, *rest, **named)

            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            assert fetch(f"http://example.com:{port}/", private=["example.com"]) == b"found"

    @pytest.mark.parametrize("place", SPECIAL_RANGES.split())
    def test_no_special_range_of_iana_is_public(self, place: str) -> None:
        network = ipaddress.ip_network(place)
        inside = {network[0], network[-1], network[network.num_addresses // 2], network[min(9, len_of(network))]}
        assert [str(address) for address in inside if safe_http.is_public(address)] == []

    @pytest.mark.parametrize("address", METADATA.split())
    def test_no_metadata_of_a_cloud_is_public(self, address: str) -> None:
        url = f"https://[{address}]/latest/" if ":" in address else f"https://{address}/latest/"
        with pytest.raises(safe_http.OutsideError, match="private network") as refusal:
            safe_http.check(url)
        assert refusal.value.refused

    @pytest.mark.parametrize(
        "address", ["8.8.8.8", "192.0.1.1", "168.63.129.17", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
    )
    def test_it_knows_the_open_internet(self, address: str) -> None:
        assert safe_http.is_public(ipaddress.ip_address(address))


class FetchTests:
    def test_it_works(self) -> None:
        with server(says(b"the file", Content_Length="8")) as place:
            assert fetch(f"http://{place}/a.jpg", private=[place]) == b"the file"

    @pytest.mark.parametrize("declared", [{}, {"Content_Length": "2000"}])
    def test_it_stops_at_its_limit(self, declared: dict[str, str]) -> None:
        with server(says(b"x" * 2000, **declared)) as place, pytest.raises(safe_http.OutsideError, match="larger"):
            fetch(f"http://{place}/", private=[place])

    def test_it_says_when_only_a_part_came(self) -> None:
        with server(says(b"half", Content_Length="8")) as place, pytest.raises(safe_http.OutsideError):
            fetch(f"http://{place}/", private=[place])

    def test_it_follows_a_redirect_and_checks_it(self) -> None:
        with server(says(b"moved")) as place, server(says(b"", 302, Location=f"http://{place}/")) as first:
            assert fetch(f"http://{first}/", private=[first, place]) == b"moved"
            with pytest.raises(safe_http.OutsideError, match="https"):
                fetch(f"http://{first}/", private=[first])

    def test_a_redirect_to_something_that_is_no_address_is_refused(self) -> None:
        with (
            server(says(b"", 302, Location="http://[x")) as place,
            pytest.raises(safe_http.OutsideError, match="proper"),
        ):
            fetch(f"http://{place}/", private=[place])

    def test_it_gives_up_on_redirects_in_a_circle(self) -> None:
        with (
            server(says(b"", 302, Location="/again")) as place,
            pytest.raises(safe_http.OutsideError, match="passed on"),
        ):
            fetch(f"http://{place}/", private=[place])

    @pytest.mark.parametrize("began", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.0 200 OK\r\n\r\nhalf a file"])
    def test_a_server_that_never_comes_to_an_end_is_left(self, began: bytes) -> None:
        left = threading.Event()

        def drips(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(began)
            for _ in range(100):
                if left.wait(0.1):
                    break
                if began.endswith(b" "):  # otherwise not another word
                    with suppress(OSError):
                        request.wfile.write(b"x")

        with server(drips) as host:
            try:
                with pytest.raises(safe_http.OutsideError, match=r"in time|too long"):
                    fetch(f"http://{host}/", private=[host], seconds=1)
            finally:
                left.set()

    def test_it_names_no_address_of_ours_in_its_sentences(self) -> None:
        with server(says(b"no", 500)) as place, pytest.raises(safe_http.OutsideError, match="answered 500"):
            fetch(f"http://{place}/", private=[place])
        with pytest.raises(safe_http.OutsideError) as refusal:
            safe_http.check("https://localhost/")
        assert "127.0.0.1" not in str(refusal.value)
