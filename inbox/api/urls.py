"""The addresses of the API: its operations, its description, and 404 for everything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Histogram

from inbox.api import reference
from inbox.api.problems import Problem, not_found
from inbox.api.request_bodies import clean
from inbox.api.root import api

SECONDS = Histogram("inbox_api_request_seconds", "Requests of programs.", ["call", "method", "status"])

View = Callable[..., HttpResponseBase]


def _answering(view: View, name: str) -> View:
    """The view of an operation, counted, with a problem for wrong methods and impossible addresses."""

    @login_not_required  # a token is asked for instead
    @csrf_exempt  # no cookie opens it
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        texts = [*values.values(), *(text for name in request.GET for text in (name, *request.GET.getlist(name)))]
        if not all(clean(str(text)) for text in texts):
            return Problem(422, "invalid", "The address holds a NUL character.").response()
        began = time.monotonic()
        response = view(request, *args, **values)
        SECONDS.labels(name, request.method, response.status_code).observe(time.monotonic() - began)
        if response.status_code == 405:
            allowed = {"Allow": response.headers["Allow"]}
            return Problem(405, "method_not_allowed", f"Use {response.headers['Allow']}.", headers=allowed).response()
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


@login_not_required
@csrf_exempt
def not_here(_request: HttpRequest, rest: str = "") -> HttpResponse:
    """The answer to every address that is no operation."""
    return not_found().response()


_patterns, _app, _namespace = api.urls
_operations = [
    path(str(pattern.pattern), _answering(pattern.callback, str(pattern.pattern)), name=pattern.name)
    for pattern in _patterns
    if isinstance(pattern, URLPattern) and pattern.name != "api-root"
]
urlpatterns = [
    path("", reference.page, name="api-root"),
    path("openapi.json", reference.document, name="openapi-json"),
    *_operations,
    path("<path:rest>", not_here),
]
app_name = _app
