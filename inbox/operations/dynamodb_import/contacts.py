"""Staged contacts into contacts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.postgres import bulk
from inbox.models import ImportedItem
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import reading
from inbox.operations.dynamodb_import.records import plain
from inbox.receiving import identities
from whatsapp.events import Party

BATCH = 500


def apply(*, write: bool, progress: Callable[[int], None]) -> None:
    """Import the Contact table: people with a phone become contacts, deleted ones only if a message needs them."""
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
    """Of contacts with the same phone the one that is kept: not deleted, then the first by key."""
    firsts: dict[str, str] = {}
    contacts = ImportedItem.objects.filter(table=Item.Table.CONTACT, phone__in=list(phones))
    now = timezone.now()
    deleted = {row.key: reading.contact(plain(json.loads(bytes(row.raw))), now).deleted for row in contacts}
    for row in sorted(contacts, key=lambda row: (deleted[row.key], row.key)):
        firsts.setdefault(row.phone, row.key)
    return firsts


def _write_contacts(items: list[reading.ContactItem]) -> None:
    mentions = {item.key: identities.person("", Party(wa_id=item.phone)) for item in items}
    ids = identities.resolve(mentions.values())
    describe((ids[mentions[item.key]], item.phone, item.name, item.opted_out_at) for item in items)


def describe(facts: Iterable[tuple[int, str, str, datetime | None]]) -> None:
    """Fill in what contacts lack, from (id, phone, name, when marketing was stopped). Newer facts are kept."""
    newest: dict[int, bulk.Row] = {}
    for contact, phone, name, stopped_at in facts:
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


def _staged(table: str) -> QuerySet[ImportedItem]:
    return ImportedItem.objects.filter(table=table, state=Item.State.STAGED)
