"""Compressing pages on their way out. Static files are compressed once, and media as they are."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressPages(GZipMiddleware):
    """Gzip for HTML alone: streams, ranges of files and pictures pass untouched.

    What a page holds that is secret (the CSRF token) differs in each answer, and Django pads it with random bytes, so
    that the compressed length tells nothing (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
