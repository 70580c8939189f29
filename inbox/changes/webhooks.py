"""Record events for the webhooks of programs: one row per event and endpoint, in the transaction of the change.

`inbox.api.webhooks.delivery` posts them.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.jobs import wake_up_once
from core.postgres import bulk
from inbox.models import WebhookEndpoint

Event = WebhookEndpoint.Event

INSERT = """
INSERT INTO inbox_webhookdelivery (
    webhook_id, endpoint_id, event, message_id, status, created_at, state, attempts, next_try_at, error, log
)
SELECT gen_random_uuid(), e.id, r.event, m.id, m.status, statement_timestamp(), 'pending', 0, statement_timestamp(),
       '', '[]'::jsonb
FROM inbox_webhookendpoint e
JOIN inbox_program p ON p.id = e.program_id
CROSS JOIN jsonb_to_recordset(%s) AS r (event text, message bigint)
JOIN inbox_message m ON m.id = r.message
JOIN whatsapp_phonenumber n ON n.id = m.number_id
WHERE e.active AND p.active AND p.may_read AND e.events ? r.event AND NOT m.historic AND NOT n.state = 'unknown'
  AND (p.all_numbers OR EXISTS (
      SELECT FROM inbox_program_numbers pn WHERE pn.program_id = p.id AND pn.phonenumber_id = m.number_id
  ))
  -- WhatsApp repeats itself; programs get each event once.
  AND NOT EXISTS (
      SELECT FROM inbox_webhookdelivery d
      WHERE d.message_id = m.id AND d.endpoint_id = e.id AND d.status = m.status AND (
          d.event = r.event
          -- message.sent told already that it was sent.
          OR m.status = 'sent' AND d.event = 'message.sent' AND r.event = 'message.status'
      )
  )
RETURNING endpoint_id
"""


def record(
    *,
    received: Iterable[int] = (),
    sent: Iterable[int] = (),
    changed: Iterable[int] = (),
    stored: Iterable[int] = (),
) -> None:
    """Record the events of these messages in the caller's transaction and wake a worker.

    ``received`` are from customers, ``sent`` were sent, the status of ``changed`` changed, the file of ``stored`` was
    stored. One small query without active endpoints, otherwise two statements, however many messages.
    """
    told = {Event.RECEIVED: received, Event.SENT: sent, Event.STATUS: changed, Event.MEDIA: stored}
    facts = [{"event": event.value, "message": message} for event, ids in told.items() for message in sorted(set(ids))]
    if facts and bulk.fetch("SELECT 1 FROM inbox_webhookendpoint WHERE active LIMIT 1"):
        for endpoint in sorted({endpoint for (endpoint,) in bulk.run(INSERT, facts)}):
            wake_up(endpoint)


def wake_up(endpoint_id: int) -> None:
    """Enqueue the job that posts what is due at this endpoint. Commits with the caller's transaction."""
    # One at a time, so that a slow endpoint occupies one of the worker's threads and no more.
    wake_up_once("deliver_webhooks", one_at_a_time=True, endpoint_id=endpoint_id)
