"""What the simulator's views share: its request, its refusals, and who may ask."""

from __future__ import annotations

import hmac
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http.request import split_domain_port, validate_host

from simulator.network import world
from simulator.network.errors import GraphError, dead_token, invalid_token
from simulator.network.exchange import Exchange


class SimulatorRequest(WSGIRequest):
    """A request that knows the exchange. ``kept_as``: its row in the list of requests, for calls of the Graph API."""

    exchange: Exchange
    kept_as: int = 0


class BadRequest(Exception):
    """The request makes no sense; the text is a sentence that says why."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def require_local(request: SimulatorRequest) -> None:
    """Refuse what another page in the player's browser might have sent.

    The simulator listens on loopback, where any web page can post a form; and a page elsewhere can make its own name
    point here. So the Host must be ours, and a browser must say that the request comes from our own page. Programs send
    neither Origin nor Sec-Fetch-Site.
    """
    host = request.META.get("HTTP_HOST", "")
    if not validate_host(split_domain_port(host)[0], ["127.0.0.1", "localhost", "[::1]", *settings.ALLOWED_HOSTS]):
        raise BadRequest("The simulator answers on 127.0.0.1 and localhost only.", 403)
    if request.method in ("GET", "HEAD"):
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    if site not in ("same-origin", "none") or (origin is not None and urlsplit(origin).netloc != host):
        raise BadRequest("This request comes from another page; the simulator takes only its own.", 403)


def require_token(request: SimulatorRequest) -> None:
    """Raise Meta's error 190 unless the request carries the access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip().encode()
    if scheme.lower() != "bearer" or not hmac.compare_digest(given, world.ACCESS_TOKEN.encode()):
        raise invalid_token()
    if request.exchange.store.faults().token_dead:
        raise dead_token()


def graph_body(request: SimulatorRequest) -> dict[str, Any]:
    """The JSON object (or form) that a Graph call carries."""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return {name: str(value) for name, value in request.POST.items()}
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        raise GraphError(100, message="(#100) Invalid JSON in the request body") from None
    if not isinstance(body, dict):
        raise GraphError(100, message="(#100) The request body must be a JSON object")
    return body


def data_of(request: SimulatorRequest) -> dict[str, Any]:
    """What a call of the control API carries: the JSON object, or the form beside its file."""
    if request.content_type == "multipart/form-data":
        data: dict[str, Any] = dict(request.POST.items())
        for name in ("payload", "faults", "extra"):
            if name in data:
                data[name] = _json(data[name])
        return data
    data = _json(request.body or b"{}")
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.")
    return data


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise BadRequest("The body is not JSON.") from None


def drop(connection: socket.socket | None) -> None:
    """End the connection here and now."""
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The other side was faster.
