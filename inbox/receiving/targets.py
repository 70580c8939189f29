"""Which message an id in a notification names: by the id as it is, by our own ids of a send, else by the token in it.

WhatsApp may name a message by an id of another scope than the one it came under (migration 0016 has the layout). Two
different messages cannot meet that way: the whole id is unique on a number, and a token counts only in the conversation
that the event is about, and only where a single message has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.postgres import bulk

#: Our number, WhatsApp's id as the notification writes it, and the contact whose conversation the event is about (None
#: where the id alone tells which message it is).
Key = tuple[int, str, int | None]


@dataclass(frozen=True, slots=True)
class Target:
    """A message that is named; ``wamid`` as its row has it."""

    message: int
    conversation: int
    wamid: str


Targets = dict[Key, Target]


def by_id(ids: Iterable[tuple[int, str]]) -> Targets:
    """The messages with these (number, id)."""
    return _targets(
        bulk.run(
            """
            SELECT m.number_id, m.wamid, NULL, m.id, m.conversation_id, m.wamid
            FROM jsonb_to_recordset(%s) AS r (number_id bigint, wamid text)
            JOIN inbox_message m ON m.number_id = r.number_id AND m.wamid = r.wamid
            WHERE NOT m.wamid = ''
            """,
            [{"number_id": number, "wamid": wamid} for number, wamid in sorted(ids)],
        )
    )


def by_send(statuses: list[bulk.Row]) -> tuple[Targets, list[bulk.Row]]:
    """Messages of ours, by our own id in the status, else by the provider's id of the send: beside the status or as its
    id. Each row: number_id, wamid, token (ours), sent_id (the provider's); both may be empty.

    Returns with them those that have no wamid yet, as rows for ``statuses.name``.
    """
    found = bulk.run(
        """
        SELECT DISTINCT ON (r.number_id, r.wamid) r.number_id, r.wamid, m.id, m.conversation_id, m.wamid, m.names
        FROM jsonb_to_recordset(%s) AS r (number_id bigint, wamid text, token uuid, sent_id text)
        CROSS JOIN LATERAL (
            SELECT t.*, 1 AS trust, true AS names FROM inbox_message t WHERE t.client_token = r.token
            UNION ALL
            SELECT s.*, 2, true FROM inbox_message s
            WHERE s.provider_message_id = r.sent_id AND NOT s.provider_message_id = ''
            UNION ALL
            SELECT p.*, 3, false FROM inbox_message p
            WHERE p.provider_message_id = r.wamid AND NOT p.provider_message_id = ''
        ) m
        WHERE m.number_id = r.number_id AND m.direction = 'outbound'
          AND (NOT m.names OR m.wamid = '' OR m.wamid_token = inbox_wamid_token(r.wamid))
        ORDER BY r.number_id, r.wamid, m.trust, m.id
        """,
        statuses,
    )
    unnamed = [{"id": row[2], "wamid": row[1]} for row in found if row[5] and not row[4]]
    return _targets((*row[:2], None, *row[2:4], row[4] or row[1]) for row in found), unnamed


def by_token(asked: list[bulk.Row]) -> Targets:
    """Messages by the token in an id. Each row: number_id, wamid, chat_id (see ``Key``)."""
    return _targets(
        bulk.run(
            """
            SELECT r.number_id, r.wamid, r.chat_id, min(m.id), min(m.conversation_id), min(m.wamid)
            FROM jsonb_to_recordset(%s) AS r (number_id bigint, wamid text, chat_id bigint)
            JOIN inbox_message m ON m.number_id = r.number_id AND m.wamid_token = inbox_wamid_token(r.wamid)
            JOIN inbox_conversation c ON c.id = m.conversation_id AND c.contact_id = r.chat_id
            WHERE NOT m.wamid = ''
            GROUP BY r.number_id, r.wamid, r.chat_id
            HAVING count(DISTINCT m.id) = 1
            """,
            asked,
        )
    )


def _targets(found: Iterable[tuple[int, str, int | None, int, int, str]]) -> Targets:
    return {
        (number, named, chat): Target(message, conversation, wamid)
        for number, named, chat, message, conversation, wamid in found
    }
