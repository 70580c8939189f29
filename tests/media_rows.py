"""Rows of files in every state, the storage and the wire they need, and the steps that tests take with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from django.core.files.storage import default_storage
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.media import fetch, inspection
from inbox.media.previews import preview_jobs
from inbox.media.storage import media_storage
from inbox.models import Media
from tests import samples
from whatsapp.models import PhoneNumber

GRAPH = "https://graph.facebook.com/v26.0"
WEBHOOK_URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=webhook"
FRESH_URL = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=fresh"
PHOTO = samples.picture()


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Every test has a storage of its own."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        }
    }


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(wire: responses.RequestsMock, row: Media, content: bytes = PHOTO, **changes: Any) -> None:
    """WhatsApp has the file of this row, under an address that must be asked for."""
    info = {"url": FRESH_URL, "mime_type": "image/jpeg", "sha256": samples.sha256(content), "file_size": len(content)}
    wire.get(f"{GRAPH}/{row.media_id}", json=info | changes)
    wire.get(FRESH_URL, body=content)


def gone(wire: responses.RequestsMock, row: Media) -> None:
    error = {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}
    wire.get(f"{GRAPH}/{row.media_id}", status=400, json={"error": error})


def attempt(row: Media, times: int = 1) -> Media:
    """Let the time of the next try come, and try; so many times."""
    for _ in range(times):
        Media.objects.filter(pk=row.pk, next_try_at__isnull=False).update(next_try_at=timezone.now())
        fetch.fetch(row.pk)
    row.refresh_from_db()
    return row


def stored_objects() -> list[str]:
    try:
        return default_storage.listdir("media")[1]
    except FileNotFoundError:
        return []


def waiting_jobs(task: str, row: Media) -> int:
    return ProcrastinateJob.objects.filter(task_name=task, status="todo", args={"media_id": str(row.pk)}).count()


def seconds_until_next_try(row: Media) -> float:
    assert row.next_try_at is not None
    return (row.next_try_at - timezone.now()).total_seconds()


def stored(number: PhoneNumber, content: bytes = PHOTO, *, kind: str = "document", **fields: Any) -> Media:
    """A message whose file is in the storage, as fetching leaves it."""
    file_type = inspection.inspect(io.BytesIO(content)).file_type
    row = samples.waiting_media(
        number,
        kind=kind,
        state=Media.State.STORED,
        next_try_at=None,
        stored_at=timezone.now(),
        content_type=fields.pop("content_type", file_type.content_type),
        extension=file_type.extension,
        **fields,
    )
    row.file.name = f"media/{row.pk}{file_type.extension}"
    row.save()
    media_storage().put(row.file.name, io.BytesIO(content), content_type="application/octet-stream")
    return row


def drawn(number: PhoneNumber, content: bytes, **fields: Any) -> Media:
    row = stored(number, content, **fields)
    preview_jobs.make(row.pk)
    row.refresh_from_db()
    return row
