"""Files of real bytes for the browser, with the previews that we really make of them."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from inbox.media.previews import preview_jobs
from inbox.models import Conversation, Media
from tests.inbox.thread_rows import media


def stored(
    conversation: Conversation, kind: str, content: bytes, content_type: str, extension: str, **fields: Any
) -> Media:
    """A message with this file, as fetching it and drawing its preview leave it."""
    row = media(conversation, kind, content_type=content_type, extension=extension, state="stored", **fields)
    row.file.save("file", ContentFile(content), save=False)
    row.size = len(content)
    row.stored_at = timezone.now()
    row.save()
    preview_jobs.make(row.pk)
    row.refresh_from_db()
    return row
