"""API tokens: shown once when they are made, and stored as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import connection
from django.utils import timezone

from inbox.models import ApiToken, Program

#: Tokens begin with it, so that people and scanners for leaked secrets recognise them.
MARK = "inbox_"
SHOWN_CHARACTERS = len(MARK) + 6
#: Longer than any token. What is longer still is refused without being hashed.
MAX_LENGTH = 200
PROGRAM = [field.attname for field in Program._meta.concrete_fields]
#: Every call asks this, so it is not put together each time. "Last used" is written once a minute.
FIND = f"""
SELECT t.id, coalesce(t.last_used_at > now() - interval '1 minute', false), {", ".join(f"p.{name}" for name in PROGRAM)}
FROM inbox_apitoken t JOIN inbox_program p ON p.id = t.program_id
WHERE t.digest = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) AND p.active
"""  # noqa: S608 - the names of columns


def make(program: Program, *, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Create a token. Returns its row and the token itself, which cannot be read again."""
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        program=program, prefix=token[:SHOWN_CHARACTERS], digest=_digest(token), expires_at=expires_at
    )
    return row, token


def revoke(token: ApiToken) -> None:
    """Refuse the token from now on. Safe to repeat; the first time is kept."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def program_of(token: str) -> Program | None:
    """The program of this token, None when it is not valid. The index compares digests, so the time that it takes
    tells nothing about a token."""
    if not token or len(token) > MAX_LENGTH:
        return None
    with connection.cursor() as cursor:
        cursor.execute(FIND, [_digest(token)])
        found = cursor.fetchone()
    if found is None:
        return None
    pk, recently_used, *values = found
    if not recently_used:
        ApiToken.objects.filter(pk=pk).update(last_used_at=timezone.now())
    return Program.from_db("default", PROGRAM, values)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
