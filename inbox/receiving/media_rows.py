"""A media row for every message that has a file, and the job that fetches it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_noop

from core.jobs import enqueue_all
from core.postgres import bulk
from inbox.models import Media
from whatsapp.errors import MEDIA_NOT_FETCHED, explain_received
from whatsapp.events import MEDIA_KINDS, RemoteMedia


def insert(messages: list[bulk.Row]) -> None:
    """Write what these messages lack. Each row: id, kind, media (RemoteMedia or None), error_code. Safe to repeat."""
    rows = [_row(message) for message in messages if message["kind"] in MEDIA_KINDS or message["media"]]
    inserted = bulk.run(
        """
        INSERT INTO inbox_media (
            id, message_id, media_id, remote_url, file, extension, file_name, mime_type, content_type, sha256, voice,
            animated, thumbnail, playable, waveform, excerpt, state, preview_state, attempts, next_try_at, error,
            preview_error
        )
        SELECT id, message_id, media_id, remote_url, '', '', file_name, mime_type, '', sha256, voice, animated,
            '', '', '[]', '', state, 'none', 0, CASE WHEN state = 'pending' THEN statement_timestamp() END, error, ''
        FROM jsonb_to_recordset(%s) AS r (
            id uuid, message_id bigint, media_id text, remote_url text, file_name text, mime_type text, sha256 text,
            voice boolean, animated boolean, state text, error text
        )
        ON CONFLICT (message_id) DO NOTHING
        RETURNING id, state
        """,
        rows,
    )
    enqueue_all("fetch_media", [{"media_id": str(id)} for id, state in inserted if state == Media.State.PENDING])


def _row(message: bulk.Row) -> bulk.Row:
    media = message["media"] or RemoteMedia(media_id="")
    state, error = Media.State.PENDING, ""
    code = message["error_code"]
    if code == MEDIA_NOT_FETCHED or (code and not media.media_id):
        state, error = Media.State.FAILED, explain_received(code).problem
    elif not media.media_id:
        state, error = Media.State.FAILED, gettext_noop("WhatsApp sent this message without its file.")
    return {
        "id": uuid.uuid4(),
        "message_id": message["id"],
        "media_id": media.media_id[:128],
        "remote_url": media.url,
        "file_name": media.file_name,
        "mime_type": media.mime_type[:255],
        "sha256": media.sha256,
        "voice": media.voice,
        "animated": media.animated,
        "state": state,
        "error": error,
    }
