"""Around every page: times as the reader's clock has them, whose page it is, and the address in the log."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

import structlog
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_structlog.signals import bind_extra_request_metadata

from inbox.accounts import client_ip

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


def same_agent(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse what the scripts of a page ask in one agent's name where another has signed in since, in another tab:
    what the first one wrote must not leave as the second one's. A page says in X-Agent whose it is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        whose = request.headers.get("X-Agent")
        if whose and request.user.is_authenticated and whose != str(request.user.pk):
            return HttpResponse("Somebody else is signed in here now.", status=403, content_type="text/plain")
        return get_response(request)

    return middleware


@receiver(bind_extra_request_metadata)
def log_address(request: HttpRequest, **_: Any) -> None:
    """Name the address in a request's log lines as lock-outs count it: django_structlog's own way believes whatever a
    stranger writes into X-Forwarded-For."""
    structlog.contextvars.bind_contextvars(ip=client_ip(request))
