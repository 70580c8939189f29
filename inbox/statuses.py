"""Statuses of our messages: folded into the message in any order, any number of times.

A message's status follows from its times: played, otherwise read, delivered, failed, sent. So the order in which
WhatsApp reports them does not matter. A failure after delivery keeps its error beside the ticks, because the message
did arrive. Statuses of messages that we do not have (yet) wait in PendingStatus.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.postgres import bulk
from inbox import callback_data
from inbox.models import PendingStatus
from whatsapp import event_time
from whatsapp.errors import REPORTED, WINDOW_CLOSED
from whatsapp.events import PaymentChanged, Status, StatusChanged
from whatsapp.limits import WINDOW as CUSTOMER_SERVICE_WINDOW

#: The column with the time of each status that WhatsApp reports. Unknown statuses stay in the journal only.
COLUMNS = {
    Status.SENT: "accepted_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
    Status.PLAYED: "played_at",
    Status.FAILED: "failed_at",
}

FOLD = """
UPDATE inbox_message m
SET accepted_at = least(m.accepted_at, r.accepted_at), delivered_at = least(m.delivered_at, r.delivered_at),
    read_at = least(m.read_at, r.read_at), played_at = least(m.played_at, r.played_at),
    failed_at = least(m.failed_at, r.failed_at),
    -- Before WhatsApp's first status, the error says why the message waited or that its fate was unknown.
    error_code = CASE WHEN m.status IN ('queued', 'sending', 'unknown') THEN r.error_code
                 ELSE coalesce(m.error_code, r.error_code) END,
    error = CASE WHEN m.status IN ('queued', 'sending', 'unknown') THEN coalesce(r.error, '')
            ELSE coalesce(nullif(m.error, ''), r.error, '') END,
    pricing = m.pricing || coalesce(r.pricing, '{}'),
    status = CASE
        WHEN coalesce(m.played_at, r.played_at) IS NOT NULL THEN 'played'
        WHEN coalesce(m.read_at, r.read_at) IS NOT NULL THEN 'read'
        WHEN coalesce(m.delivered_at, r.delivered_at) IS NOT NULL THEN 'delivered'
        WHEN coalesce(m.failed_at, r.failed_at) IS NOT NULL THEN 'failed'
        WHEN coalesce(m.accepted_at, r.accepted_at) IS NOT NULL THEN 'sent'
        ELSE m.status END
FROM jsonb_to_recordset(%s) AS r (
    message_id bigint, accepted_at timestamptz, delivered_at timestamptz, read_at timestamptz,
    played_at timestamptz, failed_at timestamptz, error_code int, error text, pricing jsonb
)
WHERE m.id = r.message_id AND m.direction = 'outbound'
RETURNING m.id
"""


#: Prefix of a payment's status, in rows of PendingStatus too, where each payment status waits on its own.
PAYMENT = "payment "

PAY = """
UPDATE inbox_message m SET payload = CASE
    WHEN coalesce(m.payload #>> '{payment,at}', '') > r.payment ->> 'at' THEN m.payload
    ELSE m.payload || jsonb_build_object('payment', r.payment) END
FROM jsonb_to_recordset(%s) AS r (message_id bigint, payment jsonb)
WHERE m.id = r.message_id AND m.direction = 'outbound'
RETURNING m.id
"""
#: Which of two payment statuses of one second is the later: a failed payment can be retried, a captured one is final.
PAYMENT_ORDER = ("pending", "failed", "captured")


def payment_row(event: PaymentChanged, number: int, notification: int, received_at: datetime) -> bulk.Row:
    """A payment status as a row like ``row``'s, so that it can wait for its message in the same table."""
    at = event_time.resolve(event.at, received_at)[0]
    return {
        "number_id": number,
        "wamid": event.wamid,
        "status": f"{PAYMENT}{event.status}"[:16],
        "at": at,
        "callback_data": event.callback_data[:512],
        "error_code": None,
        "error": "",
        "pricing": event.payment | {"status": event.status, "at": at.isoformat()},
        "notification_id": notification,
    }


def row(event: StatusChanged, number: int, notification: int, received_at: datetime) -> bulk.Row | None:
    """One status as a row. None for an unknown status, which stays in the journal, and for our reactions."""
    if event.status not in COLUMNS or callback_data.reaction_id(event.callback_data) is not None:
        return None
    fault = event.faults[0] if event.faults else None
    if fault:
        REPORTED.labels("receipt", fault.code, number).inc()
    return {
        "number_id": number,
        "wamid": event.wamid[:255],
        "status": event.status,
        "at": event_time.resolve(event.at, received_at)[0],
        "callback_data": event.callback_data[:512],
        "error_code": fault.code if fault else None,
        "error": (fault.details or fault.title) if fault else "",
        "pricing": event.pricing,
        "notification_id": notification,
    }


def set_wamids(sends: list[bulk.Row]) -> list[bulk.Row]:
    """Set the wamid of messages whose status told it before the answer to the send did, or in place of that.

    Each row: id (of the message), wamid. Returns those that were set: id, number_id, token. Safe to repeat.
    """
    named = bulk.run(
        """
        UPDATE inbox_message m SET wamid = r.wamid FROM jsonb_to_recordset(%s) AS r (id bigint, wamid text)
        WHERE m.id = r.id AND m.wamid = ''
          AND NOT EXISTS (SELECT 1 FROM inbox_message o WHERE o.number_id = m.number_id AND o.wamid = r.wamid)
        RETURNING m.id, m.number_id, m.wamid_token
        """,
        sends,
    )
    return [{"id": id, "number_id": number, "token": token} for id, number, token in named]


def close_windows(statuses: list[bulk.Row]) -> None:
    """Close the customer service window where WhatsApp refused a message because it was closed."""
    bulk.run(
        """
        UPDATE inbox_conversation c SET window_closes_at = least(c.window_closes_at, r.at)
        FROM jsonb_to_recordset(%s) AS r (message_id bigint, at timestamptz)
        JOIN inbox_message m ON m.id = r.message_id
        -- Not where the customer wrote afterwards.
        WHERE c.id = m.conversation_id AND c.window_closes_at > r.at AND c.window_closes_at <= r.at + %s
        """,
        [status for status in statuses if status["error_code"] == WINDOW_CLOSED],
        CUSTOMER_SERVICE_WINDOW,
    )


def apply(statuses: list[bulk.Row]) -> list[int]:
    """Fold statuses into their messages; those whose ``message_id`` is None wait. Returns the changed messages."""
    changed = set(fold([status for status in statuses if status["message_id"]]))
    close_windows(statuses)
    waiting = {
        (status["number_id"], status["wamid"], status["status"]): status
        for status in statuses
        if status["message_id"] not in changed
    }
    bulk.run(
        """
        INSERT INTO inbox_pendingstatus (
            number_id, wamid, chat_id, status, at, callback_data, error_code, error, pricing, notification_id,
            created_at
        )
        SELECT number_id, wamid, chat_id, status, at, callback_data, error_code, error, pricing, notification_id,
               statement_timestamp()
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, wamid text, chat_id bigint, status text, at timestamptz, callback_data text,
            error_code int, error text, pricing jsonb, notification_id bigint
        )
        ON CONFLICT (number_id, wamid, status) DO NOTHING
        """,
        [waiting[key] for key in sorted(waiting)],
    )
    return sorted(changed)


def fold(statuses: list[bulk.Row]) -> list[int]:
    """Fold statuses into the messages they are about (``message_id``), one update each. Returns those found."""
    payments = [status for status in statuses if status["status"].startswith(PAYMENT)]
    by_message: dict[int, bulk.Row] = {}
    for status in statuses:
        if status["status"].startswith(PAYMENT):
            continue
        key = status["message_id"]
        merged = by_message.setdefault(key, {"message_id": key, "error_code": None, "error": "", "pricing": {}})
        column = COLUMNS[Status(status["status"])]
        merged[column] = min(merged.get(column) or status["at"], status["at"])
        if status["error_code"] is not None and merged["error_code"] is None:
            merged |= {"error_code": status["error_code"], "error": status["error"]}
        merged["pricing"] |= status["pricing"]
    folded = bulk.run(FOLD, [by_message[key] for key in sorted(by_message)])
    return sorted({message for (message,) in folded + _pay(payments)})


def _pay(payments: list[bulk.Row]) -> list[tuple[int]]:
    """Keep the newest status of each payment. Returns the messages, including those that have a newer one."""
    newest: dict[int, Any] = {}
    for payment in sorted(payments, key=lambda row: (row["at"], _rank(row["pricing"].get("status")))):
        newest[payment["message_id"]] = payment["pricing"]
    return bulk.run(PAY, [{"message_id": key, "payment": newest[key]} for key in sorted(newest)])


def _rank(word: object) -> int:
    return PAYMENT_ORDER.index(word) if word in PAYMENT_ORDER else -1


def awaited() -> list[int]:
    """Messages that exist now and have waiting statuses."""
    found = bulk.fetch(
        """
        SELECT m.id FROM inbox_pendingstatus p
        JOIN inbox_message m ON m.number_id = p.number_id AND m.wamid_token = inbox_wamid_token(p.wamid)
        JOIN inbox_conversation c ON c.id = m.conversation_id
        WHERE NOT m.wamid = '' AND m.direction = 'outbound' AND (m.wamid = p.wamid OR c.contact_id = p.chat_id)
        UNION
        SELECT m.id FROM inbox_pendingstatus p
        JOIN inbox_message m ON m.number_id = p.number_id AND m.provider_message_id = p.wamid
        WHERE NOT m.provider_message_id = '' AND m.direction = 'outbound'
        """
    )
    return [message for (message,) in found]


def take_waiting(message_ids: list[int]) -> list[bulk.Row]:
    """Remove and return the waiting statuses of these messages."""
    columns = ("message_id", "number_id", "wamid", "chat_id", "status", "at", "error_code", "error", "pricing")
    taken = bulk.fetch(
        """
        DELETE FROM inbox_pendingstatus p USING inbox_message m JOIN inbox_conversation c ON c.id = m.conversation_id
        WHERE m.id = ANY(%s::bigint[]) AND m.direction = 'outbound' AND m.number_id = p.number_id
          AND inbox_wamid_token(p.wamid) IN (m.wamid_token, m.provider_message_id)
          AND (p.wamid IN (m.wamid, m.provider_message_id) OR p.chat_id = c.contact_id)
        RETURNING m.id, p.number_id, p.wamid, p.chat_id, p.status, p.at, p.error_code, p.error, p.pricing
        """,
        message_ids,
    )
    return [_waiting(dict(zip(columns, row, strict=True))) for row in taken]


def _waiting(row: dict[str, Any]) -> bulk.Row:
    return row | {"pricing": row["pricing"] if isinstance(row["pricing"], dict) else {}}


def forget(older_than: timedelta) -> int:
    """Delete statuses that waited longer than this. Returns how many."""
    deleted, _ = PendingStatus.objects.filter(created_at__lt=timezone.now() - older_than).delete()
    return deleted
