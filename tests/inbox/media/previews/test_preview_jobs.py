from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from inbox import conversations
from inbox.media import jobs
from inbox.media.previews import preview_jobs
from inbox.models import Conversation, Media, Message
from tests import samples
from tests.databases import somebody_waits
from tests.media_rows import drawn, own_files, stored
from tests.servers import in_own_connection, wait_until
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]


@pytest.mark.django_db
class MakeTests:
    def test_the_list_says_how_long_a_voice_note_is(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.sound(), kind="audio", voice=True)
        assert Conversation.objects.get().last_message_preview == "Voice 0:02"
        assert row.message.changed_xid

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "cp1251", "shift_jis"])
    def test_all_that_a_text_says_is_kept_whatever_its_encoding(self, number: PhoneNumber, encoding: str) -> None:
        text = {"cp1251": "Заказ готов, приходите завтра. ", "shift_jis": "ご注文の品が届きました。"}.get(
            encoding, "Está pronta a bicicleta, já não há travões à mão. "
        )
        row = drawn(number, (text * 200).encode(encoding), file_name="a.txt")

        assert (row.preview_state, row.content_type) == (Media.PreviewState.READY, "text/plain")
        assert row.excerpt == (text * 200).strip()

    def test_a_document_with_a_password_is_named_as_such(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.protected(), file_name="salaries.docx")

        assert row.preview_error == "This document is protected by a password."

    def test_it_is_done_once(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.picture(), kind="image")
        default_storage.delete(row.thumbnail.name)
        preview_jobs.make(row.pk)
        assert not default_storage.exists(row.thumbnail.name)

    def test_what_is_not_stored_is_left_alone(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number)
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert (row.preview_state, row.attempts) == (Media.PreviewState.NONE, 0)

    def test_two_workers_one_row(self, number: PhoneNumber) -> None:
        row = stored(number, samples.picture(), kind="image")
        Media.objects.update(attempts=1, next_try_at=timezone.now() + preview_jobs.LEASE)  # another worker has it
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert row.preview_state == Media.PreviewState.NONE
        Media.objects.update(next_try_at=timezone.now())  # which died
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert row.preview_state == Media.PreviewState.READY

    def test_a_file_that_was_fetched_again_meanwhile_is_not_judged_by_the_old_one(
        self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = stored(number, b"\xff\xd8\xff cut off", kind="image")
        read = os.fdopen

        def fetched_meanwhile(*args: Any, **options: Any) -> Any:
            monkeypatch.undo()
            again = {"stored_at": timezone.now(), "attempts": 0, "next_try_at": None}
            assert Media.objects.filter(pk=row.pk).update(**again)
            return read(*args, **options)

        monkeypatch.setattr(os, "fdopen", fetched_meanwhile)
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert (row.preview_state, row.preview_error) == (Media.PreviewState.NONE, "")

    def test_a_storage_that_is_away_burns_no_attempt(self, number: PhoneNumber, tmp_path: Path) -> None:
        row = stored(number, samples.picture(), kind="image")
        (tmp_path / "files" / "media").rename(tmp_path / "elsewhere")
        (tmp_path / "files" / "media").write_text("in the way")
        for _ in range(preview_jobs.MAX_CRASHES + 2):
            Media.objects.update(next_try_at=timezone.now())
            preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert (row.preview_state, row.attempts) == (Media.PreviewState.NONE, 0)
        assert row.next_try_at is not None
        assert row.next_try_at > timezone.now()
        (tmp_path / "files" / "media").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "files" / "media")
        Media.objects.update(next_try_at=timezone.now(), stored_at=timezone.now() - jobs.PREVIEW_GRACE)
        jobs.sweep()
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert row.preview_state == Media.PreviewState.READY

    def test_what_a_killed_worker_left_is_deleted(self, number: PhoneNumber, settings: Any, tmp_path: Path) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        old, young, other = (tmp_path / name for name in ("inbox-media-1", "inbox-media-2", "another"))
        for directory in (old, young, other):
            directory.mkdir()
            (directory / "source").write_bytes(b"a customer's photo")
        for directory in (old, other):
            os.utime(directory, (0, 0))
        drawn(number, samples.picture(), kind="image")
        assert (old.exists(), young.exists(), other.exists()) == (False, True, True)
        assert len(list(tmp_path.glob("inbox-media-*"))) == 1

    def test_another_worker_that_finishes_meanwhile_is_no_trouble(
        self, number: PhoneNumber, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        (tmp_path / "inbox-media-1").mkdir()
        look = os.scandir

        def look_while_it_vanishes(path: Any) -> list[os.DirEntry[str]]:
            monkeypatch.undo()
            entries = list(look(path))
            (tmp_path / "inbox-media-1").rmdir()
            return entries

        row = stored(number, samples.picture(), kind="image")
        monkeypatch.setattr(os, "scandir", look_while_it_vanishes)
        preview_jobs.make(row.pk)
        assert not (tmp_path / "inbox-media-1").exists()
        row.refresh_from_db()
        assert (row.preview_state, row.preview_error) == (Media.PreviewState.READY, "")

    def test_a_machine_without_a_temporary_folder_says_nothing_of_the_file(
        self, number: PhoneNumber, settings: Any, tmp_path: Path
    ) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "unmounted")
        row = drawn(number, samples.picture(), kind="image")
        assert (row.preview_state, row.attempts, row.preview_error) == (Media.PreviewState.NONE, 0, "")

    def test_a_missing_file_is_said_plainly(self, number: PhoneNumber) -> None:
        row = stored(number, samples.picture(), kind="image")
        default_storage.delete(row.file.name)
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert "missing" in row.preview_error

    def test_a_child_that_dies_is_tried_three_times(
        self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dying = tmp_path / "python"
        dying.write_text("#!/bin/sh\nkill -SEGV $$\n")
        dying.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(dying))
        row = stored(number, samples.picture(), kind="image")
        states = []
        for _ in range(preview_jobs.MAX_CRASHES + 1):
            Media.objects.update(next_try_at=None)
            preview_jobs.make(row.pk)
            row.refresh_from_db()
            states.append(row.preview_state)
        assert states == ["none", "none", "none", "impossible"]
        assert "several times" in row.preview_error

    def test_a_full_disk_burns_no_attempt(
        self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
        row = drawn(number, samples.picture(), kind="image")
        assert (row.preview_state, row.attempts) == (Media.PreviewState.NONE, 0)

    def test_without_a_sandbox_nothing_is_decoded_and_that_is_said(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch, no_sandbox: None
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/nothing/is/started")
        row = drawn(number, samples.picture(), kind="image")
        assert (row.preview_state, row.preview_error) == (Media.PreviewState.NONE, "Previews are off on this server.")
        assert (row.attempts, row.next_try_at, row.thumbnail.name) == (0, None, "")
        assert row.message.changed_xid

    def test_what_waited_for_a_sandbox_is_drawn_once_there_is_one(self, number: PhoneNumber) -> None:
        row = stored(number, samples.picture(), kind="image", preview_error=preview_jobs.PREVIEWS_ARE_OFF)
        preview_jobs.make(row.pk)
        row.refresh_from_db()
        assert (row.preview_state, row.preview_error) == (Media.PreviewState.READY, "")

    def test_text_needs_no_sandbox(self, number: PhoneNumber, no_sandbox: None) -> None:
        assert drawn(number, b"Hello there").excerpt == "Hello there"

    @pytest.mark.parametrize(
        "script",
        [
            "ln -s /etc/passwd $6/result.json",
            'echo "[1]" > $6/result.json',
            "head -c 300000 /dev/zero > $6/result.json",
            'echo "{\\"done\\": {\\"thumbnail\\": [1, 1]}}" > $6/result.json; ln -s /etc/passwd $6/thumbnail.webp',
            'echo "{\\"done\\": {\\"thumbnail\\": [1, 1]}}" > $6/result.json; echo "<html>" > $6/thumbnail.webp',
            'echo "{\\"done\\": {\\"copy\\": \\"audio/mp4\\"}}" > $6/result.json; echo "<html>" > $6/playable.m4a',
            "mkfifo $6/result.json",
            "true",
        ],
    )
    def test_a_child_that_was_taken_over_is_not_believed(
        self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        hostile = tmp_path / "python"
        hostile.write_text(f"#!/bin/sh\n{script}\n")
        hostile.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(hostile))
        row = drawn(number, samples.picture(), kind="image")
        assert (row.preview_state, row.attempts) == (Media.PreviewState.NONE, 1)
        assert not (tmp_path / "files" / "previews").exists()

    def test_nonsense_in_the_result_is_left_out(
        self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = '{"width": -1, "height": 1e99, "pages": 3, "duration": NaN, "waveform": [101], '
        facts += '"excerpt": "a\\u0000\\ud83d"}'
        liar = tmp_path / "python"
        liar.write_text(f"#!/bin/sh\ncat > $6/result.json << 'END'\n{{\"done\": {facts}}}\nEND\n")
        liar.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(liar))
        row = drawn(number, samples.pdf())
        assert (row.width, row.height, row.pages, row.duration, row.waveform) == (None, None, 3, None, [])
        assert row.excerpt == "a ?"

    def test_it_is_told_no_secrets(self, number: PhoneNumber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "CANARY")
        snoop = tmp_path / "python"
        snoop.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\n")
        snoop.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(snoop))
        drawn(number, samples.picture(), kind="image")
        words = (tmp_path / "environment").read_text()
        assert "CANARY" not in words
        assert not {"DATA_DIR", "SECRET_KEY", "DATABASE_URL"} & {line.partition("=")[0] for line in words.splitlines()}
        assert os.environ["S3_SECRET_ACCESS_KEY"] == "CANARY"


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_the_conversation_before_it_holds_the_message(number: PhoneNumber) -> None:
    """As everything else does: whoever sends the message would be the victim of the deadlock."""
    row = stored(number, samples.picture(), kind="image")
    worker = threading.Thread(target=in_own_connection, args=(preview_jobs.make, row.pk))
    with transaction.atomic():
        conversations.open_and_lock([], [row.message.conversation_id])
        worker.start()
        wait_until(somebody_waits)
        Message.objects.filter(pk=row.message_id).update(text="Look!")
    worker.join(60)
    row.refresh_from_db()
    assert row.preview_state == Media.PreviewState.READY
