"""The list, the newest messages of a 10,000-message thread and a whole page with files, at 10 thousand and at 1 million
messages: how many times the cost of an empty page for a signed-in agent, in the same run."""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import Any

from bench.installation import installation
from bench.table import Figure, show

#: Median milliseconds and number of queries of each page.
Times = dict[str, tuple[float, int]]
THREAD = 10_000
SMALL = 10_000
LARGE = 1_000_000
CONVERSATIONS = 100_000
ROUNDS = 60
#: How many empty pages each may cost.
LIST, FRAGMENT, WHOLE = 3.5, 4.0, 12.0
GROWTH = 1.2

FILL = """
WITH contacts AS (
    INSERT INTO inbox_contact (phone, profile_name, username, is_group, created_at)
    SELECT '+3519' || lpad((%(start)s + i)::text, 8, '0'), 'Person ' || (%(start)s + i), '', false, now()
    FROM generate_series(1, %(conversations)s) i RETURNING id
), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS i FROM contacts)
INSERT INTO inbox_conversation (
    number_id, contact_id, last_message_at, last_message_kind, last_message_direction, last_message_status,
    last_message_preview, unread_count, window_closes_at, created_at, changed_xid
)
SELECT %(number)s, id, now() - i * interval '20 seconds', 'text', 'inbound', '',
       'Is the Norte Cargo 2 in stock, and when could I collect it?', (i %% 7 = 0)::int, now() + interval '3 hours',
       now(), 0
FROM numbered
RETURNING id
"""

MESSAGES = """
INSERT INTO inbox_message (
    number_id, conversation_id, direction, kind, origin, text, payload, wamid, provider_message_id, sent_at, created_at,
    bad_timestamp, status, error, pricing, quoted_wamid, forwarded, frequently_forwarded, context, historic, standby,
    sender_phone, sender_name, receiving_phone, aws_phone_number_id, changed_xid
)
SELECT %(number)s, c.id, CASE WHEN i %% 3 = 0 THEN 'outbound' ELSE 'inbound' END, 'text',
       CASE WHEN i %% 3 = 0 THEN 'agent' ELSE 'customer' END,
       'Message ' || i || ': is the *Norte Cargo 2* in stock, and when could I collect it? See https://example.com/cargo',
       '{}', 'wamid.' || c.id || '.' || i, '', now() - i * interval '7 minutes',
       now() - i * interval '7 minutes', false,
       CASE WHEN i %% 3 = 0 THEN 'read' ELSE '' END, '', '{}', '', false, false, '{}', false, false,
       '+351915550123', 'Person', '+351215550100', '', 0
FROM unnest(%(conversations)s::bigint[]) AS c (id), generate_series(1, %(each)s) i
"""


def fill(number: int, start: int, conversations: int, each: int, *, skip: int = 0) -> list[int]:
    """Make ``conversations`` with ``each`` messages; the first ``skip`` of them get none. Returns their ids."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FILL, {"number": number, "start": start, "conversations": conversations})
        ids = [row[0] for row in cursor.fetchall()]
        for position in range(skip, len(ids), 2_000):
            chunk = ids[position : position + 2_000]
            cursor.execute(MESSAGES, {"number": number, "conversations": chunk, "each": each})
        cursor.execute(
            """
            UPDATE inbox_conversation c SET last_message_id = m.id, last_message_at = m.sent_at
            FROM (SELECT DISTINCT ON (conversation_id) conversation_id, id, sent_at FROM inbox_message
                  WHERE conversation_id = ANY(%s) ORDER BY conversation_id, sent_at DESC, id DESC) m
            WHERE c.id = m.conversation_id
            """,
            [ids],
        )
    return ids


FILES = """
WITH newest AS (
    SELECT id, row_number() OVER (ORDER BY sent_at DESC, id DESC) AS i FROM inbox_message WHERE conversation_id = %s
    ORDER BY sent_at DESC, id DESC LIMIT 30
), shown AS (
    UPDATE inbox_message m SET kind = (ARRAY['image', 'video', 'audio', 'document', 'text'])[n.i %% 5 + 1]
    FROM newest n WHERE m.id = n.id AND n.i %% 5 < 4 RETURNING m.id, m.kind, n.i
)
INSERT INTO inbox_media (
    id, message_id, media_id, remote_url, file, extension, file_name, mime_type, content_type, size, sha256, voice,
    animated, width, height, duration, pages, thumbnail, thumbnail_width, thumbnail_height, playable, waveform, excerpt,
    state, preview_state, attempts, error, preview_error, created_at, stored_at
)
SELECT gen_random_uuid(), id, '7' || i, '', 'media/' || i, '.bin', 'Order ' || i || '.pdf', type, type, 240000,
       repeat('0', 64), kind = 'audio', false, 1200, 900, 12.5, 3, 'thumbnails/' || i, 360, 270, '',
       CASE WHEN kind = 'audio' THEN '[3, 9, 14, 22, 30, 22, 14, 9, 3]'::jsonb ELSE '[]' END, '',
       'stored', 'ready', 1, '', '', now(), now()
FROM shown, LATERAL (SELECT (ARRAY['image/jpeg', 'video/mp4', 'audio/ogg', 'application/pdf'])[
    array_position(ARRAY['image', 'video', 'audio', 'document'], kind::text)]) AS t (type)
"""


def add_files(conversation: int) -> None:
    """Turn four of five of the newest 30 messages into photos, films, voice notes and documents with previews."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FILES, [conversation])


def vacuum() -> None:
    """Leave the tables as autovacuum would have by now: statistics fresh, dead rows gone."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def timed(client: Any, paths: dict[str, str]) -> Times:
    """Median server time in ms and the number of queries of each page, asked for in turns."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    samples: dict[str, list[float]] = {name: [] for name in paths}
    queries = {}
    for name, path in paths.items():
        with CaptureQueriesContext(connection) as captured:
            response = client.get(path)
        assert response.status_code == 200, f"{path} answered {response.status_code}"
        queries[name] = len(captured)
    for _ in range(ROUNDS):
        for name, path in paths.items():
            started = time.perf_counter()
            client.get(path)
            samples[name].append((time.perf_counter() - started) * 1000)
    return {name: (statistics.median(times), queries[name]) for name, times in samples.items()}


def main(large: int = LARGE) -> int:
    # The client asks over plain HTTP inside this process.
    with installation({"ALLOWED_HOSTS": "testserver,127.0.0.1"}):
        return measure(large)


def measure(large: int) -> int:
    from django.test import Client

    from bench.urls import EMPTY
    from inbox.models import Agent, Message
    from whatsapp.models import PhoneNumber

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="1", name="Norte Service")
    agent = Agent.objects.create_user("bench", password="bench password")
    agent.numbers.add(number)
    client = Client()
    client.force_login(agent)

    (thread,) = fill(number.pk, 0, 1, THREAD)
    (with_files,) = fill(number.pk, 1, 1, 200)
    add_files(with_files)
    fill(number.pk, 2, 200, max((SMALL - THREAD) // 200, 1))
    vacuum()
    paths = {
        "empty": EMPTY,
        "list": "/",
        "thread": f"/conversations/{thread}/messages/",
        "whole page": f"/conversations/{with_files}/",
    }
    small = timed(client, paths)
    each = (large - THREAD) // CONVERSATIONS + 1
    fill(number.pk, 1_000, CONVERSATIONS, each)
    vacuum()
    big = timed(client, paths)
    stored = Message.objects.count()
    figures = [Figure("empty page for a signed-in agent", f"{small['empty'][0]:.1f} and {big['empty'][0]:.1f} ms")]
    for name, limit in (("list", LIST), ("thread", FRAGMENT), ("whole page", WHOLE)):
        figures += compared(name, limit, small, big, stored)
    return show(f"Pages: server time, rendering included, median of {ROUNDS}", figures)


def compared(name: str, limit: float, small: Times, big: Times, stored: int) -> list[Figure]:
    """One page at both sizes, over the empty page of the same moment, and its growth from one to the other."""
    (before, queries), (after, queries_after) = small[name], big[name]
    times, growth = after / big["empty"][0], (after / big["empty"][0]) / (before / small["empty"][0])
    return [
        Figure(f"{name}, small", f"{before:.1f} ms = {before / small['empty'][0]:.1f} × empty, {queries} queries"),
        Figure(
            f"{name}, {stored:,} messages",
            f"{after:.1f} ms = {times:.1f} × empty, {queries_after} queries",
            f"within {limit:.0f} ×",
            times <= limit and queries == queries_after,
        ),
        Figure(f"{name}, growth", f"{growth:.2f} ×", f"within {GROWTH} ×", growth <= GROWTH),
    ]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE))
