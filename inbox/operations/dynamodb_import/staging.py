"""From records to ImportedItem rows: everything is written down as it came before anything is understood."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from core.postgres import bulk
from inbox.models import ImportedItem, ImportPosition
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import reading
from inbox.operations.dynamodb_import.records import Record, UnreadableItemError, plain
from inbox.operations.dynamodb_import.sources import Source
from whatsapp.parse.clean_json import clean

COLUMNS = (
    "key",
    "raw",
    "digest",
    "written_at",
    "deleted",
    "state",
    "problems",
    "sent_at",
    "contact_key",
    "message_key",
    "phone",
    "our_phone",
    "aws_phone_number_id",
    "wamid",
    "object_key",
)

UPSERT = """
INSERT INTO inbox_importeditem AS i ("table", key, raw, digest, written_at, deleted, state, problems, sent_at,
    contact_key, message_key, phone, our_phone, aws_phone_number_id, wamid, object_key)
SELECT %s, r.key, r.raw, r.digest, r.written_at, r.deleted, r.state, string_to_array(r.problems, ','), r.sent_at,
    r.contact_key, r.message_key, r.phone, r.our_phone, r.aws_phone_number_id, r.wamid, r.object_key
FROM unnest(%s::text[], %s::bytea[], %s::text[], %s::bigint[], %s::boolean[], %s::text[], %s::text[],
    %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS r (key, raw, digest, written_at, deleted, state, problems, sent_at, contact_key, message_key, phone,
          our_phone, aws_phone_number_id, wamid, object_key)
ON CONFLICT ("table", key) DO UPDATE SET
    raw = excluded.raw, digest = excluded.digest, written_at = excluded.written_at, deleted = excluded.deleted,
    state = excluded.state, problems = CASE WHEN 'already_here' = ANY(i.problems) THEN ARRAY['already_here']
        ELSE excluded.problems END, sent_at = excluded.sent_at,
    contact_key = excluded.contact_key, message_key = excluded.message_key, phone = excluded.phone,
    our_phone = excluded.our_phone, aws_phone_number_id = excluded.aws_phone_number_id, wamid = excluded.wamid,
    object_key = excluded.object_key
WHERE NOT excluded.deleted AND excluded.digest <> i.digest
  -- An older export that is read later does not win over a newer one.
  AND (excluded.written_at = 0 OR i.written_at = 0 OR excluded.written_at >= i.written_at)
"""


def stage(table: str, source: Source, *, keep_position: bool, progress: Callable[[int], None]) -> int:
    """Write every record of a source down, each piece in a transaction of its own. Returns how many were read.

    Repeating it changes nothing; interrupted, it goes on where it was. Raises SourceError.
    """
    begun = ImportPosition.objects.filter(pk=_name(table, source)).first() if keep_position else None
    count = 0
    for records, position in source.read(begun.position if begun else None):
        with transaction.atomic():
            _write(table, records)
            if keep_position and position is not None:
                ImportPosition.objects.update_or_create(
                    pk=_name(table, source), defaults={"position": position, "updated_at": timezone.now()}
                )
        count += len(records)
        progress(count)
    if keep_position:
        ImportPosition.objects.filter(pk=_name(table, source)).delete()
    return count


def _name(table: str, source: Source) -> str:
    name = f"{table} {source.name}"
    return name if len(name) <= 512 else f"{table} {hashlib.sha256(name.encode()).hexdigest()}"


def _write(table: str, records: Iterable[Record]) -> None:
    now = timezone.now()
    by_key: dict[str, bulk.Row] = {}
    deleted: dict[str, int] = {}
    for record in records:
        row = _row(table, record, now)
        known = by_key.get(row["key"])
        if record.deleted:
            deleted[row["key"]] = record.written_at
        if known is None or (row["written_at"] >= known["written_at"] and not row["deleted"]):
            by_key[row["key"]] = row
    staged = sorted(by_key.values(), key=lambda row: row["key"])  # one order, so that two imports do not deadlock
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [table, *([row[name] for row in staged] for name in COLUMNS)])
    gone = [key for key, at in deleted.items() if by_key[key]["deleted"] or at >= by_key[key]["written_at"]]
    if gone:
        ImportedItem.objects.filter(table=table, key__in=gone).update(deleted=True)


def _row(table: str, record: Record, now: datetime) -> bulk.Row:
    raw = record.raw
    row: bulk.Row = dict.fromkeys(COLUMNS, "") | {
        "raw": raw,
        "digest": hashlib.sha256(raw).hexdigest(),
        "written_at": record.written_at,
        "deleted": record.deleted,
        "state": Item.State.STAGED,
        "sent_at": None,
    }
    facts, refusal = _facts(table, record, now)
    row |= facts
    if refusal:
        row |= {"state": Item.State.HELD, "problems": refusal}
    if not row["key"]:
        row["key"] = f"sha256:{row['digest']}"
    elif len(row["key"]) > 255:
        row["key"] = f"sha256:{hashlib.sha256(row['key'].encode()).hexdigest()}"
    return row


def _facts(table: str, record: Record, now: datetime) -> tuple[dict[str, Any], str]:
    """The columns by which others find the item, and the code for which it cannot be imported."""
    if record.image is None:
        try:
            keys = plain(record.keys) if record.keys is not None else {}
        except UnreadableItemError:
            keys = {}
        key = next((clean(value) for value in keys.values() if isinstance(value, str)), "")
        return {"key": key}, "deleted_unseen" if record.deleted else "unreadable"
    try:
        values = plain(record.image)
    except UnreadableItemError:
        return {}, "unreadable"
    if table == Item.Table.CONTACT:
        contact = reading.contact(values, now)
        return {"key": contact.key, "phone": contact.phone}, contact.refusal
    if table == Item.Table.FILE:
        file = reading.file(values)
        return {"key": file.key, "message_key": file.message_key, "object_key": file.object_key}, file.refusal
    message = reading.message(values, now)
    names = ("key", "sent_at", "contact_key", "phone", "our_phone", "aws_phone_number_id", "wamid", "object_key")
    return {name: getattr(message, name) for name in names}, message.refusal
