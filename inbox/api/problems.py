"""Errors of the API, as problem details (RFC 9457)."""

from __future__ import annotations

import errno
from typing import Any

import structlog
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from procrastinate.exceptions import ConnectorException

from inbox.media.storage import StorageError

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Not possible now",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not valid",
    429: "Too many requests",
    500: "Server error",
    503: "Try again later",
}
NOT_FOUND = "Not found, or this token may not see it."
#: The most field errors in one answer.
LISTED = 20
#: The folder for temporary files is full, read-only or missing.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOENT}


class Problem(Exception):
    """An error answer: ``code`` for programs, ``sentence`` for people."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status, self.code, self.errors, self.headers = status, code, errors or [], headers or {}

    def response(self) -> HttpResponse:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Problem"),
            "status": self.status,
            "code": self.code,
            "detail": str(self),
            "errors": self.errors[:LISTED],
        }
        return JsonResponse(body, status=self.status, content_type=CONTENT_TYPE, headers=self.headers)


def not_found() -> Problem:
    return Problem(404, "not_found", NOT_FOUND)


def invalid(field: str, sentence: str) -> Problem:
    """One field of the request is wrong."""
    return Problem(422, "invalid", sentence, errors=[{"field": field, "message": sentence}])


def too_many(sentence: str, seconds: int) -> Problem:
    """A quota is used up for the next ``seconds``."""
    wait = f"Try again in {seconds} second{'' if seconds == 1 else 's'}."
    return Problem(429, "too_many_requests", f"{sentence} {wait}", headers={"Retry-After": str(seconds)})


def of_validation(errors: list[Any]) -> Problem:
    """Pydantic's errors without the values, which may be secret, huge or not printable."""
    found = []
    for error in errors[:LISTED]:
        path = [str(part)[:64] for part in error.get("loc", ()) if part not in ("query", "path", "body")]
        field = ".".join(path).encode("ascii", "backslashreplace").decode()
        found.append({"field": field, "message": _message(error)})
    first = found[0] if found else {"field": "", "message": "The request is not valid."}
    sentence = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return Problem(422, "invalid", sentence, errors=found)


def _message(error: Any) -> str:
    """Pydantic's sentence, or ours without the prefix that pydantic adds."""
    return str(error.get("msg", "This is not valid.")).removeprefix("Value error, ")[:300]


def handle(api: NinjaAPI) -> None:
    """Register how each exception is answered."""
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(Http404, lambda *_: not_found().response())
    api.add_exception_handler(AuthenticationError, lambda *_: unauthorized().response())
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(SuspiciousOperation, _unreadable)
    api.add_exception_handler(BadRequest, _unreadable)
    api.add_exception_handler(StorageError, _storage)
    api.add_exception_handler(OperationalError, _database)
    api.add_exception_handler(ConnectorException, _database)  # the database too, while a job was being queued
    api.add_exception_handler(OSError, _system)
    api.add_exception_handler(Exception, _unexpected)


def unauthorized() -> Problem:
    """The token is missing or not valid."""
    return Problem(
        401,
        "unauthorized",
        "Send a valid API token as “Authorization: Bearer …”.",
        headers={"WWW-Authenticate": 'Bearer realm="inbox"'},
    )


def _problem(_request: HttpRequest, problem: Any) -> HttpResponse:
    response: HttpResponse = problem.response()
    return response


def _validation(_request: HttpRequest, error: Any) -> HttpResponse:
    return of_validation(error.errors).response()


def _http_error(_request: HttpRequest, error: Any) -> HttpResponse:
    return Problem(error.status_code, "refused", str(error)).response()


def _unreadable(_request: HttpRequest, _error: Any) -> HttpResponse:
    return Problem(400, "bad_request", "The request could not be read.").response()


def _storage(_request: HttpRequest, error: Any) -> HttpResponse:
    return Problem(503, "storage_away", str(error), headers={"Retry-After": "30"}).response()


def _database(_request: HttpRequest, _error: Any) -> HttpResponse:
    log.exception("api_database_failed")
    return database_away()


def database_away() -> HttpResponse:
    sentence = "The database is unavailable or too slow. Try again, or request fewer items."
    return Problem(503, "database_away", sentence, headers={"Retry-After": "10"}).response()


def _system(request: HttpRequest, error: Any) -> HttpResponse:
    if error.errno not in NO_ROOM:
        return _unexpected(request, error)
    log.error("api_without_room", reason=error.strerror)
    sentence = "The server is out of temporary disk space. Try again later."
    return Problem(503, "storage_away", sentence, headers={"Retry-After": "30"}).response()


def _unexpected(_request: HttpRequest, _error: Any) -> HttpResponse:
    log.exception("api_failed")
    return Problem(500, "unexpected", "An unexpected error occurred. The server's log has the details.").response()
