"""Around every page: who may keep it, what it may use, the reader's time zone, whose page it is, the logged address."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

import structlog
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.defaults import page_not_found
from django_structlog.signals import bind_extra_request_metadata

from inbox.web.auth_adapters import client_ip

COOKIE = "timezone"


#: What pages may ask a browser for: the microphone for voice notes, the place for "Use my location", security keys.
PERMISSIONS = ", ".join(
    [
        "microphone=(self)",
        "geolocation=(self)",
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "fullscreen=(self)",
        "autoplay=(self)",
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer",
                "browsing-topics",
                "camera",
                "display-capture",
                "gyroscope",
                "hid",
                "magnetometer",
                "midi",
                "payment",
                "screen-wake-lock",
                "serial",
                "usb",
                "xr-spatial-tracking",
            )
        ),
    ]
)
REPORTING_ENDPOINTS = 'csp="/csp-reports/"'


def private_answers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Keep every answer out of caches unless its view says how long it may be kept, and tell browsers what pages may
    use and where violations of the content security policy are reported."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Reporting-Endpoints", REPORTING_ENDPOINTS)
        return response

    return middleware


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


class OwnNotFoundPage:
    """With DEBUG, the product's own page for what is not there, instead of Django's list of all addresses.

    The last of the middleware: it comes before Django makes its page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            resolve(request.path_info)
        except Resolver404 as error:
            return page_not_found(request, error)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return page_not_found(request, exception) if isinstance(exception, Http404) else None
