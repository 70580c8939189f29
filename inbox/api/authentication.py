"""Authenticates programs by their token and checks their right to read or send."""

from __future__ import annotations

import re
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from ninja.security.http import HttpAuthBase

from inbox import quotas
from inbox.api import tokens
from inbox.api.problems import Problem, too_many
from inbox.models import Program

BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)


class Token(HttpAuthBase):
    """`Authorization: Bearer <token>`. Ninja's own class would log malformed headers, tokens included."""

    openapi_scheme = "bearer"

    def __init__(self, right: str) -> None:
        super().__init__()
        self._right = right

    def __call__(self, request: HttpRequest) -> Any:
        program = program_of(request.headers.get("Authorization", ""))
        structlog.contextvars.bind_contextvars(program=program.pk if program else None)
        if program is not None and not getattr(program, self._right):
            verb = self._right.partition("_")[2]
            raise Problem(403, "forbidden", f"This token may not {verb}. Ask an administrator for the permission.")
        if program is not None and (seconds := quotas.api_calls().take(str(program.pk))):
            raise too_many(
                f"This program has used its limit of {settings.API_CALLS_PER_MINUTE} calls a minute.", seconds
            )
        return program


def program_of(authorization: str) -> Program | None:
    """The program whose token an Authorization header carries, None when it is missing or not valid."""
    match = BEARER.fullmatch(authorization)
    return tokens.program_of(match[1]) if match else None


may_read = Token("may_read")
may_send = Token("may_send")
