"""Our numbers as payloads name them, and updates about numbers, accounts and templates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.postgres import bulk
from inbox.receiving.facts import Parsed
from whatsapp import template_sync
from whatsapp.events import Event, FaultReported, NumberChanged, TemplateChanged
from whatsapp.models import PhoneNumber, Provider
from whatsapp.providers.aws.arns import AwsNumber

Update = NumberChanged | FaultReported | TemplateChanged
UPDATES = (NumberChanged, FaultReported, TemplateChanged)


def resolve(events: Iterable[Event], aws_numbers: Mapping[str, AwsNumber]) -> dict[str, PhoneNumber]:
    """The numbers that ``events`` name, by Meta's id. A number that is not configured is created as UNKNOWN.

    ``aws_numbers``: AWS's ids of its numbers, by Meta's id; kept on the row.
    """
    named = {event.phone_number_id: event for event in events if event.phone_number_id}
    if not named:
        return {}
    found = _found(named)
    strangers = {id: event for id, event in sorted(named.items()) if id not in found}
    if strangers and _give_meta_ids({id: aws_numbers[id].id for id in strangers if id in aws_numbers}):
        found = _found(named)
        strangers = {id: event for id, event in strangers.items() if id not in found}
    if strangers:
        PhoneNumber.objects.bulk_create(
            [_stranger(event, aws_numbers.get(id)) for id, event in strangers.items()], ignore_conflicts=True
        )
        found = _found(named)
    for id, aws in aws_numbers.items():
        number = found.get(id)
        if number and not (number.aws_phone_number_id and number.aws_region):
            number.aws_phone_number_id = number.aws_phone_number_id or aws.id
            number.aws_region = number.aws_region or aws.region
            number.save(update_fields=["aws_phone_number_id", "aws_region"])
    return found


def _found(named: Iterable[str]) -> dict[str, PhoneNumber]:
    numbers = PhoneNumber.objects.filter(phone_number_id__in=list(named))
    return {number.phone_number_id: number for number in numbers}


def _stranger(event: Event, aws: AwsNumber | None) -> PhoneNumber:
    return PhoneNumber(
        provider=Provider.AWS if aws else Provider.META,
        phone_number_id=event.phone_number_id,
        aws_phone_number_id=aws.id if aws else "",
        aws_region=aws.region if aws else "",
        waba_id=event.waba_id,
        display_number=event.display_phone_number[:32],
        name=f"Unknown number {event.display_phone_number or event.phone_number_id}"[:128],
        state=PhoneNumber.State.UNKNOWN,
    )


def _give_meta_ids(aws_ids: Mapping[str, str]) -> int:
    """Set Meta's id on imported numbers, which have AWS's id in its place until an event names both. Returns how
    many."""
    return sum(
        PhoneNumber.objects.filter(provider=Provider.AWS, aws_phone_number_id=aws_id, phone_number_id=aws_id).update(
            phone_number_id=meta_id
        )
        for meta_id, aws_id in aws_ids.items()
    )


def apply(events: list[Parsed], numbers: dict[str, PhoneNumber]) -> None:
    """Keep each update once, and the newest value of each fact on the number. Each event is an
    ``Update``. Order does not matter: an update that is older than one already kept changes nothing."""
    by_digits = _by_digits() if any(not event.phone_number_id for event, _, _ in events) else {}
    updates = []
    for event, notification, received_at in events:
        number = numbers.get(event.phone_number_id) or by_digits.get(_digits(event.display_phone_number))
        updates.append(_update(event, notification, received_at, number))
    bulk.run(
        """
        INSERT INTO whatsapp_numberupdate (number_id, notification_id, waba_id, field, summary, payload, at, digest)
        SELECT number_id, notification_id, waba_id, field, summary, payload, at, digest
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, notification_id bigint, waba_id text, field text, summary text, payload jsonb,
            at timestamptz, digest text
        ) ORDER BY digest
        ON CONFLICT (digest) DO NOTHING
        """,
        updates,
    )
    _keep_on_numbers([update for update in updates if update["changes"]])
    _keep_templates(
        [
            (event, received_at if event.at is None else event.at)
            for event, _, received_at in events
            if isinstance(event, TemplateChanged)
        ]
    )


def _by_digits() -> dict[str, PhoneNumber]:
    """Our numbers by their digits: updates about a number's quality or name contain no other id."""
    return {digits: number for number in PhoneNumber.objects.all() if (digits := _digits(number.display_number))}


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def _update(
    event: Update,
    notification: int,
    received_at: datetime,
    number: PhoneNumber | None,
) -> dict[str, Any]:
    if isinstance(event, FaultReported):
        field, changes = "errors", {}
        words = (f"Error {fault.code}: {fault.details or fault.title}" for fault in event.faults)
        summary = "; ".join(words) or "An error without a description."
    else:
        field, summary = event.webhook_field, event.summary
        changes = event.changes if isinstance(event, NumberChanged) else {}
    # Without a time, the same content on another day is another update; on the same day it is a redelivery.
    moment = event.at.isoformat() if event.at else received_at.date().isoformat()
    place = [event.waba_id, event.phone_number_id, field, moment, event.raw]
    return {
        "number_id": number.pk if number else None,
        "notification_id": notification,
        "waba_id": event.waba_id[:64],
        "field": field[:64],
        "summary": summary,
        "payload": event.raw,
        "at": event.at or received_at,
        "digest": hashlib.sha256(json.dumps(place, sort_keys=True, default=str).encode()).hexdigest(),
        "changes": changes,
    }


def _keep_on_numbers(updates: list[dict[str, Any]]) -> None:
    newest: dict[int, dict[str, Any]] = {}
    for update in sorted(updates, key=lambda update: update["at"]):
        if update["number_id"]:
            kept = newest.setdefault(update["number_id"], {"id": update["number_id"]})
            kept |= update["changes"] | {"at": update["at"]}
    bulk.run(
        """
        UPDATE whatsapp_phonenumber n
        SET quality = coalesce(left(r.quality, 16), n.quality),
            throughput = coalesce(left(r.throughput, 32), n.throughput),
            messaging_limit = coalesce(left(r.messaging_limit, 32), n.messaging_limit),
            verified_name = coalesce(left(r.verified_name, 128), n.verified_name)
        FROM jsonb_to_recordset(%s) AS r (
            id bigint, at timestamptz, quality text, throughput text, messaging_limit text, verified_name text
        )
        WHERE n.id = r.id
          AND NOT EXISTS (SELECT 1 FROM whatsapp_numberupdate u WHERE u.number_id = n.id AND u.at > r.at)
        """,
        list(newest.values()),
    )


def _keep_templates(events: list[tuple[TemplateChanged, datetime]]) -> None:
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for event, at in sorted(events, key=lambda pair: pair[1]):
        if not event.name:
            continue
        key = (event.waba_id[:64], event.name[:512], event.language[:16])
        row = newest.setdefault(key, dict(zip(("waba_id", "name", "language"), key, strict=True)))
        told = {name: getattr(event, name) for name in ("template_id", "status", "category", "quality", "reason")}
        row |= {name: value for name, value in told.items() if value} | {"updated_at": at}
    for waba_id in sorted({waba_id for waba_id, _, _ in newest if waba_id}):
        # A webhook names what changed, not the new text and buttons.
        template_sync.enqueue(waba_id)
    bulk.run(
        """
        INSERT INTO whatsapp_messagetemplate AS t
            (waba_id, template_id, name, language, category, status, quality, reason, components, updated_at)
        SELECT waba_id, coalesce(left(template_id, 64), ''), name, language, coalesce(left(category, 32), ''),
               coalesce(left(status, 32), ''), coalesce(left(quality, 16), ''), coalesce(reason, ''), '[]', updated_at
        FROM jsonb_to_recordset(%s) AS r (
            waba_id text, template_id text, name text, language text, category text, status text, quality text,
            reason text, updated_at timestamptz
        ) ORDER BY waba_id, name, language
        ON CONFLICT (waba_id, name, language) DO UPDATE SET
            template_id = coalesce(nullif(excluded.template_id, ''), t.template_id),
            category = coalesce(nullif(excluded.category, ''), t.category),
            status = coalesce(nullif(excluded.status, ''), t.status),
            quality = coalesce(nullif(excluded.quality, ''), t.quality),
            reason = CASE WHEN excluded.status <> '' THEN excluded.reason ELSE t.reason END,
            updated_at = excluded.updated_at
        WHERE t.updated_at <= excluded.updated_at
        """,
        list(newest.values()),
    )
