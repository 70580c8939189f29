"""Messages as the API and the webhooks describe them: one statement whose columns are the fields of an answer.

Programs mostly read pages of messages, so the rows become JSON without models and without being validated again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

import orjson
from django.db import connection

from core.postgres.keyset import EPOCH, Place
from inbox import access
from inbox.api.file_urls import Absolute, signed
from inbox.media import file_names
from inbox.models import Program
from whatsapp import errors, phone_numbers
from whatsapp.events import OWN_ID, Direction, Status


def _seconds(column: str) -> str:
    return f"floor(extract(epoch FROM {column}))::bigint"


CONTACT = "(SELECT c.contact_id FROM inbox_conversation c WHERE c.id = m.conversation_id)"
#: The fields of MessageSchema, in its order, and the column of each. None: filled from the columns in EXTRA.
FIELDS: dict[str, str | None] = {
    "messageId": "m.id::text",
    "conversationId": "m.conversation_id::text",
    "contactId": f"coalesce(m.author_id, {CONTACT})::text",
    "numberId": "m.number_id::text",
    "channel": "'whatsapp'",
    "direction": "m.direction",
    "kind": "m.kind",
    "messageType": "m.kind",
    "origin": "m.origin",
    "content": "CASE WHEN m.revoked_at IS NULL THEN m.text ELSE '' END",
    "payload": "CASE WHEN m.revoked_at IS NULL THEN m.payload::text ELSE '{}' END",
    "timestamp": _seconds("m.sent_at"),
    "createdAt": _seconds("m.created_at"),
    "status": "CASE m.direction WHEN 'inbound' THEN 'received' ELSE m.status END",
    "sentAt": _seconds("m.accepted_at"),
    "deliveredAt": _seconds("m.delivered_at"),
    "readAt": _seconds("m.read_at"),
    "playedAt": _seconds("m.played_at"),
    "failedAt": _seconds("m.failed_at"),
    "resentAt": _seconds("m.resent_at"),
    "dismissedAt": _seconds("m.dismissed_at"),
    "error": None,
    "errorDetails": None,
    "wamid": "w.id",
    "whatsappMessageId": "coalesce(w.id, nullif(m.provider_message_id, ''))",
    "mediaId": "nullif(f.media_id, '')",
    "fileId": "f.id::text",
    "s3Key": "nullif(f.file, '')",
    "mediaUrl": None,
    "mimeType": "coalesce(nullif(f.content_type, ''), nullif(f.mime_type, ''))",
    "fileName": "nullif(f.file_name, '')",
    "size": "f.size",
    "mediaState": "f.state",
    "mediaError": "nullif(f.error, '')",
    "senderPhone": "m.sender_phone",
    "senderName": "nullif(m.sender_name, '')",
    "receivingPhone": "m.receiving_phone",
    "phoneNumberId": "n.phone_number_id",
    "awsPhoneNumberId": "coalesce(nullif(m.aws_phone_number_id, ''), nullif(n.aws_phone_number_id, ''))",
    "replyTo": "m.quoted_id::text",
    "replyToWamid": "nullif(m.quoted_wamid, '')",
    "forwarded": "m.forwarded",
    "editedAt": _seconds("m.edited_at"),
    "deletedAt": _seconds("m.revoked_at"),
    "reactions": f"""coalesce((
        SELECT jsonb_agg(jsonb_build_object('emoji', r.emoji, 'contactId', r.contact_id::text,
                                            'timestamp', {_seconds("r.at")}) ORDER BY r.at, r.id)::text
        FROM inbox_reaction r WHERE r.message_id = m.id AND r.emoji <> ''), '[]')""",  # noqa: S608 - no values
}
UNSETTLED = (Status.FAILED, Status.UNKNOWN)
#: Further columns, for the fields that Python fills.
EXTRA = (
    "m.id",
    "m.status",
    "m.error_code",
    "m.error",
    "f.content_type",
    "f.extension",
    "CASE WHEN f.file <> '' THEN m.sent_at END",
)
COLUMNS = ", ".join(f"{column or 'NULL'}" for column in (*FIELDS.values(), *EXTRA))
JOINS = f"""
JOIN whatsapp_phonenumber n ON n.id = m.number_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN m.wamid <> '' AND NOT starts_with(m.wamid, '{OWN_ID}') THEN m.wamid END AS id
) w
LEFT JOIN inbox_media f ON f.message_id = m.id AND m.revoked_at IS NULL
"""

Order = Literal["sent_at", "created_at"]
#: A condition on ``inbox_message m`` and the values of its placeholders.
Condition = tuple[Any, ...]
Body = dict[str, Any]


def visible_to(program: Program) -> Condition:
    """The messages that a program sees, as a part of the statement instead of a statement before it."""
    numbers, values = access.visible_numbers(program).order_by().values("pk").query.sql_with_params()
    return f"m.number_id = ANY(ARRAY({numbers}))", *values


def read(
    where: Iterable[Condition], *, absolute: Absolute, order: Order = "sent_at", limit: int = 1
) -> list[tuple[Body, Place]]:
    """Up to ``limit`` messages that fulfil all conditions, newest first: the body of each and its place in ``order``.

    ``payload`` and ``reactions`` in the bodies are pieces of JSON that orjson writes as they are.
    """
    conditions = list(where)
    fulfilled = " AND ".join(condition for condition, *_ in conditions)
    newest_first = f"ORDER BY m.{order} DESC, m.id DESC"
    # The page is cut before anything is joined to it.
    page = f"SELECT * FROM inbox_message m WHERE {fulfilled} {newest_first} LIMIT {limit}"  # noqa: S608 - no values
    at = f"(extract(epoch FROM m.{order}) * 1000000)::bigint"
    statement = f"SELECT {COLUMNS}, {at} FROM ({page}) m {JOINS} {newest_first}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for _, *values in conditions for value in values])
        return [_message(row, absolute) for row in cursor.fetchall()]


def one(pk: int, *conditions: Condition, absolute: Absolute) -> Body | None:
    """A message as plain values, None where there is none that fulfils the conditions."""
    found = read([("m.id = %s", pk), *conditions], absolute=absolute)
    if not found:
        return None
    body: Body = orjson.loads(orjson.dumps(found[0][0], default=str))
    return body


def _message(row: tuple[Any, ...], absolute: Absolute) -> tuple[Body, Place]:
    body: Body = dict(zip(FIELDS, row, strict=False))
    pk, status, error_code, error, content_type, extension, sent_at, at = row[len(FIELDS) :]
    body["payload"] = orjson.Fragment(body["payload"])
    body["reactions"] = orjson.Fragment(body["reactions"])
    body["senderPhone"] = phone_numbers.e164(body["senderPhone"]) or None
    body["receivingPhone"] = phone_numbers.e164(body["receivingPhone"]) or None
    if error_code is not None or status in UNSETTLED:
        body["error"] = _error(body["direction"], status, error_code, error)
        body["errorDetails"] = body["error"]["message"]
    if absolute and (key := body["s3Key"]):
        name = file_names.saved_as(body["fileName"] or "", extension, body["kind"], sent_at)
        body["mediaUrl"] = absolute(signed(key, content_type, name))
    return body, Place(EPOCH + timedelta(microseconds=at), pk)


def _error(direction: str, status: str, code: int | None, sentence: str) -> Body:
    """Why a message failed, or why nobody knows whether it was sent."""
    if code:
        explained = (errors.explain_received if direction == Direction.INBOUND else errors.explain)(code)
        return {"code": code, "message": explained.problem, "next": explained.next_step}
    if status == Status.UNKNOWN:
        sentence = sentence or "It may have been sent: the connection ended before WhatsApp answered."
        return {"code": None, "message": sentence, "next": "WhatsApp's receipt will tell; do not send it again yet."}
    return {"code": None, "message": sentence or "WhatsApp gave no reason.", "next": ""}
