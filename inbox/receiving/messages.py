"""Messages into rows: each once, with its file waiting to be fetched."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.postgres import bulk
from inbox.formatting.summary import summarize
from inbox.receiving import calls, media_rows
from inbox.receiving.arrivals import Arrival
from whatsapp import event_time, phone_numbers
from whatsapp.events import CallChanged, Direction, Kind, MessageReceived, Status

INSERT = """
INSERT INTO inbox_message (
    number_id, conversation_id, author_id, direction, kind, origin, text, payload, wamid, wamid_token,
    provider_message_id, sent_at, bad_timestamp, status, accepted_at, error_code, error, pricing, quoted_wamid,
    forwarded, frequently_forwarded, context, historic, standby, sender_phone, sender_name, receiving_phone,
    aws_phone_number_id, notification_id
)
SELECT number_id, conversation_id, author_id, direction, kind, origin, coalesce(text, ''), coalesce(payload, '{}'),
    wamid, token, '', sent_at, coalesce(bad_timestamp, false), coalesce(status, ''), accepted_at, error_code,
    coalesce(error, ''), '{}', coalesce(quoted_wamid, ''), coalesce(forwarded, false),
    coalesce(frequently_forwarded, false), coalesce(context, '{}'), coalesce(historic, false),
    coalesce(standby, false), coalesce(sender_phone, ''), coalesce(sender_name, ''), coalesce(receiving_phone, ''),
    coalesce(aws_phone_number_id, ''), notification_id
FROM (SELECT *, row_number() OVER (PARTITION BY conversation_id, direction, sent_at, token ORDER BY place) AS nth
FROM (SELECT *, inbox_wamid_token(wamid) AS token FROM jsonb_to_recordset(%s) AS r (
    place int, number_id bigint, conversation_id bigint, author_id bigint, direction text, kind text,
    origin text, text text, payload jsonb, wamid text, sent_at timestamptz, bad_timestamp boolean, status text,
    accepted_at timestamptz, error_code int, error text, quoted_wamid text, forwarded boolean,
    frequently_forwarded boolean, context jsonb, historic boolean, standby boolean, sender_phone text,
    sender_name text, receiving_phone text, aws_phone_number_id text, notification_id bigint
)) t) r
-- Not the same message under an id of another scope, such as from the phone app's history after it came live.
WHERE nth = 1 AND NOT EXISTS (
    SELECT FROM inbox_message o
    WHERE o.number_id = r.number_id AND o.wamid_token = r.token AND NOT o.wamid = '' AND NOT o.wamid = r.wamid
      AND o.conversation_id = r.conversation_id AND o.direction = r.direction
      AND date_trunc('second', o.sent_at) = date_trunc('second', r.sent_at)
)
ORDER BY place
ON CONFLICT (number_id, wamid) WHERE NOT wamid = '' DO NOTHING
RETURNING id, number_id, wamid, wamid_token
"""


def insert(arrivals: list[Arrival]) -> tuple[list[bulk.Row], list[int]]:
    """Write the messages that do not exist yet; existing ones stay as they are, except placeholders.

    Returns the inserted rows (with ``media``, ``unread`` and ``preview`` beside the columns) in the order of the
    thread, and the ids of placeholders that were replaced by the real message.
    """
    prepared: dict[tuple[int, str], bulk.Row] = {}
    for place, arrival in enumerate(arrivals):
        # Ids in the order of arrival: within a second, WhatsApp's time does not tell which came first.
        row = _row(arrival) | {"place": place}
        prepared.setdefault((row["number_id"], row["wamid"]), row)
    new = []
    # Most columns are empty. Leaving them out halves what the database has to read.
    filled = [{name: value for name, value in row.items() if value or name == "place"} for row in prepared.values()]
    for id, number, wamid, token in bulk.run(INSERT, filled):
        new.append(prepared.pop((number, wamid)) | {"id": id, "token": token})
    upgraded = _upgrade(prepared)
    new.sort(key=lambda row: (row["sent_at"], row["id"]))
    media_rows.insert(new)
    return new, upgraded


def _row(arrival: Arrival) -> bulk.Row:
    event = arrival.event
    sent_at, bad_timestamp = event_time.resolve(event.at, arrival.received_at)
    row: bulk.Row = {
        "number_id": arrival.number.pk,
        "conversation_id": arrival.conversation,
        "author_id": arrival.author,
        "notification_id": arrival.notification,
        "direction": event.direction,
        "sent_at": sent_at,
        "bad_timestamp": bad_timestamp,
        **_ends(arrival),
        "aws_phone_number_id": arrival.number.aws_phone_number_id,
    }
    return row | (calls.columns(event) if isinstance(event, CallChanged) else _message_columns(event, sent_at))


def _ends(arrival: Arrival) -> bulk.Row:
    """Sender and receiver. The event's party is always the customer, also for messages from the phone app."""
    event = arrival.event
    theirs = f"+{event.party.wa_id}"[:32] if event.party.wa_id.isdigit() else event.party.wa_id[:32]
    ours = phone_numbers.e164(event.display_phone_number or arrival.number.display_number)[:32]
    if event.direction == Direction.OUTBOUND:
        return {"sender_phone": ours, "sender_name": "", "receiving_phone": theirs}
    return {"sender_phone": theirs, "sender_name": event.party.name[:512], "receiving_phone": ours}


def _message_columns(event: MessageReceived, sent_at: datetime) -> bulk.Row:
    outbound = event.direction == Direction.OUTBOUND
    status = event.status or (Status.SENT if outbound else "")
    fault = event.faults[0] if event.faults else None
    context: dict[str, Any] = {}
    if event.referral:
        context["referral"] = event.referral
    if event.referred_product:
        context["referred_product"] = event.referred_product
    media = event.media
    return {
        "kind": event.kind,
        "origin": event.origin,
        "text": event.text,
        "payload": event.payload,
        "wamid": event.wamid[:255],
        "status": status if outbound else "",
        "accepted_at": sent_at if outbound and status not in (Status.FAILED, Status.QUEUED) else None,
        "error_code": fault.code if fault else None,
        "error": (fault.details or fault.title) if fault else "",
        "quoted_wamid": event.quoted_wamid[:255],
        "forwarded": event.forwarded,
        "frequently_forwarded": event.frequently_forwarded,
        "context": context,
        "historic": event.historic,
        "standby": event.standby,
        "media": media,
        # A changed number needs no answer.
        "unread": not outbound and not event.historic and event.kind != Kind.SYSTEM,
        "opens_window": event.opens_window and not outbound and not event.historic,
        "preview": summarize(
            event.kind,
            event.text,
            event.payload,
            voice=media is not None and media.voice,
            file_name=media.file_name if media else "",
            content_type=media.mime_type if media else "",
            error_code=fault.code if fault else None,
        ),
    }


def _upgrade(repeated: dict[tuple[int, str], bulk.Row]) -> list[int]:
    """Replace placeholders with the real message: files of the phone app's history, messages that were not available,
    and kinds that were unknown when first parsed. Returns the changed messages."""
    placeholders = (Kind.UNKNOWN, Kind.UNSUPPORTED, Kind.CALL)
    candidates = [row for row in repeated.values() if row["kind"] not in placeholders]
    columns = ("number_id", "conversation_id", "direction", "wamid", "kind", "text", "payload", "error_code", "error")
    upgraded = bulk.run(
        """
        UPDATE inbox_message m
        SET kind = r.kind, text = r.text, payload = r.payload, error_code = r.error_code, error = r.error
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, conversation_id bigint, direction text, wamid text, kind text, text text, payload jsonb,
            error_code int, error text
        )
        WHERE m.number_id = r.number_id AND m.wamid_token = inbox_wamid_token(r.wamid) AND NOT m.wamid = ''
          AND (m.wamid = r.wamid OR (m.conversation_id = r.conversation_id AND m.direction = r.direction))
          AND m.kind IN ('unknown', 'unsupported')
        RETURNING m.id, r.number_id, r.wamid
        """,
        [{name: row[name] for name in columns} for row in candidates],
    )
    media_rows.insert([repeated[number, wamid] | {"id": id} for id, number, wamid in upgraded])
    return [id for id, _, _ in upgraded]
