"""Links between answers and what they answer, and which new messages something already waits for."""

from __future__ import annotations

from core.postgres import bulk


def awaited(new: list[bulk.Row]) -> list[int]:
    """Those of these new messages for which something may be waiting: an answer, a reaction, an edit, a deletion.

    Each row: id, number_id, token (of its wamid).
    """
    waiting = bulk.run(
        """
        SELECT k.id FROM jsonb_to_recordset(%s) AS k (id bigint, number_id bigint, token text)
        WHERE EXISTS (SELECT FROM inbox_message m
                      WHERE inbox_wamid_token(m.quoted_wamid) = k.token AND m.quoted_id IS NULL
                        AND NOT m.quoted_wamid = '')
           OR EXISTS (SELECT FROM inbox_reaction r
                      WHERE r.number_id = k.number_id AND inbox_wamid_token(r.target_wamid) = k.token
                        AND r.message_id IS NULL)
           OR EXISTS (SELECT FROM inbox_revision v
                      WHERE v.number_id = k.number_id AND inbox_wamid_token(v.target_wamid) = k.token)
        """,
        [{"id": row["id"], "number_id": row["number_id"], "token": row["token"]} for row in new],
    )
    return [id for (id,) in waiting]


def attach(answers: list[int], awaited: list[int]) -> None:
    """Link ``answers`` with what they quote, and ``awaited`` messages with earlier answers that quote them.

    The message with exactly the quoted id wins, then the only one of the conversation with its token.
    """
    if answers:
        bulk.fetch(
            """
            UPDATE inbox_message m SET quoted_id = q.id
            FROM inbox_message a CROSS JOIN LATERAL (
                SELECT coalesce(
                    min(o.id) FILTER (WHERE o.wamid = a.quoted_wamid), CASE WHEN count(*) = 1 THEN min(o.id) END
                ) AS id
                FROM inbox_message o
                WHERE o.number_id = a.number_id AND o.wamid_token = inbox_wamid_token(a.quoted_wamid)
                  AND NOT o.wamid = '' AND (o.wamid = a.quoted_wamid OR o.conversation_id = a.conversation_id)
            ) q
            WHERE a.id = ANY(%s::bigint[]) AND m.id = a.id AND q.id IS NOT NULL RETURNING m.id
            """,
            answers,
        )
    if awaited:
        bulk.fetch(
            """
            UPDATE inbox_message m SET quoted_id = q.id FROM inbox_message q
            WHERE q.id = ANY(%s::bigint[]) AND NOT m.quoted_wamid = '' AND m.quoted_id IS NULL
              AND inbox_wamid_token(m.quoted_wamid) = q.wamid_token AND m.number_id = q.number_id
              AND (m.quoted_wamid = q.wamid OR m.conversation_id = q.conversation_id)
            RETURNING m.id
            """,
            awaited,
        )
