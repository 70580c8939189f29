from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.http import content_disposition_header
from hypothesis import given
from hypothesis import strategies as st

from inbox.media import file_names
from inbox.media.file_names import clean, download_name
from inbox.models import Media, Message

NOW = datetime(2026, 11, 22, 10, 42, 5, tzinfo=UTC)


def named(name: str, extension: str = "", kind: str = "document") -> str:
    return download_name(Media(file_name=name, extension=extension, message=Message(kind=kind, sent_at=NOW)))


class DownloadNameTests:
    @pytest.mark.parametrize(
        ("name", "extension", "expected"),
        [
            ("Invoice 7.pdf", ".pdf", "Invoice 7.pdf"),
            ("Invoice 7.PDF", ".pdf", "Invoice 7.PDF"),
            ("photo.jpeg", ".jpg", "photo.jpeg"),
            ("photo.png", ".jpg", "photo.png.jpg"),
            ("report.html", ".pdf", "report.html.pdf"),
            ("prices.csv", ".txt", "prices.csv"),
            ("notes", ".txt", "notes.txt"),
            ("app.jar", ".zip", "app.jar"),
            ("holiday", ".jpg", "holiday.jpg"),
            ("old.doc", "", "old.doc"),
            ("", ".jpg", "document-20261122-104205.jpg"),
            ("", "", "document-20261122-104205"),
            ("relatório final.pdf", ".pdf", "relatório final.pdf"),
            ("عقد.pdf", ".pdf", "عقد.pdf"),
        ],
    )
    def test_it_works(self, name: str, extension: str, expected: str) -> None:
        assert named(name, extension) == expected

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("../../etc/passwd", "etc passwd"),
            ("..\\..\\win.ini", "win.ini"),
            ("a\0.pdf", "a .pdf"),
            ("inv\r\nSet-Cookie: a=b.pdf", "inv Set-Cookie a=b.pdf"),
            ('a";filename=evil.html;x=".pdf', "a ;filename=evil.html;x= .pdf"),
            ("\u202efdp.exe", "fdp.exe"),
            ("invoice\u202efdp.exe", "invoice fdp.exe"),
            (".htaccess", "htaccess"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("%2e%2e%2fx.pdf", "_2e_2e_2fx.pdf"),
            ("100% sure.pdf", "100% sure.pdf"),
            ("C:\\temp\\x?.pdf", "C temp x .pdf"),
            ("...", ""),
            (" \u200b ", ""),
        ],
    )
    def test_what_could_deceive_is_gone(self, name: str, expected: str) -> None:
        assert clean(name) == expected

    def test_a_long_name_keeps_its_extension(self) -> None:
        name = named("x" * 5000 + ".pdf", ".pdf")
        assert (len(name), name[-5:]) == (150, "x.pdf")
        assert len(named("x" * 5000, ".pdf")) == 150

    @given(st.text(max_size=400))
    def test_no_name_breaks_the_header(self, name: str) -> None:
        made = named(name, ".pdf")
        header = content_disposition_header(True, made)
        assert header is not None
        assert header.isascii()
        assert header.isprintable()
        assert header.startswith("attachment; filename")
        assert 0 < len(made) <= file_names.MAX_LENGTH
        assert not set(made) & set('/\\:*?"<>|\u202e\u2066')
