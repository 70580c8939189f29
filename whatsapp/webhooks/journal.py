"""The journal of notifications: claim pending ones, settle, park, replay, delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils import timezone
from psycopg.types.json import Jsonb

from core.jobs import enqueue_once
from core.postgres.cursors import bigints, binary_cursor
from whatsapp.models import Notification

log = structlog.get_logger(__name__)

#: The task that processes pending notifications, and the queue in which its jobs wait.
TASK = "process_notifications"
QUEUE = "journal"
#: The most bytes of bodies that one claim loads. A body can have 4 MiB, and a customer's history is many such.
CLAIM_BYTES = 32 * 1024 * 1024

Problems = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A pending notification, locked by the current transaction."""

    id: int
    provider: str
    received_at: datetime
    body: bytes
    #: How often it was processed before: more than 0 after a replay.
    attempts: int


def add(provider: str, bodies: Sequence[bytes]) -> None:
    """Store authenticated notifications from elsewhere than the endpoint and wake a worker, in one transaction."""
    insert = "INSERT INTO whatsapp_notification (provider, body, signed_with) SELECT %s, unnest(%s::bytea[]), 1"
    with transaction.atomic():
        with binary_cursor() as cursor:
            cursor.execute(f"{insert} RETURNING id", (provider, list(bodies)))
            ids = [id for (id,) in cursor.fetchall()]
        wake_up()
    log.info("webhooks_committed", notifications=ids)


def claim(limit: int, only: Sequence[int] | None = None) -> list[Claimed]:
    """Lock up to ``limit`` pending notifications, oldest first, for the current transaction, and return them.

    Skips those that another worker has locked. The locks end with the transaction, so a dead worker leaves nothing to
    clean up. ``only`` limits the claim to these ids. Returns at most ``CLAIM_BYTES`` of bodies, but always at least one
    notification.
    """
    named = None if only is None else bigints(only)
    with binary_cursor() as cursor:
        cursor.execute(
            """
            WITH locked AS MATERIALIZED (
                SELECT id, provider, received_at, body, attempts FROM whatsapp_notification
                WHERE state = 'pending' AND (%s::bigint[] IS NULL OR id = ANY (%s::bigint[]))
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ), weighed AS (
                SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before FROM locked
            )
            SELECT id, provider, received_at, body, attempts FROM weighed
            WHERE before = 0 OR before + octet_length(body) <= %s ORDER BY id
            """,
            [named, named, limit, CLAIM_BYTES],
        )
        return [Claimed(*row) for row in cursor.fetchall()]


def settle(ids: Iterable[int], problems: Mapping[int, Problems]) -> None:
    """Mark claimed notifications as processed. ``problems`` has, by id, the parts that were left out."""
    with binary_cursor() as cursor:
        cursor.execute(
            """
            UPDATE whatsapp_notification n
            SET state = 'processed', processed_at = statement_timestamp(), attempts = attempts + 1, error = '',
                problems = coalesce(p.problems, '[]'::jsonb)
            FROM unnest(%s::bigint[]) AS settled (id)
            LEFT JOIN jsonb_to_recordset(%s) AS p (id bigint, problems jsonb) USING (id)
            WHERE n.id = settled.id
            """,
            (bigints(ids), _json([{"id": id, "problems": found} for id, found in problems.items()])),
        )


def _json(value: Any) -> Any:
    return Jsonb(value)


def park(reasons: Mapping[int, str]) -> None:
    """Park notifications that can't be parsed or applied. ``reasons`` are sentences by id."""
    if not reasons:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE whatsapp_notification n
            SET state = 'parked', processed_at = statement_timestamp(), attempts = attempts + 1, error = p.reason
            FROM jsonb_to_recordset(%s) AS p (id bigint, reason text)
            WHERE n.id = p.id
            """,
            (_json([{"id": id, "reason": reason} for id, reason in reasons.items()]),),
        )


def replay(ids: Iterable[int]) -> int:
    """Set processed or parked notifications back to pending and wake a worker. Returns how many.

    Safe to repeat: what a notification already did is recognized and not done again.
    """
    return _replay(Notification.objects.filter(pk__in=list(ids)))


def replay_parked() -> int:
    """Set every parked notification back to pending. Returns how many."""
    return _replay(Notification.objects.parked())


def replay_left_out() -> int:
    """Set every notification with left-out parts back to pending. Returns how many."""
    return _replay(Notification.objects.left_out())


def dismiss(ids: Iterable[int]) -> int:
    """Stop counting these parked notifications and those with left-out parts; they are then deleted with the processed
    ones. Returns how many. Safe to repeat."""
    open_ones = Notification.objects.parked() | Notification.objects.left_out()
    return open_ones.filter(pk__in=list(ids)).update(dismissed_at=timezone.now())


def left_out_reasons(limit: int = 10) -> list[tuple[str, int]]:
    """The most frequent reasons for left-out parts, with their counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT problem ->> 'reason', count(*) FROM whatsapp_notification, jsonb_array_elements(problems) AS problem
            WHERE NOT problems = '[]' AND state = 'processed' AND dismissed_at IS NULL
            GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
            """,
            [limit],
        )
        return list(cursor.fetchall())


def replay_since(moment: datetime) -> int:
    """Set everything received since ``moment`` back to pending. Returns how many."""
    return _replay(Notification.objects.filter(received_at__gte=moment))


def _replay(notifications: Any) -> int:
    with transaction.atomic():
        count: int = notifications.exclude(state=Notification.State.PENDING).update(
            state=Notification.State.PENDING, error="", problems=[], processed_at=None, dismissed_at=None
        )
        if count:
            wake_up()
    return count


def wake_up() -> None:
    """Enqueue the job that processes the journal, unless one waits. Commits with the current transaction."""
    enqueue_once(TASK)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of the journal. ``left_out``: processed ones with parts left out. ``oldest_pending_seconds`` is None when
    nothing is pending."""

    pending: int
    parked: int
    processed: int
    left_out: int
    oldest_pending_seconds: float | None


def summary() -> Summary:
    """Count the journal by state. Reads the whole table: for commands, not for pages."""
    counts = dict(Notification.objects.values_list("state").annotate(count=Count("id")))
    return Summary(
        pending=counts.get(Notification.State.PENDING, 0),
        parked=Notification.objects.parked().count(),
        processed=counts.get(Notification.State.PROCESSED, 0),
        left_out=Notification.objects.left_out().count(),
        oldest_pending_seconds=oldest_pending_seconds(),
    )


def oldest_pending_seconds() -> float | None:
    """Age in seconds of the oldest pending notification, None when there is none. Reads only pending rows."""
    oldest = Notification.objects.pending().aggregate(oldest=Min("received_at"))["oldest"]
    return None if oldest is None else max((timezone.now() - oldest).total_seconds(), 0.0)


def forget(older_than: timedelta, limit: int = 5000) -> int:
    """Delete up to ``limit`` processed notifications older than that, oldest first. Returns how many.

    Parked ones and those with left-out parts are kept until they are replayed or dismissed. Call again while it returns
    ``limit``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM whatsapp_notification WHERE id IN (
                SELECT id FROM whatsapp_notification
                WHERE (state = 'processed' AND problems = '[]' OR dismissed_at IS NOT NULL)
                  AND received_at < statement_timestamp() - make_interval(secs => %s)
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            )
            """,
            (older_than.total_seconds(), limit),
        )
        return int(cursor.rowcount)
