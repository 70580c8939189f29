"""How files stand in their bubbles: every kind, and every state that one can be in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inbox.models import Conversation, Media
from tests.inbox.thread_rows import media

pytestmark = pytest.mark.django_db


class MediaTests:
    @pytest.mark.parametrize(
        ("kind", "content_type", "state"),
        [
            ("audio", "audio/mp4", {"preview_state": "ready", "preview_error": "It cannot be played here."}),
            ("audio", "audio/mpeg", {"preview_state": "impossible", "preview_error": "This file is damaged."}),
            ("audio", "audio/x-ms-wma", {"preview_state": "none"}),
            ("document", "audio/aiff", {"preview_state": "ready", "preview_error": "It cannot be played here."}),
            ("video", "video/mp4", {"preview_state": "impossible", "preview_error": "This film is damaged."}),
        ],
    )
    def test_what_cannot_be_played_says_so_and_has_no_play_button(
        self, amara: Conversation, shown: Any, kind: str, content_type: str, state: dict[str, str]
    ) -> None:
        media(amara, kind, state="stored", content_type=content_type, extension=".x", **state)
        html = shown()
        assert state.get("preview_error", "A version that plays here is being prepared.") in html
        assert "voice-note__play" not in html
        assert "data-video" not in html

    @pytest.mark.parametrize("content_type", ["audio/mpeg", "audio/flac", "audio/wav", "audio/mp4"])
    def test_a_recording_sent_as_a_document_opens_in_the_viewer(
        self, amara: Conversation, shown: Any, client: Client, content_type: str
    ) -> None:
        one = media(amara, "document", state="stored", content_type=content_type, preview_state="ready", duration=3.0)
        assert f'href="/media/{one.pk}/view/" data-lightbox' in shown()
        html = client.get(f"/media/{one.pk}/view/").content.decode()
        assert f'<audio controls preload="none" src="/media/{one.pk}/"' in html

    def test_only_what_was_a_gif_is_called_one(self, amara: Conversation, shown: Any) -> None:
        film = {"state": "stored", "content_type": "video/mp4", "animated": True, "thumbnail": "a.webp", "duration": 4}
        media(amara, "video", mime_type="video/mp4", **film)
        assert ">GIF<" not in shown()
        media(amara, "video", mime_type="image/gif", **film)
        assert ">GIF<" in shown()

    @pytest.mark.parametrize(
        ("fields", "words", "button"),
        [
            ({"state": "pending", "size": 1_800_000}, ["Photo is on its way", "1.8 MB"], ""),
            (
                {"state": "retrying", "attempts": 3, "error": "WhatsApp did not answer."},
                ["trying again", "WhatsApp did not answer. Tried 3 times."],
                "Download now",
            ),
            (
                {"state": "expired"},
                ["expired at WhatsApp", "Ask Amara Okafor to send it again.", "Ask for it again"],
                "",
            ),
            (
                {"state": "too_large", "error": "The limit is 100 MB.", "size": 214_000_000},
                ["too large", "214.0 MB", "Ask for a smaller file"],
                "",
            ),
            (
                {"state": "failed", "error": "It was damaged.", "media_id": "1"},
                ["Photo: download failed", "It was damaged."],
                "Download again",
            ),
            ({"state": "failed", "error": "It was damaged."}, ["Photo: download failed", "Ask for it again"], ""),
        ],
    )
    def test_a_file_that_is_not_there_says_why(
        self, amara: Conversation, shown: Any, fields: dict[str, Any], words: list[str], button: str
    ) -> None:
        one = media(amara, **fields)
        html = shown()
        for word in words:
            assert word in html
        assert ("/fetch-again/" in html) == bool(button)
        if button:
            assert button in html
            assert f'action="/media/{one.pk}/fetch-again/"' in html

    def test_a_photo_without_a_preview_says_why(self, amara: Conversation, shown: Any) -> None:
        fields = {"state": "stored", "content_type": "image/jpeg", "extension": ".jpg", "size": 1000}
        media(amara, preview_error="Previews are off on this server.", **fields)
        html = shown()
        assert "Previews are off on this server." in html
        assert "Preparing the preview" not in html
        assert "/download/" in html

    @pytest.mark.parametrize(
        ("name", "extension", "letters"),
        [
            ("orders.CSV", ".txt", "CSV"),
            ("orders.txt", ".txt", "TXT"),
            ("orders.csv", ".exe", "EXE"),
            ("orders.key", "", "KEY"),
            ("orders.numbers", ".zip", "NUMBERS"),
            ("question.eml", ".txt", "EML"),
            ("novel.epub", ".epub", "EPUB"),
            ("invoice.pdf", ".zip", "ZIP"),
            ("invoice.docx", ".txt", "TXT"),
        ],
    )
    def test_the_letters_of_a_document_are_true(
        self, amara: Conversation, shown: Any, name: str, extension: str, letters: str
    ) -> None:
        media(amara, kind="document", state="stored", content_type="text/plain", file_name=name, extension=extension)
        assert f">{letters}</span>" in shown()

    def test_a_picture_keeps_its_place_before_it_is_loaded(self, amara: Conversation, shown: Any) -> None:
        one = media(
            amara,
            state="stored",
            preview_state="ready",
            content_type="image/jpeg",
            thumbnail="previews/x.webp",
            thumbnail_width=480,
            thumbnail_height=360,
        )
        html = shown()
        assert f'<img class="picture__image" src="/media/{one.pk}/thumbnail/" width="480" height="360"' in html
        assert f'href="/media/{one.pk}/view/" data-lightbox' in html

    def test_a_picture_without_a_preview_is_a_file(self, amara: Conversation, shown: Any) -> None:
        one = media(amara, state="stored", preview_state="impossible", preview_error="The picture is broken.", size=9)
        html = shown()
        assert "The picture is broken." in html
        assert f"/media/{one.pk}/download/" in html

    def test_a_voice_note_has_a_waveform_a_length_and_a_playable_copy(self, amara: Conversation, shown: Any) -> None:
        one = media(
            amara, "audio", state="stored", voice=True, duration=12.4, waveform=[0, 50, 100, 250, -4], playable="x.m4a"
        )
        html = shown()
        assert f'src="/media/{one.pk}/playable/"' in html
        assert ">0:12<" in html
        assert html.count("v25.0") > 1

    def test_a_document_shows_type_pages_and_size(self, amara: Conversation, shown: Any) -> None:
        media(amara, "document", state="stored", file_name="Fatura.pdf", extension=".pdf", pages=3, size=412_000)
        html = shown()
        assert ">PDF<" in html
        assert "3 pages · 412 kB" in html

    def test_the_type_on_the_tile_is_what_the_bytes_say(self, amara: Conversation, shown: Any) -> None:
        media(amara, "document", state="stored", file_name="invoice.pdf", extension=".exe", size=1)
        assert ">EXE<" in shown()


class MediaStateTests:
    def test_every_state_is_drawn(self, amara: Conversation, shown: Any) -> None:
        for kind in ("image", "video", "audio", "document", "sticker"):
            for state in Media.State.values:
                for preview in Media.PreviewState.values:
                    media(amara, kind, state=state, preview_state=preview)
        assert "data-message" in shown()
