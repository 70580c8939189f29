from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as project

from inbox.media.conversion import ConversionCrashError
from tests import samples
from tests.conversions import Desk, desk
from whatsapp.events import Kind

__all__ = ["desk"]


def stand_in(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Another program runs instead of the child: its sixth argument is where results go."""
    program = directory / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


class ConvertTests:
    def test_it_may_be_repeated(self, desk: Desk) -> None:
        first, made = desk.made(samples.picture("WEBP"), Kind.IMAGE)
        second, again = desk.made(samples.picture("WEBP"), Kind.IMAGE)
        assert first.path != second.path
        assert made == again

    @pytest.mark.parametrize("content", [samples.picture("WEBP"), samples.video(), samples.docx(), b"\x00\x01"])
    def test_a_document_is_not_touched(self, desk: Desk, content: bytes) -> None:
        converted = desk.convert(content, Kind.DOCUMENT)
        assert (converted.path, converted.refusal) == (None, "")

    def test_a_photo_as_a_document_keeps_its_place_and_that_is_said(self, desk: Desk) -> None:
        (change,) = desk.convert(samples.photo_from_a_phone(), Kind.DOCUMENT).changes
        assert "location" in change
        assert desk.convert(samples.docx(), Kind.DOCUMENT).changes == ()

    @pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.STICKER, Kind.DOCUMENT])
    def test_an_empty_file_is_refused(self, desk: Desk, kind: Kind) -> None:
        assert desk.convert(b"", kind).refusal == "This file is empty."

    @pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.STICKER])
    def test_what_cannot_become_that_kind_gets_a_sentence(self, desk: Desk, kind: Kind) -> None:
        converted = desk.convert(samples.pdf(), kind)
        assert (converted.path, converted.changes) == (None, ())
        assert converted.refusal.endswith(".")

    def test_more_than_whatsapp_carries_is_refused(self, desk: Desk) -> None:
        source = desk.directory / "source"
        source.touch()
        os.truncate(source, 100 * 1024 * 1024 + 1)
        from inbox.media import conversion

        for kind in (Kind.DOCUMENT, Kind.VIDEO):
            assert "100 MB" in conversion.convert(source, "video/mp4", kind, desk.directory).refusal


class WithoutSandboxTests:
    def test_what_would_have_to_be_opened_is_refused_with_the_way_out(self, desk: Desk, no_sandbox: None) -> None:
        refusal = desk.convert(samples.picture(), Kind.IMAGE).refusal
        assert refusal == "Files can’t be converted on this server. It can be sent as a document."

    def test_a_document_goes_as_it_is(self, desk: Desk, no_sandbox: None) -> None:
        assert desk.convert(samples.docx(), Kind.DOCUMENT).refusal == ""


class CrashTests:
    def test_a_child_that_dies_is_said_to_have_died(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path, monkeypatch, "kill -SEGV $$")
        with pytest.raises(ConversionCrashError):
            desk.convert(samples.picture("WEBP"), Kind.IMAGE)
        assert [entry.name for entry in desk.directory.iterdir()] == ["source"]

    def test_a_child_out_of_processor_time_would_run_out_again(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path, monkeypatch, "kill -XCPU $$")
        assert "too long" in desk.convert(samples.picture("WEBP"), Kind.IMAGE).refusal

    @pytest.mark.parametrize(
        "script",
        [
            "true",
            "mkfifo $6/result.json",
            'echo "[1]" > $6/result.json',
            "ln -s /etc/passwd $6/result.json",
            'echo "{}" > $6/result.json',
            'echo "{\\"done\\": {\\"content_type\\": \\"text/html\\"}}" > $6/result.json',
            'echo "{\\"done\\": {\\"content_type\\": \\"text/html\\", \\"file\\": \\"x\\"}}" > $6/result.json; '
            'echo "<html>" > $6/x',
            'echo "{\\"done\\": {\\"content_type\\": \\"image/jpeg\\", \\"file\\": \\"/etc/passwd\\"}}" '
            "> $6/result.json",
            'echo "{\\"done\\": {\\"content_type\\": \\"image/jpeg\\", \\"file\\": \\"x\\"}}" > $6/result.json; '
            "ln -s /etc/passwd $6/converted.jpg",
            'echo "{\\"done\\": {\\"content_type\\": \\"image/jpeg\\", \\"file\\": \\"x\\"}}" > $6/result.json; '
            'echo "<html>" > $6/converted.jpg',
            'echo "{\\"done\\": {\\"content_type\\": \\"image/jpeg\\", \\"file\\": \\"x\\"}}" > $6/result.json; '
            "printf '\\377\\330\\377' > $6/converted.jpg; truncate -s 6M $6/converted.jpg",
        ],
    )
    def test_a_child_that_was_taken_over_is_not_believed(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        stand_in(tmp_path, monkeypatch, script)
        with pytest.raises(ConversionCrashError):
            desk.convert(samples.picture("WEBP"), Kind.IMAGE)
        assert [entry.name for entry in desk.directory.iterdir()] == ["source"]

    def test_nonsense_in_the_result_is_left_out(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = '{"content_type": "image/jpeg", "width": -1, "height": 1e99, "duration": NaN, "animated": "yes", '
        facts += '"changes": ["a\\u0000\\ud83d\\nb", ' + ", ".join(['"x"'] * 50) + "]}"
        stand_in(tmp_path, monkeypatch, f"cat > $6/result.json << 'END'\n{{\"done\": {facts}}}\nEND")
        converted = desk.convert(samples.picture(), Kind.IMAGE)
        assert (converted.width, converted.height, converted.duration, converted.animated) == (None, None, None, None)
        assert converted.changes[0] == "a ? b"
        assert len(converted.changes) < 10

    def test_it_is_told_no_secrets(self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "CANARY")
        stand_in(tmp_path, monkeypatch, f"env > {tmp_path}/environment")
        with pytest.raises(ConversionCrashError):
            desk.convert(samples.picture(), Kind.IMAGE)
        words = (tmp_path / "environment").read_text()
        assert "CANARY" not in words
        assert "DATABASE" not in words


class ChildTests:
    """The process by itself: what it may use, and what it gets to know."""

    def test_it_loads_neither_django_nor_boto(self) -> None:
        imports = "from inbox.media.sandboxed.conversion import animations, films, pictures, sounds, stickers"
        heavy = "[name for name in ('django', 'boto3', 'requests') if name in sys.modules]"
        script = f"import sys; {imports}; print({heavy})"
        found = subprocess.run(
            [sys.executable, "-c", script], cwd=project.BASE_DIR, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == "[]"
