"""Days and times as the reader's clock has them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"


def reader_timezone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Show times in the zone that static/js/timezone.js put into a cookie; with none, or a wrong one, in TIME_ZONE."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(COOKIE, "")
        try:
            zone = zoneinfo.ZoneInfo(name) if name else None
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            # A cookie is what somebody typed: "../etc", a folder of zones, a name longer than a path may be.
            zone = None
        with timezone.override(zone):
            return get_response(request)

    return middleware
