"""The agent behind a browser's session cookie, for code that runs outside Django's middleware."""

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
from inbox.models import Agent


def session_key(headers: Iterable[Header]) -> str:
    """The session that the request's cookie names, empty when there is none."""
    for name, value in headers:
        if name == b"cookie":
            try:
                return parse_cookie(value.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
            except CookieError:
                return ""
    return ""


def agent_of(session: str) -> Agent | None:
    """The active agent who is signed in with this session, None for everybody else. Reads the database."""
    close_old_connections()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
    agent: Agent | AnonymousUser = get_user(request)
    return agent if isinstance(agent, Agent) and agent.is_active else None
