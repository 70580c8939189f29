"""The language of an answer: the agent's choice, else the browser's. The API answers in English."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

API = "/api/"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer in the reader's language, and name it in the headers.

    In the place of Django's LocaleMiddleware, which does not know agents and leaves the language active in the thread
    after the answer. Stands after the session, whose agent it reads, and around everything that makes pages.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        english = request.path.startswith(API)
        language = "en" if english else _chosen(request) or translation.get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not english:
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response

    return answer


def _chosen(request: HttpRequest) -> str:
    """The language in the agent's settings, empty for strangers and for agents who leave it to the browser."""
    language: str = getattr(request.user, "language", "")
    return language if translation.check_for_language(language) else ""
