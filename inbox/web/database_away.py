"""Answers while the database is not available: 503, with a page that reloads itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from core.postgres.errors import is_away
from inbox.api import problems

#: Seconds after which the page reloads itself.
RETRY_SECONDS = 5
API = "/api/"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Turn the 500 of a failed connection into 503. Stands around everything that reads the database, sessions too."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 500 or not getattr(request, "database_is_away", False):
            return response
        return _unavailable(request)

    return answer


def _unavailable(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        return problems.database_away()
    # The agent's own language is in the database.
    with translation.override(translation.get_language_from_request(request)):
        if request.headers.get("HX-Request") or not request.accepts("text/html"):
            sentence = _("The database is not available. Try again in a moment.")
            answer = HttpResponse(sentence, content_type="text/plain")
        else:
            # Only a page is reloaded; a form is not submitted again.
            seconds = RETRY_SECONDS if request.method in ("GET", "HEAD") else None
            answer = HttpResponse(render_to_string("503.html", {"reload": seconds}))
    answer.status_code = 503
    answer["Retry-After"] = str(RETRY_SECONDS)
    answer["Cache-Control"] = "no-store"
    return answer


@receiver(got_request_exception)
def note_reason(request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Mark the request as failed for want of the database. Django sends the signal for errors in any middleware."""
    error = sys.exc_info()[1]
    while error is not None and request is not None:
        if is_away(error):
            request.database_is_away = True  # type: ignore[attr-defined]
        error = error.__cause__
