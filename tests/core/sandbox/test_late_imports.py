"""What is imported or opened after the lock fails there, and often only with some files: it has to be found here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.sandbox import Limits, Lock, child_process
from inbox.media import conversion
from inbox.media.previews import preview_jobs
from inbox.media.sandboxed import conversion as conversion_work
from inbox.media.sandboxed import document_text
from inbox.media.sandboxed import previews as preview_work
from inbox.media.sandboxed.document_text.child import READERS
from tests import conversions, samples
from tests.inbox.media.sandboxed.document_text import documents
from whatsapp.events import Kind

KOREAN_MAIL = b"Subject: =?euc-kr?q?=BE=C8=B3=E7?=\nContent-Type: text/plain; charset=euc-kr\n\n\xbe\xc8\xb3\xe7\n"


def card(name: str, encoding: str) -> bytes:
    return f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nNOTE:{name} {name}\nEND:VCARD\n".encode(encoding)


#: What is drawn: type and file.
DRAWN: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": ("image/jpeg", samples.photo_from_a_phone),
    "PNG": ("image/png", lambda: samples.picture("PNG")),
    "WebP": ("image/webp", lambda: samples.animation("WEBP")),
    "GIF": ("image/gif", lambda: samples.animation("GIF")),
    "HEIC": ("image/heic", conversions.heic),
    "HEIF": ("image/heif", conversions.heic),
    "AVIF": ("image/avif", lambda: samples.picture("AVIF")),
    "TIFF": ("image/tiff", lambda: samples.picture("TIFF")),
    "BMP": ("image/bmp", lambda: samples.picture("BMP")),
    "JPEG 2000": ("image/jp2", lambda: samples.picture("JPEG2000")),
    "JPEG 2000 codestream": ("image/j2c", lambda: samples.picture("JPEG2000", no_jp2=True)),
    "MP4": ("video/mp4", samples.video),
    "WebM": ("video/webm", lambda: conversions.film("webm", "libvpx", options={})),
    "voice note": ("audio/ogg", samples.sound),
    "MP3": ("audio/mpeg", lambda: conversions.tone("mp3", "libmp3lame")),
    "PDF": ("application/pdf", samples.pdf),
    "Word": (document_text.WORD, documents.word),
    "Excel": (document_text.EXCEL, documents.sheet),
    "PowerPoint": (document_text.POWERPOINT, documents.slides),
    "OpenDocument": (document_text.OPEN_TEXT, documents.open_text),
    "e-mail": (document_text.EMAIL, documents.mail),
    "e-mail in Korean": (document_text.EMAIL, lambda: KOREAN_MAIL),
    "contact card": (document_text.CARD, lambda: documents.CARDS),
    "contact card in Russian": (document_text.CARD, lambda: card("Привет, дорогой друг", "koi8-r")),
    "contact card in Japanese": (document_text.CARD, lambda: card("今日はいい天気ですね", "euc-jp")),
    "contact card in UTF-32": (document_text.CARD, lambda: card("Zoë", "utf-32")),
}
#: What is converted: form, type and file.
CONVERTED: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "JPEG": ("image", "image/jpeg", samples.photo_from_a_phone),
    "PNG": ("image", "image/png", lambda: samples.picture("PNG")),
    "WebP": ("image", "image/webp", lambda: samples.picture("WEBP")),
    "GIF": ("image", "image/gif", lambda: samples.animation("GIF")),
    "HEIC": ("image", "image/heic", conversions.heic),
    "AVIF": ("image", "image/avif", lambda: samples.picture("AVIF")),
    "TIFF": ("image", "image/tiff", lambda: samples.picture("TIFF")),
    "BMP": ("image", "image/bmp", lambda: samples.picture("BMP")),
    "JPEG 2000": ("image", "image/jp2", lambda: samples.picture("JPEG2000")),
    "sticker of a photo": ("sticker", "image/jpeg", samples.photo_from_a_phone),
    "sticker of a HEIC": ("sticker", "image/heic", conversions.heic),
    "sticker that moves": ("sticker", "image/gif", lambda: samples.animation("GIF")),
    "GIF as a film": ("video", "image/gif", lambda: samples.animation("GIF")),
    "film copied": ("video", "video/mp4", samples.video),
    "film encoded": ("video", "video/webm", lambda: conversions.film("webm", "libvpx", options={})),
    "voice note": ("voice", "audio/mpeg", lambda: conversions.tone("mp3", "libmp3lame")),
    "sound": ("audio", "audio/flac", lambda: conversions.tone("flac", "flac", layout="stereo")),
}


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "CHILD", "tests.core.sandbox.watched_child")


def touched(
    folder: Path, work: str, content: bytes, *arguments: str, limits: Limits, outputs: tuple[str, ...]
) -> list[list[str]]:
    """What the work opened and imported after the lock, besides the files that are its own and folders of fonts."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    target.mkdir()
    found = child_process.start(Lock.CLOSED, work, source, target, *arguments, limits=limits, outputs=outputs)
    assert "done" in found["found"], found
    own = {str(source), *(str(target / name) for name in outputs)}
    seen = [(event, what) for event, what in found["seen"] if what not in own]
    assert len(seen) < len(found["seen"]), "it opened the file"
    return [list(pair) for pair in seen if "/fonts" not in pair[1]]


class LateTests:
    @pytest.mark.parametrize("name", DRAWN)
    def test_drawing_has_all_it_needs(self, tmp_path: Path, name: str) -> None:
        content_type, content = DRAWN[name]
        work, limits, outputs = preview_work.work_for(content_type), preview_work.LIMITS, preview_work.OUTPUTS
        assert touched(tmp_path, work, content(), content_type, limits=limits, outputs=outputs) == []

    def test_pages_have_all_they_need(self, tmp_path: Path) -> None:
        work, limits = "inbox.media.sandboxed.previews.pdf:draw_pages", preview_work.LIMITS
        assert touched(tmp_path, work, samples.pdf(), "1", "1", limits=limits, outputs=("1.webp",)) == []

    @pytest.mark.parametrize("name", CONVERTED)
    def test_converting_has_all_it_needs(self, tmp_path: Path, name: str) -> None:
        form, content_type, content = CONVERTED[name]
        work, outputs = conversion_work.work_for(form, content_type), tuple(conversion.MADE.values())
        limits = conversion_work.LIMITS
        assert touched(tmp_path, work, content(), content_type, limits=limits, outputs=outputs) == []

    def test_every_kind_of_work_is_tried(self) -> None:
        forms = {kind: [str(kind)] for kind in conversion.SOURCES} | {Kind.AUDIO: ["audio", "voice"]}
        works = {preview_work.work_for(content_type) for content_type in preview_jobs.DRAWABLE_TYPES} | {
            conversion_work.work_for(form, content_type)
            for kind, content_types in conversion.SOURCES.items()
            for content_type in content_types
            for form in forms[kind]
        }
        tried = {preview_work.work_for(content_type) for content_type, _ in DRAWN.values()}
        tried |= {conversion_work.work_for(form, content_type) for form, content_type, _ in CONVERTED.values()}
        assert works == tried

    def test_every_type_is_drawn_whose_decoder_is_pythons_to_import(self) -> None:
        """Pillow's and ours; FFmpeg's are all in one library."""
        tried = {content_type for content_type, _ in DRAWN.values()}
        assert {one for one in preview_jobs.DRAWABLE_TYPES if one.startswith("image/")} <= tried
        assert set(READERS.values()) == {READERS[one] for one in tried & READERS.keys()}
