from __future__ import annotations

import pytest
from django.test import Client

from inbox.media import text_preview
from inbox.media.storage import media_storage
from inbox.models import Agent
from tests.media_rows import own_files, stored
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]

pytestmark = pytest.mark.django_db


class WordsTests:
    @pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "mac-roman"])
    def test_a_table_in_an_older_encoding_is_read(self, number: PhoneNumber, encoding: str) -> None:
        lines = "peça;preço;observação\nCorreia à mão;12 €;já não há em armazém\nTravões;7 €;não é preciso\n"
        row = stored(number, lines.encode(encoding), file_name="peças.csv")

        assert row.content_type == "text/plain"
        assert text_preview.read(row).rows[1] == ["Correia à mão", "12 €", "já não há em armazém"]

    def test_a_character_cut_in_two_at_the_end_is_left_out(self, number: PhoneNumber) -> None:
        content = ("x" * (text_preview.LIMIT // 2 - 1) + "\U0001f600").encode("utf-16-le")
        row = stored(number, content, file_name="a.txt", size=len(content), content_type="text/plain")

        assert text_preview.read(row).text == "x" * (text_preview.LIMIT // 2 - 1)

    def test_text_is_shown_as_it_was_written(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, "Grüße\r\n  <script>alert(1)</script>\n".encode(), file_name="a.txt")
        client.force_login(alice)
        html = client.get(f"/media/{row.pk}/view/").content.decode()
        assert "Grüße\n  &lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<script>alert" not in html

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_a_table_is_a_table(self, number: PhoneNumber, delimiter: str) -> None:
        lines = ["name,price", '"Cargo ""2""",4.900', "short"]
        row = stored(number, "\n".join(lines).replace(",", delimiter).encode(), file_name="Preise.CSV")
        assert text_preview.read(row).rows == [["name", "price"], ['Cargo "2"', "4.900"], ["short", ""]]

    def test_a_cell_is_escaped(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, b"a,b\n<img src=x onerror=alert(1)>,=cmd()\n", file_name="a.csv")
        client.force_login(alice)
        html = client.get(f"/media/{row.pk}/view/").content.decode()
        assert '<td dir="auto">&lt;img src=x onerror=alert(1)&gt;</td>' in html

    def test_words_that_are_no_table_stay_words(self, number: PhoneNumber) -> None:
        assert text_preview.read(stored(number, b"only one column\n", file_name="a.csv")).text == "only one column\n"

    def test_a_cell_too_large_for_a_table_is_text(self, number: PhoneNumber) -> None:
        row = stored(number, b"a,b\n" + b"x" * 150_000 + b",2\n", file_name="a.csv")
        assert text_preview.read(row).text.startswith("a,b\nxxx")

    def test_a_long_file_is_cut_between_lines(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        content = "äöü 123\n".encode() * 60_000
        row = stored(number, content, file_name="a.txt", size=len(content))
        found = text_preview.read(row)
        assert (found.cut, len(found.text) <= text_preview.LIMIT, found.text.endswith("äöü 123")) == (True, True, True)
        client.force_login(alice)
        assert "The file continues." in client.get(f"/media/{row.pk}/view/").content.decode()

    def test_a_wide_and_long_table_is_bounded(self, number: PhoneNumber) -> None:
        row = stored(number, ("," * 90 + "\n").encode() * 2000, file_name="a.csv")
        found = text_preview.read(row)
        assert (len(found.rows), len(found.rows[0]), found.cut) == (text_preview.ROWS, text_preview.COLUMNS, True)

    def test_what_nobody_can_read_is_left_out(self, number: PhoneNumber) -> None:
        row = stored(number, b"a\x00b\x1b[31m\xff c", content_type="text/plain")
        assert text_preview.read(row).text == "ab[31mÿ c"

    @pytest.mark.parametrize("content", [b"<html><body>Hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
    def test_markup_is_not_read_out(self, client: Client, alice: Agent, number: PhoneNumber, content: bytes) -> None:
        row = stored(number, content, file_name="a.txt")
        client.force_login(alice)
        html = client.get(f"/media/{row.pk}/view/").content.decode()
        assert "no preview" in html
        assert "xmlns=" not in html
        assert "Hello" not in html

    def test_a_missing_file_is_said(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, b"words", file_name="a.txt")
        media_storage().discard(row.file.name or "")
        client.force_login(alice)
        assert "File storage did not respond" in client.get(f"/media/{row.pk}/view/").content.decode()
