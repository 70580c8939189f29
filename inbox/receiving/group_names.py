"""The names of groups, kept on their contacts: the newest one, in whatever order WhatsApp reports them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.postgres import bulk
from inbox import conversations as conversation_rows
from inbox.receiving import identities
from inbox.receiving.facts import Fact


def apply(
    facts: Iterable[Fact], contacts: Mapping[identities.Mention, int], conversations: conversation_rows.Threads
) -> None:
    """Set the names of groups from these facts, unless the thread has a later name. Call it after the system lines of
    the batch are written. Safe to repeat."""
    told = []
    for fact in facts:
        if fact.event.group_subject:
            contact = contacts[fact.chat]
            conversation = conversations[fact.number.pk, contact].id
            told.append(
                {
                    "conversation_id": conversation,
                    "contact_id": contact,
                    "at": fact.at,
                    "name": fact.event.group_subject,
                }
            )
    bulk.run(
        """
        UPDATE inbox_contact c SET profile_name = r.name
        FROM (SELECT DISTINCT ON (contact_id) conversation_id, contact_id, at, name
              FROM jsonb_to_recordset(%s) AS t (conversation_id bigint, contact_id bigint, at timestamptz, name text)
              ORDER BY contact_id, at DESC) r
        WHERE c.id = r.contact_id AND c.profile_name <> r.name AND NOT EXISTS (
            SELECT FROM inbox_message m
            -- Of another second: within a second, microseconds only tell the order.
            WHERE m.conversation_id = r.conversation_id
              AND m.sent_at >= date_trunc('second', r.at) + interval '1 second'
              AND m.kind = 'system' AND m.payload ->> 'type' = 'group' AND m.payload ? 'subject'
        )
        """,
        told,
    )
