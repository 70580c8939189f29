"""Calls: one message for each, whatever order its steps come in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.postgres import bulk
from inbox.formatting.summary import summarize
from inbox.receiving import media_rows
from inbox.receiving.arrivals import Arrival
from whatsapp import event_time
from whatsapp.events import CallChanged, Direction, Kind, Origin, RemoteMedia

#: Steps that report a call itself. The others (recording, transcript) are told afterwards.
CALLING = frozenset({"connect", "ringing", "accepted", "rejected", "terminate", "failed"})

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


def columns(event: CallChanged) -> bulk.Row:
    inbound = event.direction == Direction.INBOUND
    # A recording of a call that was never reported is no call to answer.
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
    """(conversation, start) of customers' calls: each opens the customer service window, answered or not."""
    return [
        (call.conversation, event_time.resolve(call.event.at, call.received_at)[0])
        for call in calls
        if isinstance(call.event, CallChanged)
        and call.event.step == "connect"
        and call.event.direction == Direction.INBOUND
    ]


def apply(calls: Iterable[Arrival]) -> list[int]:
    """Add steps to the messages of their calls, in any order and any number of times. Returns the changed messages."""
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
    media_rows.insert(
        [
            {"id": id, "kind": Kind.CALL, "media": files[number, wamid], "error_code": None}
            for id, number, wamid in changed
            if (number, wamid) in files
        ]
    )
    return [row[0] for row in changed]
