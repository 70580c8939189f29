"""What browsers report when a page did something that the content security policy forbids."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

log = structlog.get_logger(__name__)

REPORTS = Counter(
    "inbox_csp_reports", "Violations of the content security policy that browsers reported.", ["directive"]
)

#: Bytes of one report or list of reports; browsers send a few hundred each.
MAX_BYTES = 64 * 1024
#: Reports of one request that are looked at.
MAX_REPORTS = 20
#: Anybody may post here: one line in the log in so many seconds, the counter has all.
LOGGED_EVERY = 10.0
DIRECTIVES = (
    frozenset(
        f"{name}-src"
        for name in ("default", "script", "style", "img", "media", "font", "connect", "manifest", "worker")
    )
    | {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "object-src", "frame-src"}
    | {"base-uri", "form-action", "frame-ancestors"}
)
#: Extensions of the reader's browser do as they please with a page, and that is not ours to mend.
EXTENSIONS = ("chrome-extension", "moz-extension", "safari-extension", "safari-web-extension")

_logged_at = -LOGGED_EVERY


@csrf_exempt
@login_not_required
@require_POST
def csp_reports(request: HttpRequest) -> HttpResponse:
    """Count and log violations, in both formats that browsers send. 413 or 400 for what is no report."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BYTES:
        return HttpResponse(status=413)
    try:
        reports = _reports(json.loads(request.body))
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for report in reports[:MAX_REPORTS]:
        _take(report)
    return HttpResponse(status=204)


def _reports(content: Any) -> list[dict[str, Any]]:
    """The reports as one shape: `application/csp-report` is an object, `application/reports+json` a list."""
    if isinstance(content, dict):
        content = [{"body": content.get("csp-report")}]
    if not isinstance(content, list):
        raise ValueError
    bodies = [item.get("body") for item in content if isinstance(item, dict)]
    return [body for body in bodies if isinstance(body, dict)]


def _take(report: dict[str, Any]) -> None:
    global _logged_at
    said = _text(report, "effectiveDirective", "effective-directive", "violated-directive").partition(" ")[0]
    blocked = _text(report, "blockedURL", "blocked-uri")
    source = _text(report, "sourceFile", "source-file")
    if blocked.startswith(EXTENSIONS) or source.startswith(EXTENSIONS):
        return
    directive = said if said in DIRECTIVES else "other"
    REPORTS.labels(directive).inc()
    if time.monotonic() - _logged_at < LOGGED_EVERY:
        return
    _logged_at = time.monotonic()
    # Addresses are cut to what leads to the fault: their queries may hold a customer's words or a signature.
    log.warning(
        "csp_violation", directive=directive, blocked=_origin(blocked), page=_path(report), source=_place(source)
    )


def _text(report: dict[str, Any], *names: str) -> str:
    return next((str(report[name])[:2000] for name in names if report.get(name)), "")


def _origin(url: str) -> str:
    """`https://host` of an address; words such as `inline` and `eval` as they are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    return (f"{parts.scheme}://{parts.netloc}" if parts.netloc else parts.scheme or parts.path)[:200]


def _place(url: str) -> str:
    try:
        return urlsplit(url).path[:200]
    except ValueError:
        return "?"


def _path(report: dict[str, Any]) -> str:
    return _place(_text(report, "documentURL", "document-uri"))
