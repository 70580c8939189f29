"""How long pages take and how they end, counted for /metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

#: An address that leads to no view.
NONE = "none"
#: Files and the machine's own questions are no pages; the API counts for itself.
LEFT_OUT = frozenset({"api", "health_live", "health_ready", "metrics"})

SECONDS = Histogram(
    "inbox_page_seconds",
    "How long the server took to draw a page.",
    ["page"],
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ANSWERS = Counter("inbox_pages", "Pages by how they ended.", ["page", "status"])


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Stands around everything else, so that errors and a database that is away are counted as people see them."""

    def measured(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = get_response(request)
        page = _name(request)
        # What no view answered and is there all the same is a static file.
        if page not in LEFT_OUT and not (page == NONE and response.status_code < 400):
            SECONDS.labels(page).observe(time.monotonic() - began)
            ANSWERS.labels(page, response.status_code).inc()
        return response

    return measured


def _name(request: HttpRequest) -> str:
    """One of a few words whatever strangers ask for: the view's name, "admin" for all of the admin, "none" for 404."""
    match = request.resolver_match
    if match is None:
        return NONE
    if match.namespaces and match.namespaces[0] != "inbox":
        return match.namespaces[0]
    return match.url_name or NONE
