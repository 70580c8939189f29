"""Staged messages into conversations, messages and files: oldest first, a transaction for each batch.

Imported messages are history: they open no window, count as read, have their last status, and are never sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.postgres import bulk
from inbox import conversations, statuses
from inbox.changes import pages
from inbox.formatting.summary import summarize
from inbox.media import fetch
from inbox.models import Media
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import batches, contacts
from inbox.operations.dynamodb_import.batches import Prepared
from inbox.operations.dynamodb_import.numbers import Numbers
from inbox.receiving import identities, quotes, reactions, revisions
from whatsapp import phone_numbers
from whatsapp.events import Direction, Origin, Party, Status
from whatsapp.models import PhoneNumber

BATCH = 500
LOST = gettext_noop("The old system did not keep this file, and WhatsApp no longer has it.")
COPYING = gettext_noop("The file is being copied from the old storage.")
FETCHING = gettext_noop("The old system did not keep this file; it is being downloaded again.")
NEVER_SENT = gettext_noop("The message failed, and the old system kept no file of it.")

INSERT = """
INSERT INTO inbox_message (
    id, number_id, conversation_id, direction, kind, origin, text, payload, wamid, provider_message_id, sent_at,
    created_at, bad_timestamp, status, accepted_at, delivered_at, read_at, played_at, failed_at, error, pricing,
    quoted_wamid, forwarded, frequently_forwarded, context, historic, standby, sender_phone, sender_name,
    receiving_phone, aws_phone_number_id
)
SELECT id, number_id, conversation_id, direction, kind, origin, text, payload, wamid, provider_message_id, sent_at,
    created_at, bad_timestamp, status, accepted_at, delivered_at, read_at, played_at, failed_at, error, '{}',
    '', false, false, '{}', true, false, sender_phone, sender_name, receiving_phone, aws_phone_number_id
FROM jsonb_to_recordset(%s) AS r (
    id bigint, number_id bigint, conversation_id bigint, direction text, kind text, origin text, text text,
    payload jsonb, wamid text, provider_message_id text, sent_at timestamptz, created_at timestamptz,
    bad_timestamp boolean, status text, accepted_at timestamptz, delivered_at timestamptz, read_at timestamptz,
    played_at timestamptz, failed_at timestamptz, error text, sender_phone text, sender_name text,
    receiving_phone text, aws_phone_number_id text
)
-- A message received by webhook may have its id in another scope.
WHERE wamid = '' OR NOT EXISTS (
    SELECT FROM inbox_message o
    WHERE o.number_id = r.number_id AND o.wamid_token = inbox_wamid_token(r.wamid) AND NOT o.wamid = ''
      AND o.conversation_id = r.conversation_id AND o.direction = r.direction
)
ORDER BY id
ON CONFLICT (number_id, wamid) WHERE NOT wamid = '' DO NOTHING
RETURNING id, wamid_token
"""

#: A newer export may know a later status. Only for imported messages: the others have WhatsApp's own receipts.
ADVANCE = """
UPDATE inbox_message m
SET accepted_at = coalesce(m.accepted_at, r.accepted_at), delivered_at = coalesce(m.delivered_at, r.delivered_at),
    read_at = coalesce(m.read_at, r.read_at), played_at = coalesce(m.played_at, r.played_at),
    failed_at = coalesce(m.failed_at, r.failed_at), status = r.status, error = r.error
FROM jsonb_to_recordset(%s) AS r (
    id bigint, status text, accepted_at timestamptz, delivered_at timestamptz, read_at timestamptz,
    played_at timestamptz, failed_at timestamptz, error text
)
WHERE m.id = r.id AND m.historic AND m.direction = 'outbound' AND m.status <> r.status
  AND array_position(ARRAY['unknown', 'sent', 'failed', 'delivered', 'read', 'played'], m.status)
    < array_position(ARRAY['unknown', 'sent', 'failed', 'delivered', 'read', 'played'], r.status)
RETURNING m.id
"""

ATTACH = """
INSERT INTO inbox_media AS m (
    id, message_id, media_id, remote_url, file, extension, file_name, mime_type, content_type, size, sha256, voice,
    animated, thumbnail, playable, waveform, excerpt, state, preview_state, attempts, next_try_at, error,
    preview_error, created_at, stored_at
)
SELECT id, message_id, media_id, '', file, '', file_name, mime_type, '', size, '', voice, false, '', '', '[]', '',
    state, 'none', 0, next_try_at, error, '', created_at, stored_at
FROM jsonb_to_recordset(%s) AS r (
    id uuid, message_id bigint, media_id text, file text, file_name text, mime_type text, size bigint, voice boolean,
    state text, next_try_at timestamptz, error text, created_at timestamptz,
    stored_at timestamptz
)
ON CONFLICT (message_id) DO UPDATE SET
    file = excluded.file, size = excluded.size, state = excluded.state, stored_at = excluded.stored_at, error = '',
    next_try_at = NULL, remote_url = '', attempts = 0
WHERE m.state <> 'stored' AND excluded.state = 'stored'
RETURNING m.message_id
"""


def apply(numbers: Numbers, *, write: bool, adopt: bool, progress: Callable[[int], None]) -> None:
    """Import every staged message, oldest first. Safe to repeat and to interrupt.

    ``adopt``: files stay where they are; otherwise they wait to be copied. Without ``write`` only the items record what
    would become of them.
    """
    count = 0
    while True:
        with transaction.atomic():
            batch = batches.load(BATCH, numbers, timezone.now())
            if write:
                _write([prepared for prepared in batch if prepared.writable], adopt=adopt)
            _settle(batch)
        if not batch:
            return
        count += len(batch)
        progress(count)


def _write(batch: list[Prepared], *, adopt: bool) -> None:
    mentions = {entry.id: identities.person("", Party(wa_id=entry.phone)) for entry in batch}
    ids = identities.resolve(mentions.values())
    contacts.describe((ids[mentions[entry.id]], entry.phone, entry.name, None) for entry in batch)
    fresh = [entry for entry in batch if entry.message is None and not entry.repeats]
    pairs = {entry.id: (_number(entry).pk, ids[mentions[entry.id]]) for entry in batch}
    held = conversations.open_and_lock((pairs[entry.id] for entry in fresh), ())
    message_ids = bulk.new_ids("inbox_message", len(fresh))
    prepared = {
        id: _row(entry) | {"id": id, "number_id": pairs[entry.id][0], "conversation_id": held[pairs[entry.id]].id}
        for id, entry in zip(message_ids, fresh, strict=True)
    }
    inserted: set[int] = set()
    for id, token in bulk.run(INSERT, prepared.values()):
        inserted.add(id)
        prepared[id]["token"] = token
    for id, entry in zip(message_ids, fresh, strict=True):
        entry.message = id if id in inserted else None
    _link([(pairs[entry.id][1], entry) for entry in batch if entry.message is None])
    new = [row for id, row in prepared.items() if id in inserted]
    conversations.advance(new, held)
    _join(new)
    known = [entry for entry in batch if entry.message is not None and entry.message not in inserted]
    # By message: one statement may not change a row twice, and two items may be about one message.
    advanced = bulk.run(ADVANCE, {entry.message: _fate(entry) | {"id": entry.message} for entry in known}.values())
    conversations.refresh(row[0] for row in advanced)
    attached = bulk.run(ATTACH, _files(batch, adopt=adopt))
    late = {row[0] for row in attached} - inserted
    if touched := late | {row[0] for row in advanced}:
        pages.touch(touched)
        conversations.refresh_previews(touched)
    pages.announce((row["number_id"], row["conversation_id"]) for row in new)


def _number(entry: Prepared) -> PhoneNumber:
    if entry.number is None:
        raise ValueError("A message without a number is held back before it is written.")
    return entry.number


def _row(entry: Prepared) -> bulk.Row:
    item, number = entry.item, _number(entry)
    file = entry.file
    theirs = f"+{entry.phone}"
    ours = phone_numbers.e164(number.display_number or item.our_phone)[:32]
    return _fate(entry) | {
        "direction": item.direction,
        "kind": entry.kind,
        "origin": Origin.AGENT if item.outbound else Origin.CUSTOMER,
        "text": entry.text,
        "payload": entry.payload,
        "wamid": item.wamid,
        "provider_message_id": item.provider_message_id,
        "sent_at": item.sent_at,
        "created_at": item.created_at,
        "bad_timestamp": item.bad_timestamp,
        "sender_phone": ours if item.outbound else theirs,
        "sender_name": item.name,
        "receiving_phone": theirs if item.outbound else ours,
        "aws_phone_number_id": item.aws_phone_number_id or number.aws_phone_number_id,
        "unread": False,
        "opens_window": False,
        "preview": summarize(
            entry.kind,
            entry.text,
            entry.payload,
            voice=file is not None and file.voice,
            file_name=file.file_name if file else "",
            content_type=file.content_type if file else "",
        ),
    }


def _fate(entry: Prepared) -> bulk.Row:
    """The status of a message of ours, and the time of each one that it implies."""
    item = entry.item
    status = item.status if item.outbound else ""
    sent = status in (Status.SENT, Status.DELIVERED, Status.READ, Status.PLAYED)
    return {
        "status": status,
        "accepted_at": item.sent_at if sent else None,
        "delivered_at": item.status_at if status == Status.DELIVERED else None,
        "read_at": item.status_at if status == Status.READ else None,
        "played_at": item.status_at if status == Status.PLAYED else None,
        "failed_at": item.status_at if status == Status.FAILED else None,
        "error": item.error if item.outbound else "",
    }


def _link(batch: list[tuple[int, Prepared]]) -> None:
    """Find messages that exist already, by webhook or from another item. ``batch``: (contact, item)."""
    found = bulk.run(
        """
        SELECT r.place, m.id FROM jsonb_to_recordset(%s) AS r (
            place int, number_id bigint, wamid text, contact_id bigint, direction text
        )
        JOIN inbox_message m ON m.number_id = r.number_id AND m.wamid_token = inbox_wamid_token(r.wamid)
        JOIN inbox_conversation c ON c.id = m.conversation_id
        WHERE NOT m.wamid = ''
          AND (m.wamid = r.wamid OR (c.contact_id = r.contact_id AND m.direction = r.direction))
        ORDER BY m.wamid = r.wamid
        """,
        [
            {
                "place": place,
                "number_id": _number(entry).pk,
                "wamid": entry.item.wamid,
                "contact_id": contact,
                "direction": entry.item.direction,
            }
            for place, (contact, entry) in enumerate(batch)
        ],
    )
    for place, message in found:
        batch[place][1].message = message


def _join(new: list[bulk.Row]) -> None:
    """Attach what arrived before these messages and waited for them: answers, reactions, edits, statuses."""
    if not new:
        return
    with_wamid = [row for row in new if row["wamid"]]
    if awaited := quotes.awaited(with_wamid) if with_wamid else []:
        quotes.attach([], awaited)
        reactions.attach(awaited)
        revisions.revise([], awaited)
    outbound = [row["id"] for row in with_wamid if row["direction"] == Direction.OUTBOUND]
    if outbound:
        conversations.refresh(statuses.apply(statuses.take_waiting(outbound)))


def _files(batch: list[Prepared], *, adopt: bool) -> list[bulk.Row]:
    found: dict[int, bulk.Row] = {}
    now = timezone.now()
    for entry in batch:
        if entry.file is None or entry.message is None:
            continue
        row = {
            "id": uuid.uuid4(),
            "message_id": entry.message,
            "media_id": entry.file.media_id[:128],
            "file": "",
            "file_name": entry.file.file_name,
            "mime_type": entry.file.content_type[:255],
            "voice": entry.file.voice,
            "size": None,
            # WhatsApp's seven days count from when the message came, not from the import.
            "created_at": entry.item.created_at,
            "stored_at": None,
        }
        # A repeated item may know the file that the first one lacked.
        if entry.message not in found or entry.found:
            found[entry.message] = row | _whereabouts(entry, adopt, now)
    return [found[message] for message in sorted(found)]


def _whereabouts(entry: Prepared, adopt: bool, now: datetime) -> bulk.Row:
    """Whether we have the file: adopted, waiting to be copied, still at WhatsApp, or lost."""
    item, file = entry.item, entry.file
    if entry.found and adopt:
        return {
            "state": Media.State.STORED,
            "file": entry.found.key,
            "size": entry.found.size,
            "stored_at": entry.found.modified,
            "error": "",
        }
    if entry.found:
        return {"state": Media.State.RETRYING, "error": COPYING}
    young = item.sent_at is not None and now < item.sent_at + fetch.LIFETIME - timedelta(hours=1)
    if file and file.media_id and not item.outbound and young:
        return {"state": Media.State.RETRYING, "next_try_at": now, "error": FETCHING}
    if item.outbound and item.status == Status.FAILED:
        return {"state": Media.State.FAILED, "error": NEVER_SENT}
    return {"state": Media.State.EXPIRED, "error": LOST}


def _settle(batch: list[Prepared]) -> None:
    """Record the outcome on each item."""
    bulk.run(
        """
        UPDATE inbox_importeditem i SET state = r.state, message_id = r.message_id, found_key = r.found_key,
            problems = ARRAY(SELECT jsonb_array_elements_text(r.problems))
        FROM jsonb_to_recordset(%s) AS r (id bigint, state text, message_id bigint, found_key text, problems jsonb)
        WHERE i.id = r.id
        """,
        [
            {
                "id": entry.id,
                "state": Item.State.HELD
                if entry.item.refusal
                else Item.State.LEFT_OUT
                if entry.item.left_out
                else Item.State.IMPORTED,
                "message_id": entry.message,
                "found_key": entry.found.key if entry.found else "",
                "problems": sorted({*entry.item.problems, entry.item.refusal, entry.item.left_out} - {""}),
            }
            for entry in batch
        ],
    )
