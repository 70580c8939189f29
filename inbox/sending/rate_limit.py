"""Rate limits across all workers, per number and per customer, kept in one row each.

The generic cell rate algorithm: ``full_at`` advances by one interval with each message and may be ahead of the clock by
as much as a burst allows.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Now

from inbox.models import Conversation, Pace
from whatsapp import limits
from whatsapp.models import PhoneNumber

#: Clocks and the network bring messages closer together than they were sent, and WhatsApp counts arrivals.
SAFETY = 0.95

TAKE = """
WITH r AS (
    SELECT %(key)s AS key, make_interval(secs => %(interval)s) AS step, make_interval(secs => %(ahead)s) AS ahead,
           make_interval(secs => %(patience)s) AS patience
)
INSERT INTO inbox_pace AS p (key, full_at) SELECT key, clock_timestamp() + step FROM r
ON CONFLICT (key) DO UPDATE
SET full_at = greatest(p.full_at, clock_timestamp()) + (SELECT step FROM r)
WHERE p.full_at <= clock_timestamp() + (SELECT ahead + patience FROM r)
RETURNING extract(epoch FROM full_at - (SELECT step + ahead FROM r) - clock_timestamp())
"""
WAIT = """
SELECT extract(epoch FROM full_at - make_interval(secs => %(ahead)s) - clock_timestamp())
FROM inbox_pace WHERE key = %(key)s
"""


def is_behind(seconds: float) -> Exists:
    """A condition for numbers: the next message has to wait longer than ``seconds``."""
    key = Concat(Value("number:"), Cast(OuterRef("pk"), CharField()))
    return Exists(Pace.objects.filter(key=key, full_at__gt=Now() + timedelta(seconds=seconds)))


def take_number(number: PhoneNumber, patience: float) -> tuple[bool, float]:
    """Reserve a send from this number: (True, seconds to wait first). (False, seconds) when that is longer than
    ``patience`` seconds; then nothing is reserved."""
    rate = number.send_rate or limits.per_second(number.throughput)
    return _take(f"number:{number.pk}", 1 / (rate * SAFETY), 0.0, patience)


def take_pair(conversation: Conversation) -> tuple[bool, float]:
    """Reserve a send to one customer: (True, 0), or (False, seconds until it is possible)."""
    ahead = limits.PAIR_SECONDS * (limits.PAIR_BURST - 1)
    return _take(f"conversation:{conversation.pk}", limits.PAIR_SECONDS, ahead, 0.0)


def hold_number(number: PhoneNumber, seconds: float) -> None:
    """Send nothing from this number for ``seconds``: WhatsApp said that it is too fast. Safe to repeat."""
    _hold(f"number:{number.pk}", seconds)


def hold_pair(conversation: Conversation, seconds: float) -> None:
    """Send nothing to this customer for ``seconds``: WhatsApp said that it is too much. Safe to repeat."""
    burst = limits.PAIR_SECONDS * (limits.PAIR_BURST - 1)
    _hold(f"conversation:{conversation.pk}", burst + seconds)


def forget() -> int:
    """Delete expired rows. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_pace WHERE full_at < now() - interval '1 day'")
        return int(cursor.rowcount)


def _take(key: str, interval: float, ahead: float, patience: float) -> tuple[bool, float]:
    values: dict[str, str | float] = {"key": key, "interval": interval, "ahead": ahead, "patience": patience}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        taken = cursor.fetchone()
        if taken is not None:
            return True, max(0.0, float(taken[0]))
        cursor.execute(WAIT, values)
        waiting = cursor.fetchone()
    return False, max(0.0, float(waiting[0])) if waiting else 0.0


def _hold(key: str, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inbox_pace AS p (key, full_at) VALUES (%s, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (key) DO UPDATE SET full_at = greatest(p.full_at, excluded.full_at)
            """,
            [key, seconds],
        )
