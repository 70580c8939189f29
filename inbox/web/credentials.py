"""Who sends a request, told from its headers alone, before Django reads it."""

from __future__ import annotations

from collections.abc import Iterable

from core.asgi import Header
from inbox import sessions
from inbox.api.authentication import program_of


def sender(headers: Iterable[Header]) -> str:
    """A key for the agent or program that a request comes from, empty for a stranger. Reads the database."""
    if session := sessions.session_key(headers):
        agent = sessions.agent_of(session)
        if agent is not None:
            return f"agent {agent.pk}"
    tokens = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    program = program_of(tokens[0]) if tokens else None
    return f"program {program.pk}" if program else ""
