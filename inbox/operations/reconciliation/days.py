"""By number and day: messages received and sent, their files, how many of those are stored and complete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from core.postgres import bulk


def table(since: datetime) -> list[dict[str, Any]]:
    """Days (in the server's time zone) since then with any message, newest first. A file is complete once its previews
    are made, or it is known that it has none."""
    names = ("number", "day", "received", "sent", "files", "stored", "complete")
    found = bulk.fetch(
        """
        SELECT coalesce(nullif(n.name, ''), nullif(n.display_number, ''), n.phone_number_id), d.day::text,
            d.received, d.sent, d.files, d.stored, d.complete
        FROM (
            SELECT m.number_id, (m.sent_at AT TIME ZONE %s)::date AS day,
                count(*) FILTER (WHERE m.direction = 'inbound') AS received,
                count(*) FILTER (WHERE m.direction = 'outbound') AS sent,
                count(f.id) AS files, count(f.id) FILTER (WHERE f.state = 'stored') AS stored,
                count(f.id) FILTER (WHERE f.state = 'stored' AND f.preview_state <> 'none') AS complete
            FROM inbox_message m LEFT JOIN inbox_media f ON f.message_id = m.id
            WHERE m.sent_at >= %s GROUP BY 1, 2
        ) d JOIN whatsapp_phonenumber n ON n.id = d.number_id
        ORDER BY 2 DESC, 1
        """,
        timezone.get_default_timezone_name(),
        since,
    )
    return [dict(zip(names, row, strict=True)) for row in found]
