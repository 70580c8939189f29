"""Whose a request is, told from its headers alone: for what is decided before Django reads it."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from core.asgi import Header
from inbox.api.authentication import program_of
from inbox.models import Agent


def session_key(headers: Iterable[Header]) -> str:
    """The session that a browser's cookie names, empty when there is none."""
    for name, value in headers:
        if name == b"cookie":
            try:
                return parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
            except CookieError:
                return ""
    return ""


def agent_of(session: str) -> Agent | None:
    """The agent whose browser holds this session, as of now; None for everybody else. Reads the database."""
    close_old_connections()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    agent: Agent | AnonymousUser = get_user(request)
    return agent if isinstance(agent, Agent) and agent.is_active else None


def sender(headers: Iterable[Header]) -> str:
    """One word for the agent or program that a request comes from, empty for a stranger. Reads the database."""
    if session := session_key(headers):
        agent = agent_of(session)
        if agent is not None:
            return f"agent {agent.pk}"
    tokens = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    program = program_of(tokens[0]) if tokens else None
    return f"program {program.pk}" if program else ""
