"""Messages and calls into rows: each once, with its media waiting to be fetched and its quotes found."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.jobs import enqueue_all
from core.postgres import bulk
from inbox.formatting.summary import summarize
from inbox.models import Media
from whatsapp import event_time, phone_numbers
from whatsapp.errors import MEDIA_NOT_FETCHED, explain_received
from whatsapp.events import MEDIA_KINDS, CallChanged, Direction, Kind, MessageReceived, Origin, RemoteMedia, Status
from whatsapp.models import PhoneNumber

#: Steps of a call that say that somebody calls. The others are told afterwards.
CALLING = frozenset({"connect", "ringing", "accepted", "rejected", "terminate", "failed"})

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
    place int, number_id bigint, conversation_id bigint, author_id bigint, direction text, kind text, origin text,
    text text, payload jsonb, wamid text, sent_at timestamptz, bad_timestamp boolean, status text,
    accepted_at timestamptz, error_code int, error text, quoted_wamid text, forwarded boolean,
    frequently_forwarded boolean, context jsonb, historic boolean, standby boolean, sender_phone text,
    sender_name text, receiving_phone text, aws_phone_number_id text, notification_id bigint
)) t) r
-- The same message under an id of another scope: from the phone app's history, say, after it came live.
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


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message or call with the rows it belongs to."""

    event: MessageReceived | CallChanged
    number: PhoneNumber
    conversation: int
    author: int | None
    notification: int
    received_at: datetime


def insert(arrivals: list[Arrival]) -> tuple[list[bulk.Row], list[int]]:
    """Write the messages that are not there yet. Returns the inserted rows (with ``media`` and ``unread`` beside the
    columns) in the thread's order, and the ids of placeholders that became what they stood for. Any other message that
    is there already, from this batch or years ago, is left alone."""
    prepared: dict[tuple[int, str], bulk.Row] = {}
    for place, arrival in enumerate(arrivals):
        # Ids in the order of arrival: within one second, WhatsApp's time does not tell what came first.
        row = _row(arrival) | {"place": place}
        prepared.setdefault((row["number_id"], row["wamid"]), row)
    new = []
    # Most columns of most messages are empty, and leaving them out halves what the database has to read.
    filled = [{name: value for name, value in row.items() if value or name == "place"} for row in prepared.values()]
    for id, number, wamid, token in bulk.run(INSERT, filled):
        new.append(prepared.pop((number, wamid)) | {"id": id, "token": token})
    upgraded = _upgrade(prepared)
    new.sort(key=lambda row: (row["sent_at"], row["id"]))
    _insert_media(new)
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
    return row | (_call_columns(event) if isinstance(event, CallChanged) else _message_columns(event, sent_at))


def _ends(arrival: Arrival) -> bulk.Row:
    """From whom and to whom. The party is the customer's side, also of what the phone app wrote."""
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
        # A changed number is news, but nothing to answer.
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


def _call_columns(event: CallChanged) -> bulk.Row:
    inbound = event.direction == Direction.INBOUND
    # A file of a call that we have not heard of is no call to answer.
    rings = inbound and event.step in CALLING
    return {
        "kind": Kind.CALL,
        "origin": Origin.CUSTOMER if inbound else Origin.AGENT,
        "text": "",
        "payload": {"steps": {}, "outcome": "ringing"},
        "wamid": event.call_id[:255],
        "status": "",
        "accepted_at": None,
        "error_code": None,
        "error": "",
        "quoted_wamid": "",
        "forwarded": False,
        "frequently_forwarded": False,
        "context": {},
        "historic": False,
        "standby": False,
        "media": None,
        "unread": rings,
        "opens_window": rings,
        "preview": summarize(Kind.CALL, "", {"outcome": "ringing"}),
    }


def windows_of(calls: Iterable[Arrival]) -> list[tuple[int, datetime]]:
    """(conversation, since when) of the calls of customers: each opens the window, answered or not."""
    return [
        (call.conversation, event_time.resolve(call.event.at, call.received_at)[0])
        for call in calls
        if isinstance(call.event, CallChanged)
        and call.event.step == "connect"
        and call.event.direction == Direction.INBOUND
    ]


def _upgrade(repeated: dict[tuple[int, str], bulk.Row]) -> list[int]:
    """Replace what was only a placeholder: a file of the phone app's history or a message that was not available, which
    come later under the same id, or a kind that we did not know when we first read it. Returns the changed messages."""
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
    _insert_media([repeated[number, wamid] | {"id": id} for id, number, wamid in upgraded])
    return [id for id, _, _ in upgraded]


def _insert_media(messages: list[bulk.Row]) -> None:
    """A media row for every new message that has a file, and the job that fetches it."""
    files = [_media_row(message) for message in messages if message["kind"] in MEDIA_KINDS or message["media"]]
    inserted = bulk.run(
        """
        INSERT INTO inbox_media (
            id, message_id, media_id, remote_url, file, extension, file_name, mime_type, content_type, sha256, voice,
            animated, thumbnail, playable, waveform, excerpt, state, preview_state, attempts, next_try_at, error,
            preview_error
        )
        SELECT id, message_id, media_id, remote_url, '', '', file_name, mime_type, '', sha256, voice, animated,
            '', '', '[]', '', state, 'none', 0, CASE WHEN state = 'pending' THEN statement_timestamp() END, error, ''
        FROM jsonb_to_recordset(%s) AS r (
            id uuid, message_id bigint, media_id text, remote_url text, file_name text, mime_type text, sha256 text,
            voice boolean, animated boolean, state text, error text
        )
        ON CONFLICT (message_id) DO NOTHING
        RETURNING id, state
        """,
        files,
    )
    enqueue_all("fetch_media", [{"media_id": str(id)} for id, state in inserted if state == Media.State.PENDING])


def _media_row(message: bulk.Row) -> bulk.Row:
    media = message["media"] or RemoteMedia(media_id="")
    state, error = Media.State.PENDING, ""
    code = message["error_code"]
    if code == MEDIA_NOT_FETCHED or (code and not media.media_id):
        state, error = Media.State.FAILED, explain_received(code).words
    elif not media.media_id:
        state, error = Media.State.FAILED, "WhatsApp sent this message without its file."
    return {
        "id": uuid.uuid4(),
        "message_id": message["id"],
        "media_id": media.media_id[:128],
        "remote_url": media.url,
        "file_name": media.file_name,
        "mime_type": media.mime_type[:255],
        "sha256": media.sha256,
        "voice": media.voice,
        "animated": media.animated,
        "state": state,
        "error": error,
    }


def awaited(new: list[bulk.Row]) -> list[int]:
    """Those of these new messages for which something may wait: an answer, a reaction, an edit, a deletion.

    Each row: id, number_id, token (of its wamid).
    """
    waiting = bulk.run(
        """
        SELECT k.id FROM jsonb_to_recordset(%s) AS k (id bigint, number_id bigint, token text)
        WHERE EXISTS (SELECT FROM inbox_message m
                      WHERE inbox_wamid_token(m.quoted_wamid) = k.token AND m.quoted_id IS NULL
                        AND NOT m.quoted_wamid = '')
           OR EXISTS (SELECT FROM inbox_reaction r
                      WHERE r.number_id = k.number_id AND inbox_wamid_token(r.target_wamid) = k.token
                        AND r.message_id IS NULL)
           OR EXISTS (SELECT FROM inbox_revision v
                      WHERE v.number_id = k.number_id AND inbox_wamid_token(v.target_wamid) = k.token)
        """,
        [{"id": row["id"], "number_id": row["number_id"], "token": row["token"]} for row in new],
    )
    return [id for (id,) in waiting]


def attach_quotes(answers: list[int], awaited: list[int]) -> None:
    """Link answers with what they answer, in both directions: whichever of the two came first. The message with the
    quoted id itself counts first, then the only one of the conversation that has its token."""
    if answers:
        bulk.fetch(
            """
            UPDATE inbox_message m SET quoted_id = q.id
            FROM inbox_message a CROSS JOIN LATERAL (
                SELECT coalesce(
                    min(o.id) FILTER (WHERE o.wamid = a.quoted_wamid), CASE WHEN count(*) = 1 THEN min(o.id) END
                ) AS id
                FROM inbox_message o
                WHERE o.number_id = a.number_id AND o.wamid_token = inbox_wamid_token(a.quoted_wamid)
                  AND NOT o.wamid = '' AND (o.wamid = a.quoted_wamid OR o.conversation_id = a.conversation_id)
            ) q
            WHERE a.id = ANY(%s::bigint[]) AND m.id = a.id AND q.id IS NOT NULL RETURNING m.id
            """,
            answers,
        )
    if awaited:
        bulk.fetch(
            """
            UPDATE inbox_message m SET quoted_id = q.id FROM inbox_message q
            WHERE q.id = ANY(%s::bigint[]) AND NOT m.quoted_wamid = '' AND m.quoted_id IS NULL
              AND inbox_wamid_token(m.quoted_wamid) = q.wamid_token AND m.number_id = q.number_id
              AND (m.quoted_wamid = q.wamid OR m.conversation_id = q.conversation_id)
            RETURNING m.id
            """,
            awaited,
        )


def apply_calls(calls: Iterable[Arrival]) -> list[int]:
    """Add every step of a call to its line, in any order and any number of times. Returns the changed messages."""
    steps: dict[tuple[int, str], bulk.Row] = {}
    files: dict[tuple[int, str], RemoteMedia] = {}
    for call in calls:
        event = call.event
        if not isinstance(event, CallChanged):
            continue
        key = (call.number.pk, event.call_id[:255])
        row = steps.setdefault(key, {"number_id": key[0], "wamid": key[1], "steps": {}, "error_code": None})
        row["steps"][event.step] = event_time.resolve(event.at, call.received_at)[0].isoformat()
        if event.directed:
            row["direction"] = event.direction
        if event.duration is not None:
            row["duration"] = event.duration
        if event.faults:
            row |= {"error_code": event.faults[0].code, "error": event.faults[0].details or event.faults[0].title}
        if event.media:
            files[key] = event.media
    changed = bulk.run(APPLY_CALLS, [steps[key] for key in sorted(steps)])
    _insert_media(
        [
            {"id": id, "kind": Kind.CALL, "media": files[number, wamid], "error_code": None}
            for id, number, wamid in changed
            if (number, wamid) in files
        ]
    )
    return [row[0] for row in changed]


APPLY_CALLS = """
UPDATE inbox_message m
SET direction = coalesce(s.direction, m.direction),
    origin = CASE coalesce(s.direction, m.direction) WHEN 'inbound' THEN 'customer' ELSE 'agent' END,
    error_code = coalesce(s.error_code, m.error_code), error = coalesce(s.error, m.error),
    payload = jsonb_strip_nulls(jsonb_build_object(
        'steps', s.steps, 'duration', s.duration,
        'outcome', CASE
            WHEN coalesce(s.duration, 0) > 0 OR s.steps ?| ARRAY['recording', 'transcript'] THEN 'answered'
            WHEN s.steps ? 'failed' THEN 'failed'
            WHEN s.steps ? 'accepted' THEN 'answered'
            WHEN s.steps ? 'rejected' THEN 'rejected'
            WHEN s.steps ? 'terminate' THEN 'missed'
            WHEN s.steps ?| ARRAY['created', 'connect', 'ringing'] THEN 'ringing' END
    ))
FROM (
    SELECT known.id, coalesce(known.payload -> 'steps', '{}') || r.steps AS steps, r.direction, r.error_code, r.error,
           coalesce(r.duration, (known.payload ->> 'duration')::int) AS duration
    FROM jsonb_to_recordset(%s) AS r (
        number_id bigint, wamid text, steps jsonb, direction text, duration int, error_code int, error text
    )
    JOIN inbox_message known ON known.number_id = r.number_id AND known.wamid = r.wamid
    WHERE NOT known.wamid = '' AND known.kind = 'call'
) s
WHERE m.id = s.id
RETURNING m.id, m.number_id, m.wamid
"""
