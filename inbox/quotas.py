"""Limits per agent, program, account or network, counted in the database for all processes and hosts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from inbox.models import Usage

#: Longer than any quota's window.
KEPT = timedelta(days=2)

TAKE = """
INSERT INTO inbox_usage AS u (what, whose, since, amount)
VALUES (%(what)s, %(whose)s, statement_timestamp(), %(amount)s)
ON CONFLICT (what, whose) DO UPDATE SET
    amount = CASE WHEN u.since <= statement_timestamp() - make_interval(secs => %(seconds)s) THEN 0 ELSE u.amount END
             + EXCLUDED.amount,
    since = CASE WHEN u.since <= statement_timestamp() - make_interval(secs => %(seconds)s) THEN EXCLUDED.since
            ELSE u.since END
WHERE u.since <= statement_timestamp() - make_interval(secs => %(seconds)s)
   OR u.amount + EXCLUDED.amount <= %(limit)s
RETURNING amount
"""
LEFT = """
SELECT greatest(1, ceil(extract(epoch FROM since + make_interval(secs => %(seconds)s) - statement_timestamp())))::int
FROM inbox_usage
WHERE what = %(what)s AND whose = %(whose)s AND amount + %(amount)s > %(limit)s
  AND since > statement_timestamp() - make_interval(secs => %(seconds)s)
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``limit`` uses in a window of ``seconds`` that begins with the first use. 0 means unlimited."""

    what: str
    limit: int
    seconds: int

    def take(self, whose: str, amount: int = 1) -> int:
        """Use ``amount``. Returns 0, or the seconds to wait when too little is left; then nothing is used.

        One statement on one row for all processes, so that two requests at once cannot both take the last unit.
        """
        if not self.limit:
            return 0
        if amount > self.limit:
            return self.seconds
        values = self._values(whose, amount)
        with connection.cursor() as cursor:
            cursor.execute(TAKE, values)
            if cursor.fetchone():
                return 0
            cursor.execute(LEFT, values)
            found = cursor.fetchone()
        return found[0] if found else 1  # the window ended between the two statements

    def wait(self, whose: str) -> int:
        """Seconds until something is left again, 0 while it is. Uses nothing."""
        with connection.cursor() as cursor:
            cursor.execute(LEFT, self._values(whose, 1))
            found = cursor.fetchone()
        return found[0] if found and self.limit else 0

    def forget(self, whose: str) -> None:
        """Reset the count."""
        Usage.objects.filter(what=self.what, whose=whose).delete()

    def _values(self, whose: str, amount: int) -> dict[str, str | int]:
        return {
            "what": self.what,
            "whose": whose[:300],
            "amount": amount,
            "limit": self.limit,
            "seconds": self.seconds,
        }


def api_calls() -> Quota:
    """API calls of one program."""
    return Quota("api calls", settings.API_CALLS_PER_MINUTE, 60)


def uploaded_bytes() -> Quota:
    """Bytes that one agent or program uploads."""
    return Quota("uploaded bytes", settings.UPLOAD_MB_PER_DAY * 2**20, 24 * 3600)


def forget() -> None:
    """Delete expired counts, and expired entries of Django's cache. Safe to repeat."""
    Usage.objects.filter(since__lt=timezone.now() - KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_cache WHERE expires < now()")
