from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.media.content_types import HEAD_BYTES, INLINE_TYPES, TAIL_BYTES, UNKNOWN, FileType, sniff
from tests import samples
from tests.conversions import film, fragmented_voice, heic

OFFICE = "application/vnd.openxmlformats-officedocument."


def type_of(content: bytes) -> FileType:
    return sniff(content[:HEAD_BYTES], content[-TAIL_BYTES:])


class MadeFilesTests:
    """Files as the libraries that people use write them."""

    def test_it_works(self) -> None:
        assert type_of(samples.picture()) == FileType("image/jpeg", ".jpg")

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (samples.picture("PNG"), "image/png"),
            (samples.picture("WEBP"), "image/webp"),
            (samples.animation("WEBP"), "image/webp"),
            (samples.animation("GIF"), "image/gif"),
            (samples.picture("TIFF"), "image/tiff"),
            (samples.sound("ogg", "libopus"), "audio/ogg"),
            (samples.sound("mp3", "libmp3lame"), "audio/mpeg"),
            (samples.sound("ipod", "aac"), "audio/mp4"),
            (samples.sound("adts", "aac"), "audio/aac"),
            (samples.sound("amr", "libopencore_amrnb", rate=8000), "audio/amr"),
            (samples.sound("wav", "pcm_s16le"), "audio/wav"),
            (samples.sound("flac", "flac"), "audio/flac"),
            (samples.video("mp4"), "video/mp4"),
            (samples.video("mov"), "video/quicktime"),
            (samples.video("3gp"), "video/3gpp"),
            (samples.video("matroska"), "video/x-matroska"),
            (samples.pdf(), "application/pdf"),
            (samples.archive(a_dot_txt="x"), "application/zip"),
            (samples.docx(), f"{OFFICE}wordprocessingml.document"),
            (samples.archive(_Content_Types_dot_xml="", xl__workbook_dot_xml=""), f"{OFFICE}spreadsheetml.sheet"),
            (
                samples.archive(_Content_Types_dot_xml="", ppt__presentation_dot_xml=""),
                f"{OFFICE}presentationml.presentation",
            ),
            (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "application/epub+zip"),
        ],
    )
    def test_each_is_known_by_its_bytes(self, content: bytes, expected: str) -> None:
        assert type_of(content).content_type == expected

    def test_a_document_is_known_by_the_directory_at_its_end(self) -> None:
        content = samples.archive(media__image1_dot_png=bytes(range(256)) * 400, word__document_dot_xml="<w/>")
        head, tail = content[:64], content[-TAIL_BYTES:]
        assert sniff(head, tail).extension == ".docx"


class TextTests:
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"name;phone\r\nAna;1\r\n", "text/plain"),
            ("Olá, já está \U0001f600".encode(), "text/plain"),
            (b"\xef\xbb\xbfwith a mark", "text/plain"),
            (b"begin:vcard\nVERSION:3.0\n", "text/vcard"),
            (b"BEGIN:VCALENDAR\n", "text/calendar"),
            (b"<!DOCTYPE html><p>", "text/html"),
            (b" \n\t<HTML>", "text/html"),
            (b"<script>alert(1)</script>", "text/html"),
            (b"<!-- x --><svg onload=alert(1)>", "image/svg+xml"),
            (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
            (b'<?xml version="1.0"?><gpx>', "text/xml"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
            (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "text/plain"),
            (b"caf\xe9 in Latin-1", "text/plain"),
            ("Заказ готов".encode("cp1251"), "text/plain"),
            ("ご注文の品".encode("shift_jis"), "text/plain"),
            ("nombre;dirección\r\n".encode("utf-16"), "text/plain"),
            ("nombre;dirección\r\n".encode("utf-16-le"), "text/plain"),
            ("<html><p>ñ".encode("utf-16"), "text/html"),
            (b"caf\xe9" + b" au lait" * 4000 + b"\x00\x01", ""),
            (b"text\x00with a NUL", ""),
            (b"", ""),
            (b"   \n", ""),
        ],
    )
    def test_it_tells_text_from_markup(self, content: bytes, expected: str) -> None:
        assert type_of(content).content_type == expected

    def test_a_character_cut_by_the_end_of_the_head_is_still_text(self) -> None:
        assert sniff(("x" + "é" * HEAD_BYTES).encode()[:HEAD_BYTES]).content_type == "text/plain"


class HostileTests:
    @pytest.mark.parametrize(
        "content",
        [
            b"<html><body>I am a PDF",
            b"<svg onload=alert(1)>",
            b"MZ\x90\x00",
            b"\x7fELF",
            b"RIFF\x00\x00\x00\x00XXXX",
            b"not %PDF-1.4",
            b"\xff\xfe<\x00h\x00t\x00m\x00l\x00",
        ],
    )
    def test_nothing_of_this_is_shown_in_place(self, content: bytes) -> None:
        assert type_of(content).content_type not in INLINE_TYPES

    def test_a_gif_that_is_also_html_is_a_gif(self) -> None:
        assert type_of(b"GIF89a/*<html><script>alert(1)</script>*/").content_type == "image/gif"

    def test_no_type_of_markup_or_program_is_ever_shown_in_place(self) -> None:
        assert not {kind for kind in INLINE_TYPES if kind.startswith("text/") or "xml" in kind or "html" in kind}

    @given(st.binary(max_size=200), st.binary(max_size=50))
    def test_no_bytes_make_it_fail(self, head: bytes, tail: bytes) -> None:
        found = sniff(head, tail)
        assert found == UNKNOWN or found.content_type


class RecordedSoundTests:
    """Films and sounds come in the same containers; browsers record voices in both."""

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (samples.sound("webm"), FileType("audio/webm", ".weba")),
            (samples.sound("matroska"), FileType("audio/x-matroska", ".mka")),
            (
                film("webm", "libvpx", frames=2, options={}, sounds=(("libopus", "mono"),)),
                FileType("video/webm", ".webm"),
            ),
            (samples.video("matroska"), FileType("video/x-matroska", ".mkv")),
        ],
    )
    def test_it_tells_sound_from_film(self, content: bytes, expected: FileType) -> None:
        assert type_of(content) == expected

    def test_a_voice_recorded_by_safari_is_sound(self) -> None:
        parts = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        assert type_of(film(muxer=parts)).content_type == "video/mp4"
        assert type_of(fragmented_voice(parts)) == FileType("audio/mp4", ".m4a")

    def test_a_track_list_that_is_not_whole_proves_nothing(self) -> None:
        content = fragmented_voice({"movflags": "frag_keyframe+empty_moov+default_base_moof"})
        assert sniff(content[: content.index(b"soun") + 20]).content_type == "video/mp4"


class PictureTests:
    def test_a_bitmap_is_known_by_more_than_two_letters(self) -> None:
        assert type_of(samples.picture("BMP")) == FileType("image/bmp", ".bmp")
        assert type_of(b"BMW is a maker of cars, this is text").content_type == "text/plain"

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (heic(), "image/heic"),
            (samples.picture("AVIF"), "image/avif"),
            (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
            (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "image/avif"),
        ],
    )
    def test_it_tells_the_pictures_of_iso_media(self, content: bytes, expected: str) -> None:
        assert type_of(content).content_type == expected
