"""A batch of staged messages: each with its contact, number, file and what is odd about it, from a few look-ups."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.postgres import bulk
from inbox.models import ImportedItem
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import file_search, kinds, reading
from inbox.operations.dynamodb_import.kinds import OldFile
from inbox.operations.dynamodb_import.numbers import Numbers
from inbox.operations.dynamodb_import.records import plain
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber


@dataclass(slots=True)
class Prepared:
    """A staged message and what there is to write of it. ``refusal`` and ``repeats`` say that nothing is."""

    id: int
    item: reading.MessageItem
    message: int | None
    deleted: bool
    number: PhoneNumber | None = None
    phone: str = ""
    name: str = ""
    kind: Kind = Kind.TEXT
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    file: OldFile | None = None
    found: file_search.Found | None = None
    repeats: bool = False

    @property
    def writable(self) -> bool:
        return not (self.item.refusal or self.item.left_out)


def load(limit: int, numbers: Numbers, now: datetime) -> list[Prepared]:
    """The next staged messages in the order of their time, prepared; empty at the end. Only reads."""
    staged = ImportedItem.objects.filter(table=Item.Table.MESSAGE, state=Item.State.STAGED)
    batch = []
    for row in staged.order_by("sent_at", "key")[:limit]:
        item = reading.message(plain(json.loads(bytes(row.raw))), now)
        item.key = row.key
        item.problems += [code for code in row.problems if code == "already_here"]
        if row.deleted:
            item.problems.append("deleted")
        batch.append(Prepared(row.pk, item, row.message_id, row.deleted))
    wanted = [prepared for prepared in batch if prepared.writable]
    _people(wanted, now)
    _numbers(wanted, numbers)
    wanted = [prepared for prepared in wanted if prepared.writable]
    _repeated(wanted, numbers)
    _files(wanted)
    return batch


def _people(batch: list[Prepared], now: datetime) -> None:
    """Whose conversation it is. A message's own phone is WhatsApp's word, the contact's row only the old system's."""
    keys = sorted({prepared.item.contact_key for prepared in batch if prepared.item.contact_key})
    contacts = _read(Item.Table.CONTACT, "key", keys, lambda values: reading.contact(values, now))
    told = dict(
        bulk.fetch(
            """
            SELECT k.key, o.phone FROM unnest(%s::text[]) AS k (key), LATERAL (
                SELECT phone FROM inbox_importeditem i
                WHERE i.contact_key = k.key AND i."table" = 'message' AND i.phone <> '' ORDER BY i.sent_at LIMIT 1
            ) o
            """,
            [key for key in keys if not (contacts.get(key) and contacts[key].phone)],
        )
    )
    for prepared in batch:
        item = prepared.item
        contact = contacts.get(item.contact_key)
        known = (contact.phone if contact else "") or told.get(item.contact_key, "")
        if item.phone and contact and contact.phone and item.phone != contact.phone:
            item.problems.append("phone_differs")
        prepared.phone = item.phone or known
        prepared.name = item.name or (contact.name if contact and prepared.phone == contact.phone else "")
        if not prepared.phone:
            item.refusal = "no_phone" if contact else "orphan_contact"


def _numbers(batch: list[Prepared], numbers: Numbers) -> None:
    lost = []
    for prepared in batch:
        item = prepared.item
        prepared.number, conflict = numbers.of(item.aws_phone_number_id, item.our_phone)
        if conflict:
            item.problems.append("number_conflict")
        if prepared.number is None:
            lost.append(prepared)
    near = _nearest_numbers(lost, numbers)
    for prepared in lost:
        prepared.number = near.get(prepared.item.key)
        prepared.item.problems += ["number_guessed"] if prepared.number else []
        prepared.item.refusal = prepared.item.refusal or ("" if prepared.number else "no_number")
    for prepared in batch:
        if prepared.number and prepared.number.state == PhoneNumber.State.UNKNOWN:
            prepared.item.problems.append("unknown_number")


def _nearest_numbers(lost: list[Prepared], numbers: Numbers) -> dict[str, PhoneNumber]:
    """The number of the contact's last message before, else of the first one after."""
    found = {}
    for key, identifier, phone in bulk.fetch(
        """
        SELECT k.key, o.aws_phone_number_id, o.our_phone
        FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS k (key, contact_key, sent_at), LATERAL (
            SELECT aws_phone_number_id, our_phone FROM inbox_importeditem i
            WHERE i.contact_key = k.contact_key AND i.contact_key <> '' AND i."table" = 'message'
              AND (i.aws_phone_number_id <> '' OR i.our_phone <> '')
            ORDER BY i.sent_at > k.sent_at, abs(extract(epoch FROM i.sent_at - k.sent_at)), i.key LIMIT 1
        ) o
        """,
        [prepared.item.key for prepared in lost],
        [prepared.item.contact_key for prepared in lost],
        [prepared.item.sent_at for prepared in lost],
    ):
        number, _ = numbers.of(identifier, phone)
        if number:
            found[key] = number
    return found


def _repeated(batch: list[Prepared], numbers: Numbers) -> None:
    """Mark items about a message that an earlier item is about, and those whose message came by webhook before."""
    wamids = sorted({prepared.item.wamid for prepared in batch if prepared.item.wamid})
    if not wamids:
        return
    earliest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for wamid, key, sent_at, identifier, phone in bulk.fetch(
        """
        SELECT wamid, key, sent_at, aws_phone_number_id, our_phone FROM inbox_importeditem
        WHERE wamid = ANY(%s) AND NOT wamid = '' AND "table" = 'message' AND state IN ('staged', 'imported')
        """,
        wamids,
    ):
        place = wamid, _id(numbers.of(identifier, phone)[0])
        earliest[place] = min(earliest.get(place, (sent_at, key)), (sent_at, key))
    here = set(
        bulk.fetch(
            "SELECT number_id, wamid FROM inbox_message WHERE wamid = ANY(%s) AND NOT wamid = ''",
            wamids,
        )
    )
    for prepared in batch:
        item = prepared.item
        first = earliest.get((item.wamid, _id(prepared.number)))
        if first and item.sent_at and first < (item.sent_at, item.key):
            prepared.repeats = True
            item.problems.append("repeated_message")
        elif prepared.number and prepared.message is None and (prepared.number.pk, item.wamid) in here:
            item.problems.append("already_here")


def _id(number: PhoneNumber | None) -> str:
    """What tells numbers apart, those of a dry run too, which have no key."""
    return number.phone_number_id if number else ""


def _files(batch: list[Prepared]) -> None:
    media_keys = sorted({one.item.media_id for one in batch if one.item.media_id and not one.item.outbound})
    by_key = _read(Item.Table.FILE, "key", media_keys, reading.file)
    by_message = _read(Item.Table.FILE, "message_key", [one.item.key for one in batch], reading.file)
    wanted = []
    for prepared in batch:
        item = prepared.item
        row = None if item.outbound else by_key.get(item.media_id) or by_message.get(item.key)
        prepared.file = kinds.old_file(item, row)
        prepared.kind, prepared.text, prepared.payload = kinds.settle(item, prepared.file)
        if prepared.file:
            wanted.append((prepared, prepared.file))
    found = file_search.find([(prepared.item, file) for prepared, file in wanted])
    for place, (prepared, file) in enumerate(wanted):
        prepared.found = found.get(place)
        if _guessable(file.object_key):
            prepared.item.problems.append("guessable_key")


def _guessable(key: str) -> bool:
    """Whether a key has no random part, so that two files may have had it."""
    return bool(key) and not reading.UUID.search(key) and not reading.SUFFIXED.fullmatch(key)


def _read(table: str, column: str, keys: list[str], read: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Items of another table by one of their columns, understood; those that cannot be are left out."""
    if not keys:
        return {}
    found = ImportedItem.objects.filter(table=table, **{f"{column}__in": keys}).exclude(state=Item.State.HELD)
    return {getattr(row, column): read(plain(json.loads(bytes(row.raw)))) for row in found.order_by("-key")}
