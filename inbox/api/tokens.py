"""API tokens: made once and shown once, then known by their digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from inbox.models import ApiToken, Program

#: Makes a token recognisable to people and to scanners for leaked secrets.
MARK = "inbox_"
SHOWN_CHARACTERS = len(MARK) + 6
#: Longer than any token: what a stranger sends is not hashed whatever its size.
MAX_LENGTH = 200
#: How old "last used" may be before a request writes it again.
USED_EVERY = timedelta(minutes=1)


def make(program: Program, *, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A new token of a program: its row, and the token itself, which nobody can read again."""
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        program=program, prefix=token[:SHOWN_CHARACTERS], digest=_digest(token), expires_at=expires_at
    )
    return row, token


def revoke(token: ApiToken) -> None:
    """Refuse it from now on. Safe to repeat: the first time counts."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def program_of(token: str) -> Program | None:
    """The program whose token this is, None when it is no valid one. The index compares digests, so how long it takes
    tells nothing about a token."""
    if not token or len(token) > MAX_LENGTH:
        return None
    now = timezone.now()
    row = (
        ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, program__active=True)
        .select_related("program")
        .filter(digest=_digest(token))
        .first()
    )
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.program


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
