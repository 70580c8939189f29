"""What people do to messages afterwards: reactions, edits and deletions, also when they come before the message."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from core.postgres import bulk


def apply(reactions: list[bulk.Row]) -> list[int]:
    """Keep the newest reaction of each person on each message. Returns the messages that look different now.

    Each row: number_id, target_wamid, message_id (None while it is not there), chat_id, contact_id (None: we), emoji,
    at, notification_id.
    """
    newest: dict[tuple[int, str, int], bulk.Row] = {}
    for reaction in sorted(reactions, key=lambda reaction: reaction["at"]):
        newest[(reaction["number_id"], reaction["target_wamid"], reaction["contact_id"] or 0)] = reaction
    changed = bulk.run(
        """
        INSERT INTO inbox_reaction AS kept (
            number_id, target_wamid, message_id, chat_id, contact_id, emoji, at, notification_id
        )
        SELECT number_id, target_wamid, message_id, chat_id, contact_id, emoji, at, notification_id
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, target_wamid text, message_id bigint, chat_id bigint, contact_id bigint, emoji text,
            at timestamptz, notification_id bigint
        )
        ON CONFLICT (number_id, target_wamid, contact_id) DO UPDATE
            SET emoji = excluded.emoji, at = excluded.at, notification_id = excluded.notification_id,
                message_id = coalesce(kept.message_id, excluded.message_id)
            WHERE excluded.at > kept.at OR (
                -- In one second the later word counts; the same word again is a redelivery and changes nothing.
                excluded.at = kept.at AND excluded.notification_id > kept.notification_id
                AND excluded.emoji <> kept.emoji
            )
        RETURNING message_id
        """,
        [newest[key] for key in sorted(newest)],
    )
    return [row[0] for row in changed if row[0] is not None]


def attach(message_ids: list[int]) -> None:
    """Hang reactions that came first on the messages that came now; of two by one person, the newer one."""
    found = bulk.fetch(
        """
        SELECT m.id, r.contact_id, r.id, m.wamid FROM inbox_message m
        JOIN inbox_conversation c ON c.id = m.conversation_id
        JOIN inbox_reaction r ON r.number_id = m.number_id AND inbox_wamid_token(r.target_wamid) = m.wamid_token
        WHERE m.id = ANY(%s::bigint[]) AND r.message_id IS NULL
          AND (r.target_wamid = m.wamid OR r.chat_id = c.contact_id)
        ORDER BY r.at, r.notification_id, r.id
        """,
        message_ids,
    )
    newest = {(message, contact): (reaction, wamid) for message, contact, reaction, wamid in found}
    kept = [{"id": id, "message_id": key[0], "wamid": wamid} for key, (id, wamid) in newest.items()]
    older = {reaction for _, _, reaction, _ in found} - {row["id"] for row in kept}
    if older:
        bulk.fetch("DELETE FROM inbox_reaction WHERE id = ANY(%s::bigint[])", sorted(older))
    bulk.run(
        """
        UPDATE inbox_reaction v SET message_id = r.message_id, target_wamid = r.wamid
        FROM jsonb_to_recordset(%s) AS r (id bigint, message_id bigint, wamid text) WHERE v.id = r.id
        """,
        kept,
    )


def revise(revisions: list[bulk.Row], message_ids: Iterable[int]) -> list[int]:
    """Keep edits and deletions, and apply all that these messages have.

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
    """Rewrite each message's chain of edits from its first text on, so that an edit that comes late finds its place.

    ``found``: (message, its text now, revision, kind, text, previous text, at, message it is already applied to).
    """
    messages: dict[int, bulk.Row] = {}
    links: list[bulk.Row] = []
    for message, of_message in itertools.groupby(
        sorted(found, key=lambda row: (row[0], row[6], row[2])), lambda r: r[0]
    ):
        chain = list(of_message)
        edits = [row for row in chain if row[3] == "edit"]
        # What the first edit that is already applied replaced is what the customer wrote first.
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


def fail(failed: list[bulk.Row]) -> list[int]:
    """Note that WhatsApp did not take reactions of ours. Each row: id, error. Returns the messages they are on."""
    return [
        row[0]
        for row in bulk.run(
            """
            UPDATE inbox_reaction v SET status = 'failed', error = r.error
            FROM jsonb_to_recordset(%s) AS r (id bigint, error text)
            WHERE v.id = r.id AND v.contact_id IS NULL AND v.status = 'sent' AND v.message_id IS NOT NULL
            RETURNING v.message_id
            """,
            failed,
        )
    ]
