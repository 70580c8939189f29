"""Response times and status codes of pages, for /metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

#: The label for URLs without a view.
NONE = "none"
#: Not counted as pages; the API has its own metrics.
LEFT_OUT = frozenset({"api", "health_live", "health_ready", "metrics"})

SECONDS = Histogram(
    "inbox_page_seconds",
    "How long the server took to draw a page.",
    ["page"],
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ANSWERS = Counter("inbox_pages", "Pages by how they ended.", ["page", "status"])


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Outermost middleware, so that errors and database outages are counted as users see them."""

    def measured(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = get_response(request)
        page = _name(request)
        # A successful response without a view is a static file.
        if page not in LEFT_OUT and not (page == NONE and response.status_code < 400):
            SECONDS.labels(page).observe(time.monotonic() - began)
            ANSWERS.labels(page, response.status_code).inc()
        return response

    return measured


def _name(request: HttpRequest) -> str:
    """One of few labels, whatever clients request: the view's name, "admin" for the admin, "none" for 404."""
    match = request.resolver_match
    if match is None:
        return NONE
    if match.namespaces and match.namespaces[0] != "inbox":
        return match.namespaces[0]
    return match.url_name or NONE
