"""Edits and deletions of messages by their writers, also when they come before the message."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from core.postgres import bulk
from inbox.receiving.facts import Batch
from whatsapp import events


def targets(batch: Batch) -> list[int]:
    """The messages that the edits and deletions of a batch are about."""
    facts = batch.of(events.MessageEdited, events.MessageRevoked)
    return [target.message for fact in facts if (target := batch.target(fact))]


def rows(batch: Batch) -> list[bulk.Row]:
    """The edits and deletions of a batch, as ``revise`` takes them."""
    return [
        {
            "number_id": fact.number.pk,
            "wamid": fact.event.wamid,
            "target_wamid": fact.event.target_wamid,
            "chat_id": batch.contacts[fact.chat],
            "kind": "edit" if isinstance(fact.event, events.MessageEdited) else "revoke",
            "direction": fact.event.direction,
            "text": getattr(fact.event, "text", ""),
            "at": fact.at,
            "notification_id": fact.notification,
        }
        for fact in batch.of(events.MessageEdited, events.MessageRevoked)
    ]


def revise(revisions: list[bulk.Row], message_ids: Iterable[int]) -> list[int]:
    """Keep edits and deletions, and apply all that concern these messages.

    Each row: number_id, wamid, target_wamid, chat_id, kind, text, at, notification_id, direction (whose message it may
    change). Returns the changed messages.
    """
    bulk.run(
        """
        INSERT INTO inbox_revision (
            number_id, wamid, target_wamid, chat_id, kind, direction, text, previous_text, at, notification_id
        )
        SELECT number_id, wamid, target_wamid, chat_id, kind, direction, text, '', at, notification_id
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, wamid text, target_wamid text, chat_id bigint, kind text, direction text, text text,
            at timestamptz, notification_id bigint
        )
        ON CONFLICT (number_id, wamid) DO NOTHING
        """,
        revisions,
    )
    ids = sorted(message_ids)
    if not ids:
        return []
    found = bulk.fetch(
        """
        SELECT m.id, m.text, r.id, r.kind, r.text, r.previous_text, r.at, r.message_id FROM inbox_message m
        JOIN inbox_conversation c ON c.id = m.conversation_id
        JOIN inbox_revision r ON r.number_id = m.number_id AND inbox_wamid_token(r.target_wamid) = m.wamid_token
            AND r.direction = m.direction
        WHERE m.id = ANY(%s::bigint[]) AND (r.target_wamid = m.wamid OR r.chat_id = c.contact_id)
        """,
        ids,
    )
    return _apply(found) if found else []


def _apply(found: list[tuple[Any, ...]]) -> list[int]:
    """Apply each message's edits again from its first text, so that a late edit takes its place among them.

    ``found``: (message, its current text, revision, kind, text, previous text, at, message it is applied to).
    """
    messages: dict[int, bulk.Row] = {}
    links: list[bulk.Row] = []
    for message, of_message in itertools.groupby(
        sorted(found, key=lambda row: (row[0], row[6], row[2])), lambda r: r[0]
    ):
        chain = list(of_message)
        edits = [row for row in chain if row[3] == "edit"]
        # The first applied edit keeps the text that the customer wrote originally.
        text = next((row[5] for row in edits if row[7] is not None), chain[0][1])
        for row in edits:
            links.append({"id": row[2], "message_id": message, "previous_text": text})
            text = row[4]
        revoked = [row for row in chain if row[3] == "revoke"]
        links += [{"id": row[2], "message_id": message, "previous_text": ""} for row in revoked]
        messages[message] = {
            "id": message,
            "text": text,
            "edited_at": edits[-1][6] if edits else None,
            "revoked_at": revoked[0][6] if revoked else None,
        }
    bulk.run(
        """
        UPDATE inbox_message m
        SET text = r.text, edited_at = coalesce(r.edited_at, m.edited_at),
            revoked_at = least(m.revoked_at, r.revoked_at)
        FROM jsonb_to_recordset(%s) AS r (id bigint, text text, edited_at timestamptz, revoked_at timestamptz)
        WHERE m.id = r.id
        """,
        list(messages.values()),
    )
    bulk.run(
        """
        UPDATE inbox_revision v SET message_id = r.message_id, previous_text = r.previous_text
        FROM jsonb_to_recordset(%s) AS r (id bigint, message_id bigint, previous_text text)
        WHERE v.id = r.id
        """,
        links,
    )
    return list(messages)
