"""Compress HTML responses."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressPages(GZipMiddleware):
    """Gzip for HTML only: streams, ranges of files and pictures stay as they are.

    BREACH: the CSRF token, the secret in a page, differs in each response, and Django adds random bytes to it, so the
    compressed length reveals nothing.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
