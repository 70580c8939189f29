"""Copies of films that not every browser plays."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import av
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.media import conversion, jobs
from inbox.media.previews import playable_copies
from inbox.models import Agent, Media
from tests import samples
from tests.media_rows import drawn, own_files
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]

pytestmark = pytest.mark.django_db


def copied(number: PhoneNumber, content: bytes, kind: str = "document") -> Media:
    """A film that was drawn and then copied."""
    row = drawn(number, content, kind=kind, file_name="film.mov")
    assert row.preview_state == Media.PreviewState.COPYING
    playable_copies.make(row.pk)
    row.refresh_from_db()
    return row


class MakeTests:
    def test_without_a_sandbox_it_waits(self, number: PhoneNumber, request: pytest.FixtureRequest) -> None:
        row = drawn(number, samples.video("mov"), kind="document", file_name="film.mov")
        request.getfixturevalue("no_sandbox")
        playable_copies.make(row.pk)
        row.refresh_from_db()
        assert (row.preview_state, row.preview_error, row.attempts) == (Media.PreviewState.COPYING, "", 0)
        assert row.next_try_at is not None

    @pytest.mark.parametrize(
        "content",
        [
            samples.video("mov"),
            samples.video("webm", codec="libvpx"),
            samples.video("matroska"),
            samples.video("mp4", codec="mpeg4"),
        ],
        ids=["mov", "webm", "mkv", "mpeg4"],
    )
    def test_it_plays_from_an_mp4_with_h264(self, number: PhoneNumber, content: bytes) -> None:
        row = copied(number, content)

        assert (row.preview_state, row.preview_error) == (Media.PreviewState.READY, "")
        assert row.playable.name == f"previews/{row.pk}.mp4"
        with row.playable.open() as file, av.open(io.BytesIO(file.read())) as film:
            assert film.streams.video[0].codec_context.codec.canonical_name == "h264"
            assert film.streams.audio[0].codec_context.codec.canonical_name == "aac"
        assert row.file.read() == content

    def test_the_page_plays_the_copy_and_offers_the_file(
        self, number: PhoneNumber, client: Client, alice: Agent
    ) -> None:
        row = copied(number, samples.video("mov"))
        client.force_login(alice)

        html = client.get(f"/media/{row.pk}/view/").content.decode()
        copy = client.get(f"/media/{row.pk}/playable/", follow=True)

        assert f'<video src="/media/{row.pk}/playable/"' in html
        assert f'href="/media/{row.pk}/download/"' in html
        assert copy.headers["Content-Type"] == "video/mp4"

    def test_while_it_is_made_the_page_says_so_and_has_no_play_button(
        self, number: PhoneNumber, client: Client, alice: Agent
    ) -> None:
        row = drawn(number, samples.video("mov"), kind="video")
        client.force_login(alice)

        html = client.get(f"/conversations/{row.message.conversation_id}/").content.decode()

        assert "A version that plays here is being prepared." in html
        assert "data-video" not in html

    def test_one_that_cannot_be_converted_says_so(
        self, number: PhoneNumber, client: Client, alice: Agent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused = conversion.Converted(None, "video/quicktime", ".mov", refusal="Too long.")
        monkeypatch.setattr(conversion, "convert", lambda *_arguments, **_options: refused)
        row = copied(number, samples.video("mov"), kind="video")
        client.force_login(alice)

        html = client.get(f"/conversations/{row.message.conversation_id}/").content.decode()

        assert (row.preview_state, row.playable.name) == (Media.PreviewState.READY, "")
        assert "This video can’t be played here. Download it to watch it." in html
        assert "data-video" not in html

    def test_a_crash_is_tried_again_and_given_up_after_three(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_arguments: object, **_options: object) -> None:
            raise conversion.ConversionCrashError("ended with -9")

        monkeypatch.setattr(conversion, "convert", crash)
        row = drawn(number, samples.video("mov"))
        for attempt in range(1, playable_copies.MAX_CRASHES + 1):
            playable_copies.make(row.pk)
            row.refresh_from_db()
            assert (row.preview_state, row.attempts) == (Media.PreviewState.COPYING, attempt)
        playable_copies.make(row.pk)
        row.refresh_from_db()

        assert (row.preview_state, row.preview_error) == (Media.PreviewState.READY, playable_copies.UNPLAYABLE)

    def test_it_is_done_once_and_by_one(self, number: PhoneNumber) -> None:
        row = copied(number, samples.video("mov"))
        default_storage.delete(row.playable.name)
        playable_copies.make(row.pk)
        assert not default_storage.exists(row.playable.name)

        Media.objects.update(preview_state="copying", next_try_at=timezone.now() + playable_copies.LEASE)
        playable_copies.make(row.pk)
        assert not default_storage.exists(row.playable.name)

    def test_a_storage_that_is_away_costs_no_attempt(self, number: PhoneNumber, tmp_path: Path) -> None:
        row = drawn(number, samples.video("mov"))
        (tmp_path / "files").rename(tmp_path / "elsewhere")

        playable_copies.make(row.pk)

        row.refresh_from_db()
        assert (row.preview_state, row.attempts) == (Media.PreviewState.COPYING, 0)
        assert row.next_try_at > timezone.now()

    def test_the_sweep_puts_back_a_job_that_got_lost(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.video("mov"))
        ProcrastinateJob.objects.all().delete()
        Media.objects.update(stored_at=timezone.now() - timedelta(minutes=5))

        jobs.sweep()

        assert ProcrastinateJob.objects.get(status="todo").queueing_lock == f"make_copy:{row.pk}"
