"""The pages that receive files while the storage is away: a sentence, and nothing lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import Agent, Conversation, Draft, Upload
from tests import samples
from tests.inbox import thread_rows
from whatsapp.models import PhoneNumber


@pytest.fixture
def conversation(number: PhoneNumber) -> Conversation:
    row = thread_rows.conversation(number)
    row.window_closes_at = timezone.now() + timedelta(hours=5)
    row.save()
    return row


@pytest.fixture
def away(settings: Any, tmp_path: Path) -> None:
    """A storage whose folder cannot be made."""
    (tmp_path / "taken").write_text("a file where the folder would be")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "taken")},
        }
    }


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", samples.picture(), "image/jpeg")


class StorageAwayTests:
    def test_an_upload_gets_a_sentence(
        self, client: Client, alice: Agent, conversation: Conversation, away: None
    ) -> None:
        client.force_login(alice)

        answer = client.post(reverse("inbox:upload", args=[conversation.pk]), {"file": picture()})

        assert answer.status_code == 422
        assert "The file storage failed" in answer.content.decode()
        assert not Upload.objects.exists()

    def test_a_form_without_scripts_keeps_what_was_written(
        self, client: Client, alice: Agent, conversation: Conversation, away: None
    ) -> None:
        client.force_login(alice)

        form = {"text": "Here it is", "files": picture()}
        answer = client.post(reverse("inbox:send", args=[conversation.pk]), form)

        assert answer.status_code == 422
        assert "The file storage failed" in answer.content.decode()
        assert Draft.objects.get().text == "Here it is"
        assert not conversation.messages.exists()

    def test_the_header_of_a_message_with_buttons_gets_a_sentence(
        self, client: Client, alice: Agent, conversation: Conversation, away: None
    ) -> None:
        client.force_login(alice)

        form = {"type": "buttons", "text": "Shall we?", "button_1": "Yes", "file": picture()}
        answer = client.post(reverse("inbox:interactive", args=[conversation.pk]), form)

        assert answer.status_code == 422
        assert "The file storage failed" in answer.content.decode()
        assert not conversation.messages.exists()
