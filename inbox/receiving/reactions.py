"""Reactions to messages, also when they come before the message."""

from __future__ import annotations

from core.postgres import bulk
from inbox import callback_data
from inbox.receiving.facts import Batch
from whatsapp import events


def rows(batch: Batch) -> list[bulk.Row]:
    """The reactions of a batch, as ``apply`` takes them."""
    found = []
    for fact in batch.of(events.ReactionChanged):
        number, wamid = fact.names
        target = batch.target(fact)
        row = {
            "number_id": number,
            # The id in the message's row, so that one person has one reaction whatever id they used.
            "target_wamid": target.wamid if target else wamid,
            "message_id": target and target.message,
            "chat_id": batch.contacts[fact.chat],
            "contact_id": batch.contacts[fact.author] if fact.event.direction == events.Direction.INBOUND else None,
            "emoji": fact.event.emoji[:64],
            "at": fact.at,
            "notification_id": fact.notification,
        }
        found.append(row)
    return found


def failures(batch: Batch) -> list[bulk.Row]:
    """Reactions of ours that WhatsApp reports as failed, as ``fail`` takes them."""
    return [
        {
            "id": reaction,
            "error": (fact.event.faults[0].details or fact.event.faults[0].title) if fact.event.faults else "",
        }
        for fact in batch.of(events.StatusChanged)
        if fact.event.status == events.Status.FAILED
        and (reaction := callback_data.reaction_id(fact.event.callback_data)) is not None
    ]


def apply(reactions: list[bulk.Row]) -> list[int]:
    """Keep the newest reaction of each person on each message. Returns the messages that changed.

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
                -- In one second the later one counts; the same emoji again is a redelivery and changes nothing.
                excluded.at = kept.at AND excluded.notification_id > kept.notification_id
                AND excluded.emoji <> kept.emoji
            )
        RETURNING message_id
        """,
        [newest[key] for key in sorted(newest)],
    )
    return [row[0] for row in changed if row[0] is not None]


def attach(message_ids: list[int]) -> None:
    """Link reactions that came first with their messages; of two by one person, keep the newer one."""
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


def fail(failed: list[bulk.Row]) -> list[int]:
    """Mark reactions of ours as failed. Each row: id, error. Returns the messages they are on."""
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
