"""Middleware of the pages: cache headers and permissions, time zone, the page's agent, the logged address."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

import structlog
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found
from django_structlog.signals import bind_extra_request_metadata

from inbox.web.auth_adapters import client_ip

#: Set by static/js/page/timezone.js.
TIMEZONE_COOKIE = "timezone"
#: Browser features that pages may use: the microphone for voice notes, the location for "Use my location", security
#: keys for logins.
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
    """Forbid caching of responses whose view does not allow it, and send the permissions policy and the address for
    reports of content security policy violations."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Reporting-Endpoints", REPORTING_ENDPOINTS)
        return response

    return middleware


def reader_timezone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Show times in the zone of the browser's cookie; in TIME_ZONE if it is missing or invalid."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(TIMEZONE_COOKIE, "")
        try:
            zone = zoneinfo.ZoneInfo(name) if name else None
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            # A cookie may hold anything: "../etc", a folder of zones, a name longer than a path may be.
            zone = None
        with timezone.override(zone):
            return get_response(request)

    return middleware


def same_agent(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse requests of a page that was opened by another agent than the one now signed in (in another tab): what the
    first wrote must not be sent in the second's name. Scripts send the page's agent in X-Agent."""

    def middleware(request: HttpRequest) -> HttpResponse:
        agent = request.headers.get("X-Agent")
        if agent and request.user.is_authenticated and agent != str(request.user.pk):
            return HttpResponse(
                _("Someone else is signed in now. Reload the page."), status=403, content_type="text/plain"
            )
        return get_response(request)

    return middleware


@receiver(bind_extra_request_metadata)
def log_address(request: HttpRequest, **_kwargs: Any) -> None:
    """Log the client's address as login limits see it: django_structlog alone would trust any X-Forwarded-For."""
    structlog.contextvars.bind_contextvars(ip=client_ip(request))


class OwnNotFoundPage:
    """With DEBUG on, show our own 404 page instead of Django's list of URL patterns. The last middleware, so that it
    acts before Django renders its page."""

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
