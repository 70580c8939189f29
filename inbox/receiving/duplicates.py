"""Notifications identical to earlier ones, byte for byte: settled without parsing them.

WhatsApp redelivers whatever it is not sure that we have, for days and by the thousand after an outage.
"""

from __future__ import annotations

from prometheus_client import Counter

from core.postgres import bulk
from whatsapp.webhooks.journal import Claimed

REDELIVERED = Counter("inbox_notifications_redelivered", "Notifications that were identical to an earlier one.")

#: Notifications that a process remembers: this many, up to twice as many.
REMEMBERED = 25_000


class Recent:
    """Recent notifications: hash of the body → id in the journal. A hint only: the row may be gone, parked, or have
    another body with the same hash."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._newer: dict[int, int] = {}
        self._older: dict[int, int] = {}

    def add(self, notification: Claimed) -> None:
        if len(self._newer) >= self._limit:
            self._newer, self._older = {}, self._newer
        self._newer[hash(notification.body)] = notification.id

    def find(self, notification: Claimed) -> int | None:
        key = hash(notification.body)
        return self._newer.get(key) or self._older.get(key)


_recent = Recent()


def in_batch(claimed: list[Claimed]) -> dict[int, int]:
    """Copies of an earlier notification in the same batch: id → id of the first."""
    first: dict[tuple[str, bytes], int] = {}
    copies = {}
    for notification in claimed:
        original = first.setdefault((notification.provider, notification.body), notification.id)
        if original != notification.id and not notification.attempts:
            copies[notification.id] = original
    return copies


def of_processed(claimed: list[Claimed]) -> set[int]:
    """Those that are copies of a notification which was processed without problems in a committed transaction.

    A notification that is replayed is never among them: it is replayed because its rows are not right.
    """
    hints = []
    for notification in claimed:
        original = None if notification.attempts else _recent.find(notification)
        if original is not None:
            hints.append({"id": notification.id, "original": original})
        else:
            _recent.add(notification)
    found = bulk.run(
        """
        SELECT n.id FROM jsonb_to_recordset(%s) AS hint (id bigint, original bigint)
        JOIN whatsapp_notification n ON n.id = hint.id
        JOIN whatsapp_notification o ON o.id = hint.original
        WHERE o.state = 'processed' AND o.problems = '[]' AND o.provider = n.provider AND o.body = n.body
          AND NOT o.id = n.id
        """,
        hints,
    )
    return {id for (id,) in found}
