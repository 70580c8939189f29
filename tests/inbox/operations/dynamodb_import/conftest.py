"""The sample tables of the replaced system, its two numbers, and the files of its bucket."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from inbox.media.storage import media_storage
from tests import samples
from whatsapp.models import PhoneNumber

SAMPLES = Path(__file__).resolve().parents[3] / "fixtures" / "dynamodb"
INCOMING, OUTGOING = "whatsapp-media/whatsapp-media-incoming", "whatsapp-media/whatsapp-media-outgoing"
#: What really lies in the bucket. The third was asked for as ….jpg; AWS appended media id and extension.
OBJECTS = {
    f"{INCOMING}/a0000002-0000-4000-8000-000000000002.jpg530339869524171.jpeg": samples.picture(),
    f"{INCOMING}/a0000003-0000-4000-8000-000000000003.jpg530339869524172.jpeg": samples.picture(size=(40, 30)),
    f"{INCOMING}/a0000004-0000-4000-8000-000000000004.ogg530339869524173.ogg": samples.sound(),
    f"{INCOMING}/a0000005-0000-4000-8000-000000000005.pdf530339869524174.pdf": samples.pdf(),
    f"{OUTGOING}/b0000007-0000-4000-8000-000000000007.jpg": samples.picture(size=(60, 60)),
    "media/invoice.pdf": samples.pdf(["Invoice 1", "Page 2"]),
}


@pytest.fixture
def own_storage(settings: Any, tmp_path: Path) -> Path:
    """An empty storage of this test's own. Returns its folder."""
    folder = tmp_path / "files"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        }
    }
    return folder


@pytest.fixture
def bucket(own_storage: Path) -> Path:
    """The old bucket is our storage."""
    for key, content in OBJECTS.items():
        media_storage().put(key, io.BytesIO(content), content_type="application/octet-stream")
    return own_storage


@pytest.fixture
def first(db: None) -> PhoneNumber:
    return PhoneNumber.objects.create(
        provider="aws",
        phone_number_id="300000000000001",
        aws_phone_number_id="phone-number-id-976c72a700aac43eaf573ae050e1a2b3",
        display_number="+1 206 555 0100",
        name="Shop",
    )


@pytest.fixture
def second(db: None) -> PhoneNumber:
    """Entered without AWS's id: the old items tell that it is the same number."""
    return PhoneNumber.objects.create(
        provider="aws", phone_number_id="300000000000002", display_number="+1 206 555 0101", name="Office"
    )
