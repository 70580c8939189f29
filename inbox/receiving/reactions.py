"""What people do to messages afterwards: reactions, edits and deletions, also when they come before the message."""

from __future__ import annotations

import itertools
from typing import Any

from inbox.receiving import rows


def apply(reactions: list[rows.Row]) -> list[int]:
    """Keep the newest reaction of each person on each message. Returns the messages that look different now.

    Each row: number_id, target_wamid, contact_id (None: we), emoji, at, notification_id.
    """
    newest: dict[tuple[int, str, int], rows.Row] = {}
    for reaction in sorted(reactions, key=lambda reaction: reaction["at"]):
        newest[(reaction["number_id"], reaction["target_wamid"], reaction["contact_id"] or 0)] = reaction
    changed = rows.run(
        """
        INSERT INTO inbox_reaction AS kept (number_id, target_wamid, message_id, contact_id, emoji, at, notification_id)
        SELECT r.number_id, r.target_wamid, m.id, r.contact_id, r.emoji, r.at, r.notification_id
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, target_wamid text, contact_id bigint, emoji text, at timestamptz, notification_id bigint
        )
        LEFT JOIN inbox_message m ON m.number_id = r.number_id AND m.wamid = r.target_wamid AND NOT m.wamid = ''
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


def attach(ids: list[int], numbers: list[int], wamids: list[str]) -> None:
    """Hang reactions that came first on the messages that came now, given by columns."""
    rows.fetch(
        """
        UPDATE inbox_reaction r SET message_id = m.id
        FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS m (id, number_id, wamid)
        WHERE r.number_id = m.number_id AND r.target_wamid = m.wamid AND r.message_id IS NULL
        RETURNING r.id
        """,
        ids,
        numbers,
        wamids,
    )


def revise(revisions: list[rows.Row], keys: list[tuple[int, str]]) -> list[int]:
    """Keep edits and deletions, and apply all that the messages with these (number, wamid) have.

    Each row: number_id, wamid, target_wamid, kind, text, at, notification_id, direction (whose message it may change).
    Returns the changed messages.
    """
    rows.run(
        """
        INSERT INTO inbox_revision (
            number_id, wamid, target_wamid, kind, direction, text, previous_text, at, notification_id
        )
        SELECT number_id, wamid, target_wamid, kind, direction, text, '', at, notification_id
        FROM jsonb_to_recordset(%s) AS r (
            number_id bigint, wamid text, target_wamid text, kind text, direction text, text text, at timestamptz,
            notification_id bigint
        )
        ON CONFLICT (number_id, wamid) DO NOTHING
        """,
        revisions,
    )
    if not keys:
        return []
    found = rows.fetch(
        """
        SELECT m.id, m.text, r.id, r.kind, r.text, r.previous_text, r.at, r.message_id
        FROM unnest(%s::bigint[], %s::text[]) AS k (number_id, wamid)
        JOIN inbox_revision r ON r.number_id = k.number_id AND r.target_wamid = k.wamid
        JOIN inbox_message m ON m.number_id = k.number_id AND m.wamid = k.wamid AND r.direction = m.direction
        WHERE NOT m.wamid = ''
        """,
        [number for number, _ in keys],
        [wamid for _, wamid in keys],
    )
    return _apply(found) if found else []


def _apply(found: list[tuple[Any, ...]]) -> list[int]:
    """Rewrite each message's chain of edits from its first text on, so that an edit that comes late finds its place.

    ``found``: (message, its text now, revision, kind, text, previous text, at, message it is already applied to).
    """
    messages: dict[int, rows.Row] = {}
    links: list[rows.Row] = []
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
    rows.run(
        """
        UPDATE inbox_message m
        SET text = r.text, edited_at = coalesce(r.edited_at, m.edited_at),
            revoked_at = least(m.revoked_at, r.revoked_at)
        FROM jsonb_to_recordset(%s) AS r (id bigint, text text, edited_at timestamptz, revoked_at timestamptz)
        WHERE m.id = r.id
        """,
        list(messages.values()),
    )
    rows.run(
        """
        UPDATE inbox_revision v SET message_id = r.message_id, previous_text = r.previous_text
        FROM jsonb_to_recordset(%s) AS r (id bigint, message_id bigint, previous_text text)
        WHERE v.id = r.id
        """,
        links,
    )
    return list(messages)


def fail(failed: list[rows.Row]) -> list[int]:
    """Note that WhatsApp did not take reactions of ours. Each row: id, error. Returns the messages they are on."""
    return [
        row[0]
        for row in rows.run(
            """
            UPDATE inbox_reaction v SET status = 'failed', error = r.error
            FROM jsonb_to_recordset(%s) AS r (id bigint, error text)
            WHERE v.id = r.id AND v.contact_id IS NULL AND v.status = 'sent' AND v.message_id IS NOT NULL
            RETURNING v.message_id
            """,
            failed,
        )
    ]
