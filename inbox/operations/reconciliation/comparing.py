"""Compare, in PostgreSQL, the rows as they were before the listing with the objects that it found.

In that order, nothing that happens meanwhile looks like a fault: an object is stored before its row is committed, so
every earlier row has its object in the listing. An object without a row is looked up again at the end, and counts only
once it is older than GRACE.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from whatsapp.events import MEDIA_KINDS

#: The least age of an orphan: files are stored before their rows are committed.
GRACE = "1 hour"
#: WhatsApp keeps a received file for 7 days; an attempt needs some time.
FETCHABLE = """
    (m.media_id <> '' AND s.direction = 'inbound'
     AND greatest(m.created_at, s.sent_at) > now() - interval '6 days 20 hours')
"""

TABLES = """
CREATE TEMP TABLE fault (
    id bigserial PRIMARY KEY, code text NOT NULL, key text NOT NULL DEFAULT '', row text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT ''
);
CREATE TEMP TABLE known_file (key text COLLATE "C" NOT NULL, owner text NOT NULL, row text NOT NULL, size bigint);
INSERT INTO known_file
    SELECT file, 'media', id::text, size FROM inbox_media WHERE state = 'stored' AND file <> ''
    UNION ALL SELECT thumbnail, 'thumbnail', id::text, NULL FROM inbox_media WHERE thumbnail <> ''
    UNION ALL SELECT playable, 'playable', id::text, NULL FROM inbox_media WHERE playable <> ''
    UNION ALL SELECT original, 'upload', id::text, NULL FROM inbox_upload WHERE original <> ''
    UNION ALL SELECT file, 'upload', id::text, NULL FROM inbox_upload WHERE file <> '' AND file <> original;
CREATE INDEX known_file_key ON known_file (key);
ANALYZE known_file
"""
DROP = "DROP TABLE IF EXISTS pg_temp.fault, pg_temp.known_file, pg_temp.gone, pg_temp.stray"

GONE = """
CREATE TEMP TABLE gone AS
    SELECT k.key, k.owner, k.row FROM known_file k LEFT JOIN stored_object o USING (key) WHERE o.key IS NULL
"""

#: Objects that no row names.
STRAY = """
CREATE TEMP TABLE stray AS
    SELECT o.key, o.size, substring(o.key FROM '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}') AS id
    FROM stored_object o LEFT JOIN known_file k USING (key)
    WHERE k.key IS NULL AND NOT starts_with(o.key, 'quarantine/') AND o.modified < %(began)s - %(grace)s::interval
"""
STILL_STRAY = """
DELETE FROM stray t WHERE
    EXISTS (SELECT FROM inbox_media m WHERE m.id = t.id::uuid AND t.key IN (m.file, m.thumbnail, m.playable))
    OR EXISTS (SELECT FROM inbox_upload u WHERE u.id = t.id::uuid AND t.key IN (u.original, u.file));
DELETE FROM stray t USING inbox_media m WHERE m.file = t.key AND m.state = 'stored';
DELETE FROM stray t USING inbox_media m
    WHERE m.id = t.id::uuid AND m.state = 'stored'
        AND t.key ~ '^previews/[0-9a-f-]{36}/([0-9]{1,4}[.]webp|contents[.]json)$'
"""

MISSING = f"""
INSERT INTO fault (code, key, row, detail)
SELECT CASE WHEN q.key IS NOT NULL THEN 'missing_quarantined' WHEN other.key IS NOT NULL THEN 'under_another_key'
            WHEN {FETCHABLE} THEN 'missing_fetchable' ELSE 'missing_lost' END,
    g.key, g.row, coalesce(q.key, other.key, '')
FROM gone g JOIN inbox_media m ON m.id = g.row::uuid AND m.file = g.key AND m.state = 'stored'
JOIN inbox_message s ON s.id = m.message_id
LEFT JOIN stored_object q ON q.key = 'quarantine/' || g.key
LEFT JOIN LATERAL (
    -- AWS writes <key><media id>.<extension>; of two such files nothing says which it is.
    SELECT min(key) AS key FROM stored_object o
    WHERE o.key > g.key AND o.key < (g.key || chr(1114111)) COLLATE "C"
      AND substr(o.key, length(g.key) + 1) ~ '^[0-9]{{6,32}}[.][A-Za-z0-9]{{1,8}}$'
    HAVING count(*) = 1
) other ON true
WHERE g.owner = 'media'
"""  # noqa: S608 - constants of ours

PREVIEWS_AND_UPLOADS = """
INSERT INTO fault (code, key, row)
SELECT 'thumbnail_missing', g.key, g.row FROM gone g JOIN inbox_media m ON m.id = g.row::uuid AND m.thumbnail = g.key
WHERE g.owner = 'thumbnail'
UNION ALL
SELECT 'playable_missing', g.key, g.row FROM gone g JOIN inbox_media m ON m.id = g.row::uuid AND m.playable = g.key
WHERE g.owner = 'playable'
UNION ALL
SELECT 'upload_missing', g.key, g.row FROM gone g JOIN inbox_upload u
    ON u.id = g.row::uuid AND g.key IN (u.original, u.file) AND u.state <> 'refused'
WHERE g.owner = 'upload'
"""

CONTENT = """
INSERT INTO fault (code, key, row, detail)
SELECT CASE WHEN o.size = 0 THEN 'file_empty' WHEN m.size IS NULL THEN 'size_unknown' ELSE 'size_differs' END,
    k.key, k.row, format('%%s bytes in the storage, %%s in the row', o.size, coalesce(m.size::text, 'none'))
FROM known_file k JOIN stored_object o USING (key) JOIN inbox_media m ON m.id = k.row::uuid AND m.file = k.key
WHERE k.owner = 'media' AND m.state = 'stored' AND m.size IS DISTINCT FROM o.size;

INSERT INTO fault (code, key, row, detail)
SELECT 'shared_file', key, max(row), string_agg(row, ' ' ORDER BY row) FROM known_file
WHERE owner = 'media' AND key ~ '^media/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.]?[a-z0-9]*$'
GROUP BY key HAVING count(*) > 1 AND count(*) FILTER (WHERE strpos(key, row) > 0) = 1
"""

ORPHANS = """
INSERT INTO fault (code, key, row, detail)
SELECT CASE
        WHEN m.id IS NOT NULL AND m.state NOT IN ('stored', 'preparing') AND t.key NOT LIKE 'previews/%%'
            THEN 'not_recorded'
        WHEN t.key ~ '^previews/[0-9a-f-]{36}(([.]large|/[0-9]{1,4})?[.]webp|[.]m(4a|p4)|/contents[.]json)$'
            THEN 'orphan_preview'
        WHEN t.key ~ '^uploads/[0-9a-f-]{36}$' THEN 'orphan_upload'
        WHEN t.key ~ '^media/[0-9a-f-]{36}([.][a-z0-9]{1,8})?$' THEN 'orphan_file'
        WHEN t.key ~ '^doctor/[0-9a-f-]{36}[.]txt$' THEN 'leftover_probe'
        ELSE 'unknown_object' END,
    t.key, coalesce(m.id::text, ''), format('%%s bytes', t.size)
FROM stray t LEFT JOIN inbox_media m ON m.id = t.id::uuid
-- A preview that is still being drawn will be named by its row; the suffixed file of a row is that row's fault.
WHERE NOT (t.key LIKE 'previews/%%' AND m.id IS NOT NULL AND m.preview_state IN ('none', 'copying'))
  AND NOT EXISTS (SELECT FROM fault f WHERE f.code = 'under_another_key' AND f.detail = t.key)
"""

ROWS = f"""
INSERT INTO fault (code, key, row, detail)
SELECT f.code, m.file, m.id::text, f.detail
FROM inbox_media m JOIN inbox_message s ON s.id = m.message_id, LATERAL (
    SELECT CASE
        WHEN m.state = 'stored' AND m.file = '' THEN 'stored_without_key'
        WHEN m.state IN ('pending', 'retrying') AND m.next_try_at IS NULL AND NOT (s.historic AND m.attempts = 0
            AND EXISTS (SELECT FROM inbox_importeditem i WHERE i.message_id = s.id AND i.found_key <> ''))
            THEN 'waiting_forever'
        WHEN m.state IN ('pending', 'retrying') AND m.next_try_at IS NOT NULL
            AND m.created_at < now() - interval '1 day' THEN 'waiting_too_long'
        WHEN m.state IN ('expired', 'failed') AND {FETCHABLE} THEN 'fetchable'
        WHEN m.state = 'preparing' AND m.created_at < now() - interval '1 hour' THEN 'preparing_too_long'
        WHEN m.state = 'stored' AND m.preview_state = 'none' AND m.created_at < now() - interval '1 hour'
            AND m.stored_at < now() - interval '1 hour' THEN 'preview_waiting'
        WHEN m.state = 'stored' AND m.preview_state <> 'none' AND m.sha256 = '' THEN 'never_examined'
        END AS code, m.error AS detail
) f
WHERE f.code IS NOT NULL AND NOT EXISTS (SELECT FROM fault g WHERE g.row = m.id::text AND g.code IN (
    'not_recorded', 'missing_fetchable', 'missing_lost', 'missing_quarantined', 'under_another_key'))
"""  # noqa: S608 - constants of ours

MESSAGES = """
INSERT INTO fault (code, row)
SELECT 'message_without_file', s.id::text FROM inbox_message s LEFT JOIN inbox_media m ON m.message_id = s.id
WHERE s.kind = ANY(%(kinds)s) AND m.id IS NULL AND s.revoked_at IS NULL AND s.created_at < now() - interval '1 hour'
"""


def remember_rows() -> int:
    """Copy which files the rows name, before the storage is listed. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(DROP)
        for statement in TABLES.split(";\n"):
            cursor.execute(statement)
        cursor.execute("SELECT count(*) FROM known_file")
        return int(cursor.fetchone()[0])


def forget_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute(DROP)


def compare(began: datetime) -> None:
    """Write every fault into the temporary table ``fault``. Needs remember_rows() and the listing."""
    with connection.cursor() as cursor:
        cursor.execute(GONE)
        cursor.execute(STRAY, {"began": began, "grace": GRACE})
        for statement in (STILL_STRAY, MISSING, PREVIEWS_AND_UPLOADS, CONTENT, ORPHANS, ROWS, MESSAGES):
            for part in statement.split(";\n"):
                cursor.execute(part, _parameters(part))


def _parameters(statement: str) -> dict[str, Any] | None:
    return {"kinds": sorted(MEDIA_KINDS)} if "%(kinds)s" in statement else {} if "%%" in statement else None


def counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, count(*) FROM fault GROUP BY code ORDER BY code")
        return dict(cursor.fetchall())
