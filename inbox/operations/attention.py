"""What needs attention while everything runs: messages that are not sent, slow providers, parked webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from inbox.models import Outbox, SlowAnswer
from inbox.sending.outbox import LEASE, SLOW
from whatsapp.models import Notification, PhoneNumber

#: Seconds after which a due message is stuck; it is sent within a few otherwise.
LATE = 60.0
#: How long a slow answer is reported.
RECENTLY = timedelta(minutes=5)
#: Counting stops here: beyond it the number makes no difference.
COUNTED = 1000

#: Due and not leased, while the number has sent nothing lately: otherwise they only wait for their turn.
STUCK = """
    SELECT n.id, extract(epoch FROM now() - w.due_at)::float FROM whatsapp_phonenumber n
    CROSS JOIN LATERAL (
        SELECT min(due_at) AS due_at FROM (
            SELECT due_at FROM inbox_outboxentry
            WHERE number_id = n.id AND due_at < now() - make_interval(secs => %(late)s)
              AND (leased_until IS NULL OR leased_until < now())
            ORDER BY priority, due_at LIMIT %(counted)s
        ) due
    ) w
    WHERE n.state = 'connected' AND w.due_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM inbox_outbox o WHERE o.number_id = n.id AND o.active)
      AND NOT EXISTS (
          SELECT FROM inbox_pace p
          WHERE p.key = 'number:' || n.id AND p.full_at > now() - make_interval(secs => %(late)s)
      )
    ORDER BY n.id
"""
#: Refused for a temporary reason, and tried again later.
POSTPONED = """
    SELECT e.number_id, count(*) FROM (
        SELECT number_id, message_id FROM inbox_outboxentry WHERE attempts > 0 LIMIT %(counted)s
    ) e
    JOIN inbox_message m ON m.id = e.message_id AND m.created_at < now() - make_interval(secs => %(late)s)
    WHERE NOT EXISTS (SELECT FROM inbox_outbox o WHERE o.number_id = e.number_id AND o.active)
    GROUP BY 1 ORDER BY 1
"""
#: Requests without an answer so far: the lease was written when they were sent.
UNANSWERED = """
    SELECT e.number_id, max(extract(epoch FROM now() - e.leased_until + make_interval(secs => %(lease)s)))::float
    FROM inbox_outboxentry e JOIN inbox_message m ON m.id = e.message_id AND m.status = 'sending'
    WHERE e.leased_until > now() AND e.leased_until < now() + make_interval(secs => %(lease)s - %(slow)s)
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs attention. ``public`` is a sentence without numbers, ``sentence`` the one for operators.

    ``stops``: nothing goes on until somebody acts.
    """

    area: str
    public: str
    sentence: str
    stops: bool = False


def concerns() -> list[Concern]:
    """All of them, in a handful of short queries. Raises DatabaseError."""
    return [*_paused(), *_stuck(), *_postponed(), *_slow(), *_journal()]


def _paused() -> Iterator[Concern]:
    for paused in Outbox.objects.filter(active=True).select_related("number"):
        since = duration(timezone.now() - paused.paused_at)
        yield Concern(
            "sending",
            f"A number has sent nothing for {since}: WhatsApp refuses it. `manage.py doctor` says why.",
            f"{paused.number} has sent nothing for {since}: {paused.reason}",
            stops=True,
        )


def _stuck() -> Iterator[Concern]:
    for number, seconds in _rows(STUCK, late=LATE, counted=COUNTED):
        waits = f"Messages are due and not sent, the oldest for {duration(timedelta(seconds=seconds))}."
        yield Concern(
            "sending", waits, f"{_name(number)}: {waits} Check that a worker runs; its log says what delays it."
        )


def _postponed() -> Iterator[Concern]:
    for number, count in _rows(POSTPONED, late=LATE, counted=COUNTED):
        waits = f"{_messages(int(count))} refused by WhatsApp for a temporary reason, and tried again later."
        yield Concern("sending", waits, f"{_name(number)}: {waits} The admin's outbox entries say why.")


def _slow() -> Iterator[Concern]:
    answers = dict(
        SlowAnswer.objects.filter(at__gt=timezone.now() - RECENTLY, seconds__gte=SLOW).values_list(
            "number_id", "seconds"
        )
    )
    for number, seconds in _rows(UNANSWERED, lease=LEASE.total_seconds(), slow=SLOW):
        answers[number] = max(seconds, answers.get(number, 0.0))
    for number, seconds in sorted(answers.items()):
        took = f"WhatsApp took {seconds:.0f} seconds or more to answer a request."
        yield Concern("provider", took, f"{_name(number)}: {took} Messages are sent late until that ends.")


def _journal() -> Iterator[Concern]:
    parked = len(Notification.objects.parked().order_by().values_list("pk")[:COUNTED])
    if parked:
        found = f"{_counted(parked, 'webhook')} parked: the admin's journal says why, and replays them."
        yield Concern("journal", found, found)
    left_out = len(Notification.objects.left_out().order_by().values_list("pk")[:COUNTED])
    if left_out:
        found = f"Parts of {_counted(left_out, 'webhook')} were left out: the admin's journal says which and why."
        yield Concern("journal", found, found)


def _rows(statement: str, **values: float) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _name(number: int) -> str:
    return str(PhoneNumber.objects.defer("access_token").get(pk=number))


def _messages(count: int) -> str:
    return f"{_counted(count, 'message')} {'is' if count == 1 else 'are'}"


def _counted(count: int, word: str) -> str:
    number = f"{COUNTED} or more" if count >= COUNTED else str(count)
    return f"{number} {word if count == 1 else word + 's'}"


def duration(age: timedelta) -> str:
    """A length of time in its largest unit: "3 hours"."""
    seconds = int(age.total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
