"""Staged items into contacts, conversations, messages and files: batches in the order of time, a transaction each.

Imported messages are history: they open no window, count as read, have their last status, and are never sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.postgres import bulk
from inbox import conversations, statuses
from inbox.changes import pages
from inbox.formatting.summary import summarize
from inbox.media import fetch
from inbox.models import ImportedItem, Media
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import batches, reading
from inbox.operations.dynamodb_import.batches import Prepared
from inbox.operations.dynamodb_import.numbers import Numbers
from inbox.operations.dynamodb_import.records import plain
from inbox.receiving import identities, quotes, reactions, revisions
from whatsapp import phone_numbers
from whatsapp.events import Direction, Origin, Party, Status
from whatsapp.models import PhoneNumber

BATCH = 500
LOST = "The old system had not kept this file, and WhatsApp no longer has it."

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
-- What came by webhook may have its id in another scope.
WHERE wamid = '' OR NOT EXISTS (
    SELECT FROM inbox_message o
    WHERE o.number_id = r.number_id AND o.wamid_token = inbox_wamid_token(r.wamid) AND NOT o.wamid = ''
      AND o.conversation_id = r.conversation_id AND o.direction = r.direction
)
ORDER BY id
ON CONFLICT (number_id, wamid) WHERE NOT wamid = '' DO NOTHING
RETURNING id, wamid_token
"""

#: A newer export may know more of a message's fate. Only of those that came by import: others have WhatsApp's word.
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


def apply_contacts(*, write: bool, progress: Callable[[int], None]) -> None:
    """The Contact table: people with a phone become contacts, deleted ones only if a message needs them."""
    now, count = timezone.now(), 0
    while batch := list(_staged(Item.Table.CONTACT).order_by("key")[:BATCH]):
        items = [(row, reading.contact(plain(json.loads(bytes(row.raw))), now)) for row in batch]
        firsts = _first_of_each_phone({item.phone for _, item in items if item.phone})
        with transaction.atomic():
            for row, item in items:
                row.problems = item.problems
                row.state = Item.State.LEFT_OUT if item.deleted else Item.State.IMPORTED
                if not item.phone:
                    row.state = Item.State.HELD
                    row.problems = [*item.problems, "no_phone"]
                elif firsts[item.phone] != row.key:
                    row.problems = [*item.problems, "duplicate_contact"]
            if write:
                _write_contacts([item for row, item in items if row.state == Item.State.IMPORTED])
            ImportedItem.objects.bulk_update(batch, ["state", "problems"])
        count += len(batch)
        progress(count)
    _staged(Item.Table.FILE).update(state=Item.State.IMPORTED)


def _first_of_each_phone(phones: Iterable[str]) -> dict[str, str]:
    """Of contacts with the same phone the one that stays: not deleted, then the first by key."""
    found: dict[str, str] = {}
    contacts = ImportedItem.objects.filter(table=Item.Table.CONTACT, phone__in=list(phones))
    now = timezone.now()
    deleted = {row.key: reading.contact(plain(json.loads(bytes(row.raw))), now).deleted for row in contacts}
    for row in sorted(contacts, key=lambda row: (deleted[row.key], row.key)):
        found.setdefault(row.phone, row.key)
    return found


def _write_contacts(items: list[reading.ContactItem]) -> None:
    mentions = {item.key: identities.person("", Party(wa_id=item.phone)) for item in items}
    found = identities.resolve(mentions.values())
    _describe((found[mentions[item.key]], item.phone, item.name, item.opted_out_at) for item in items)


def _describe(told: Iterable[tuple[int, str, str, datetime | None]]) -> None:
    """Fill in what a contact lacks; what WhatsApp told later is never replaced by history."""
    newest: dict[int, bulk.Row] = {}
    for contact, phone, name, stopped_at in told:
        row = newest.setdefault(contact, {"id": contact, "phone": f"+{phone}", "name": "", "stopped_at": None})
        row |= {"name": name or row["name"], "stopped_at": stopped_at or row["stopped_at"]}
    bulk.run(
        """
        UPDATE inbox_contact c
        SET phone = coalesce(c.phone, r.phone),
            profile_name = CASE WHEN c.profile_name = '' THEN r.name ELSE c.profile_name END,
            marketing_stopped_at = coalesce(c.marketing_stopped_at, r.stopped_at)
        FROM jsonb_to_recordset(%s) AS r (id bigint, phone text, name text, stopped_at timestamptz)
        WHERE c.id = r.id AND (c.phone IS NULL OR (c.profile_name = '' AND r.name <> '')
            OR (c.marketing_stopped_at IS NULL AND r.stopped_at IS NOT NULL))
        """,
        [newest[contact] for contact in sorted(newest)],
    )


def _staged(table: str) -> Any:
    return ImportedItem.objects.filter(table=table, state=Item.State.STAGED)


def apply_messages(numbers: Numbers, *, write: bool, adopt: bool, progress: Callable[[int], None]) -> None:
    """Every staged message, oldest first. ``adopt``: files stay where they lie; otherwise they wait to be copied.
    Without ``write`` only the items say what would become of them. Safe to repeat and to interrupt."""
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
    mentions = {one.id: identities.person("", Party(wa_id=one.phone)) for one in batch}
    contacts = identities.resolve(mentions.values())
    _describe((contacts[mentions[one.id]], one.phone, one.name, None) for one in batch)
    fresh = [one for one in batch if one.message is None and not one.repeats]
    pairs = {one.id: (_number(one).pk, contacts[mentions[one.id]]) for one in batch}
    held = conversations.open_and_lock((pairs[one.id] for one in fresh), ())
    ids = bulk.new_ids("inbox_message", len(fresh))
    prepared = {
        id: _row(one) | {"id": id, "number_id": pairs[one.id][0], "conversation_id": held[pairs[one.id]].id}
        for id, one in zip(ids, fresh, strict=True)
    }
    inserted: set[int] = set()
    for id, token in bulk.run(INSERT, prepared.values()):
        inserted.add(id)
        prepared[id]["token"] = token
    for id, one in zip(ids, fresh, strict=True):
        one.message = id if id in inserted else None
    _link([(pairs[one.id][1], one) for one in batch if one.message is None])
    new = [row for id, row in prepared.items() if id in inserted]
    conversations.advance(new, held)
    _join(new)
    known = [one for one in batch if one.message is not None and one.message not in inserted]
    # By pieces: one statement may not touch one row twice, and two items may be about one message.
    advanced = bulk.run(ADVANCE, {one.message: _fate(one) | {"id": one.message} for one in known}.values())
    conversations.refresh(row[0] for row in advanced)
    attached = bulk.run(ATTACH, _files(batch, adopt=adopt))
    late = {row[0] for row in attached} - inserted
    if touched := late | {row[0] for row in advanced}:
        pages.touch(touched)
        conversations.refresh_previews(touched)
    pages.announce((row["number_id"], row["conversation_id"]) for row in new)


def _number(one: Prepared) -> PhoneNumber:
    if one.number is None:
        raise ValueError("A message without a number is held back before it is written.")
    return one.number


def _row(one: Prepared) -> bulk.Row:
    item, number = one.item, _number(one)
    file = one.file
    theirs = f"+{one.phone}"
    ours = phone_numbers.e164(number.display_number or item.our_phone)[:32]
    return _fate(one) | {
        "direction": item.direction,
        "kind": one.kind,
        "origin": Origin.AGENT if item.outbound else Origin.CUSTOMER,
        "text": one.text,
        "payload": one.payload,
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
            one.kind,
            one.text,
            one.payload,
            voice=file is not None and file.voice,
            file_name=file.file_name if file else "",
            content_type=file.content_type if file else "",
        ),
    }


def _fate(one: Prepared) -> bulk.Row:
    """The status of a message of ours, and the time of each one that it implies."""
    item = one.item
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
    """Find the messages that were there already, by webhook or from another item. With each item its contact."""
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
                "number_id": _number(one).pk,
                "wamid": one.item.wamid,
                "contact_id": contact,
                "direction": one.item.direction,
            }
            for place, (contact, one) in enumerate(batch)
        ],
    )
    for place, message in found:
        batch[place][1].message = message


def _join(new: list[bulk.Row]) -> None:
    """What came before these messages and waited for them: answers, reactions, edits, statuses."""
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
    for one in batch:
        if one.file is None or one.message is None:
            continue
        row = {
            "id": uuid.uuid4(),
            "message_id": one.message,
            "media_id": one.file.media_id[:128],
            "file": "",
            "file_name": one.file.file_name,
            "mime_type": one.file.content_type[:255],
            "voice": one.file.voice,
            "size": None,
            # WhatsApp's seven days count from when the message came, not from the import.
            "created_at": one.item.created_at,
            "stored_at": None,
        }
        # A repeated item may know the file that the first one lacked.
        if one.message not in found or one.found:
            found[one.message] = row | _whereabouts(one, adopt, now)
    return [found[message] for message in sorted(found)]


def _whereabouts(one: Prepared, adopt: bool, now: datetime) -> bulk.Row:
    """Whether we have the file: adopted, waiting to be copied, still to be had from WhatsApp, or lost."""
    item, file = one.item, one.file
    if one.found and adopt:
        return {
            "state": Media.State.STORED,
            "file": one.found.key,
            "size": one.found.size,
            "stored_at": one.found.modified,
            "error": "",
        }
    if one.found:
        return {"state": Media.State.RETRYING, "error": "The file is being copied from the old storage."}
    young = item.sent_at is not None and now < item.sent_at + fetch.LIFETIME - timedelta(hours=1)
    if file and file.media_id and not item.outbound and young:
        return {"state": Media.State.RETRYING, "next_try_at": now, "error": "The old system had not kept this file."}
    if item.outbound and item.status == Status.FAILED:
        return {"state": Media.State.FAILED, "error": "The message failed, and the old system kept no file of it."}
    return {
        "state": Media.State.EXPIRED,
        "error": LOST,
    }


def _settle(batch: list[Prepared]) -> None:
    """Write on each item what became of it."""
    bulk.run(
        """
        UPDATE inbox_importeditem i SET state = r.state, message_id = r.message_id, found_key = r.found_key,
            problems = ARRAY(SELECT jsonb_array_elements_text(r.problems))
        FROM jsonb_to_recordset(%s) AS r (id bigint, state text, message_id bigint, found_key text, problems jsonb)
        WHERE i.id = r.id
        """,
        [
            {
                "id": one.id,
                "state": Item.State.HELD
                if one.item.refusal
                else Item.State.LEFT_OUT
                if one.item.left_out
                else Item.State.IMPORTED,
                "message_id": one.message,
                "found_key": one.found.key if one.found else "",
                "problems": sorted({*one.item.problems, one.item.refusal, one.item.left_out} - {""}),
            }
            for one in batch
        ],
    )
