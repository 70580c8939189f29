"""The endpoint for browsers' reports of content security policy violations."""

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

#: The largest request; browsers send a few hundred bytes.
MAX_BYTES = 64 * 1024
#: Reports of one request that are processed.
MAX_REPORTS = 20
#: Seconds between two log lines, because anybody can post here. The counter counts all.
LOGGED_EVERY = 10.0
DIRECTIVES = (
    frozenset(
        f"{name}-src"
        for name in ("default", "script", "style", "img", "media", "font", "connect", "manifest", "worker")
    )
    | {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "object-src", "frame-src"}
    | {"base-uri", "form-action", "frame-ancestors"}
)
#: Browser extensions violate the policy of any page; nothing to fix here.
EXTENSIONS = ("chrome-extension", "moz-extension", "safari-extension", "safari-web-extension")

_logged_at = -LOGGED_EVERY


@csrf_exempt
@login_not_required
@require_POST
def csp_reports(request: HttpRequest) -> HttpResponse:
    """Count and log violations in both formats that browsers send. Answers 413 or 400 to anything else."""
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
    """The reports in one shape: `application/csp-report` is an object, `application/reports+json` a list."""
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
    # Without queries, which may contain a customer's text or a signature.
    log.warning(
        "csp_violation", directive=directive, blocked=_origin(blocked), page=_path(report), source=_place(source)
    )


def _text(report: dict[str, Any], *names: str) -> str:
    return next((str(report[name])[:2000] for name in names if report.get(name)), "")


def _origin(url: str) -> str:
    """The origin of a URL; keywords such as `inline` and `eval` unchanged."""
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
