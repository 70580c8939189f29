"""Webhooks for tests: posted to a running server, as WhatsApp would or as nobody should."""

from __future__ import annotations

import socket

import requests
from prometheus_client import REGISTRY

from tests import payloads
from tests.servers import WebProcess, WebServer

PATH = "/webhooks/meta/"


def a_body() -> bytes:
    return payloads.encode(payloads.notification(payloads.message()))


def post(
    server: WebServer | WebProcess, body: bytes, sender: requests.Session | None = None, **headers: str | bytes | None
) -> requests.Response:
    """POST the body, signed unless ``headers`` say otherwise."""
    signed = {"X-Hub-Signature-256": payloads.signature(body)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    post_it = sender.post if sender else requests.post
    return post_it(server.url + PATH, data=body, headers=signed | given, timeout=60)  # type: ignore[operator]


def talk(server: WebServer | WebProcess, request: bytes) -> bytes:
    """Send these bytes as they are and return everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(request)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return answer


def head(**headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("inbox_webhooks_refused_total", {"reason": reason}) or 0
