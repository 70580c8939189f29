"""Which message an event is about: found by its id, by our own id of the send, or by the token in its id.

WhatsApp may name a message by an id of another scope than the one it came under; the database's function
inbox_wamid_token has the layout. Two different messages cannot be confused: the whole id is unique on a number, and a
token counts only in the conversation that the event is about, and only where a single message has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.postgres import bulk
from inbox import callback_data
from inbox.receiving import identities
from inbox.receiving.facts import Batch, Fact, Target, Targets
from whatsapp import events

#: Facts about a message that is already there, or comes later.
ABOUT_A_MESSAGE = (
    events.StatusChanged,
    events.PaymentChanged,
    events.ReactionChanged,
    events.MessageEdited,
    events.MessageRevoked,
)


def find(batch: Batch) -> Batch:
    """The batch with the messages found that its statuses, reactions and revisions are about. Call it again once its
    new messages are written."""
    found = {fact.names for fact in batch.of(*ABOUT_A_MESSAGE) if not batch.target(fact)}
    batch = replace(batch, targets=batch.targets | by_id(found))
    sends = {fact.names: _send(batch, fact) for fact in _missing(batch, events.StatusChanged, events.PaymentChanged)}
    by_sends, unnamed = by_send(list(sends.values()))
    batch = replace(batch, targets=batch.targets | by_sends, unnamed=batch.unnamed + unnamed)
    missing = _missing(batch, *ABOUT_A_MESSAGE)
    strangers = {fact.chat for fact in missing if fact.chat not in batch.contacts}
    batch = replace(batch, contacts=batch.contacts | identities.find(strangers))
    keys = {(*fact.names, chat) for fact in missing if (chat := batch.contacts.get(fact.chat)) is not None}
    rows = [{"number_id": number, "wamid": wamid, "chat_id": chat} for number, wamid, chat in sorted(keys)]
    return replace(batch, targets=batch.targets | by_token(rows))


def _missing(batch: Batch, *kinds: type[events.Event]) -> list[Fact]:
    """Those of these facts whose message is not found; the ones with our own id last, so that theirs is kept."""
    missing = [fact for fact in batch.of(*kinds) if not batch.target(fact)]
    return sorted(missing, key=lambda fact: bool(getattr(fact.event, "callback_data", "")))


def _send(batch: Batch, fact: Fact) -> bulk.Row:
    number, wamid = fact.names
    token = callback_data.message_token(fact.event.callback_data)
    sent_id = batch.sent_ids.get(fact.notification, "")
    return {"number_id": number, "wamid": wamid, "token": token and str(token), "sent_id": sent_id}


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
    """Messages of ours by our own id in the status, otherwise by the provider's id of the send, which comes beside the
    status or in place of its id. Each row: number_id, wamid, token (ours), sent_id (the provider's); both may be empty.

    Returns also those that have no wamid yet, as rows for ``statuses.set_wamids``.
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
    """Messages by the token in an id. Each row: number_id, wamid, chat_id (see ``Targets``)."""
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
