"""What a file is, from its beginning, its end, and its own directory in between."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path

import av
import pytest

from inbox.media import inspection
from inbox.media.content_types import FileType
from tests import samples

OFFICE = {
    ".docx": ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".xlsx": ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def type_of(content: bytes) -> FileType:
    return inspection.inspect(io.BytesIO(content)).file_type


def office(member: str, *, before: int = 0, after: int = 0) -> bytes:
    """A ZIP with this member behind so many bytes of a picture, and so many small parts behind it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("media/photo.jpg", bytes(before))
        archive.writestr(member, "<w/>")
        for part in range(after):
            archive.writestr(f"embedded/a-part-with-a-rather-long-name-{part:05}.xml", "")
    return file.getvalue()


def compound(*streams: str, at: int = 512) -> bytes:
    """A compound file whose directory, at this offset, names these streams ([MS-CFB])."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (at // 512 - 1).to_bytes(4, "little")
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return bytes(header).ljust(at, b"\0") + entries.ljust(1024, b"\0") + bytes(200_000)


def movie(codec: str, *, faststart: bool, brand: str = "isom") -> bytes:
    """A recording in an MP4 file whose directory stands behind its sound unless it is written for streaming."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        options = {"brand": brand, "movflags": "faststart"} if faststart else {"brand": brand}
        with av.open(file.name, "w", format="mp4", options=options) as out:
            stream = out.add_stream(codec, rate=48_000, layout="mono", bit_rate=64_000)
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.sample_rate = 48_000
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            for _ in range(900):
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return Path(file.name).read_bytes()


class InspectTests:
    def test_it_tells_size_and_digest_and_leaves_the_file_at_its_beginning(self) -> None:
        file = io.BytesIO(samples.pdf())

        found = inspection.inspect(file)

        assert (found.size, found.sha256) == (len(samples.pdf()), hashlib.sha256(samples.pdf()).hexdigest())
        assert file.tell() == 0

    @pytest.mark.parametrize("extension", OFFICE)
    @pytest.mark.parametrize(("before", "after"), [(0, 0), (300_000, 0), (300_000, 1500)])
    def test_an_office_file_is_told_wherever_its_list_of_parts_is(
        self, extension: str, before: int, after: int
    ) -> None:
        member, content_type = OFFICE[extension]

        assert type_of(office(member, before=before, after=after)) == FileType(content_type, extension)

    @pytest.mark.parametrize(
        ("streams", "content_type", "extension"),
        [
            (("WordDocument", "1Table"), "application/msword", ".doc"),
            (("Workbook",), "application/vnd.ms-excel", ".xls"),
            (("PowerPoint Document",), "application/vnd.ms-powerpoint", ".ppt"),
            (("__nameid_version1.0",), "application/vnd.ms-outlook", ".msg"),
            (("EncryptionInfo", "EncryptedPackage"), "application/encrypted", ""),
            (("Something",), "application/x-ole-storage", ""),
        ],
    )
    @pytest.mark.parametrize("at", [512, 90 * 512])
    def test_an_old_office_file_is_told_by_what_is_inside(
        self, streams: tuple[str, ...], content_type: str, extension: str, at: int
    ) -> None:
        assert type_of(compound(*streams, at=at)) == FileType(content_type, extension)

    def test_an_old_word_file_with_a_password_is_told(self) -> None:
        content = bytearray(compound("WordDocument", at=2048))
        content[512:514] = b"\xec\xa5"
        assert type_of(bytes(content)).content_type == "application/msword"
        content[523] |= 1

        assert type_of(bytes(content)).content_type == "application/encrypted"

    @pytest.mark.parametrize("faststart", [True, False])
    def test_a_recording_is_no_film_wherever_its_directory_stands(self, faststart: bool) -> None:
        assert type_of(movie("aac", faststart=faststart)) == FileType("audio/mp4", ".m4a")

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2"),
            (b"FORM\0\0\0\x20AIFFCOMM", "audio/aiff"),
            (b"\xd5" + bytes(32), "application/octet-stream"),
            ((b"\xd5" + bytes(32)) * 50, "audio/gsm"),
            (b"\r\n  \n%PDF-1.4\n1 0 obj\n%%EOF\n", "application/pdf"),
            (b"How PDF works: it begins with\n%PDF-1.4\n", "text/plain"),
        ],
    )
    def test_it_knows_rarer_files(self, content: bytes, content_type: str) -> None:
        assert (type_of(content).content_type or "application/octet-stream") == content_type

    def test_windows_media_with_and_without_pictures(self) -> None:
        asf = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(400)

        assert type_of(asf).extension == ".wma"
        assert type_of(asf + bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")).extension == ".wmv"
