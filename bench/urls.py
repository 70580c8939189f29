"""The product's addresses, and an empty page for whoever is signed in: what any page costs before it shows anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as product

EMPTY = "/bench/empty/"


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing, after every middleware, the session and the agent's own row, as for any page of the inbox."""
    assert request.user.is_authenticated
    return HttpResponse("<p></p>")


urlpatterns = [path(EMPTY.removeprefix("/"), empty), *product]
