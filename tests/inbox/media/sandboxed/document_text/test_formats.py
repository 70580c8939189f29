"""What each kind of document says, by page, sheet or slide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import RefusalError
from inbox.media.sandboxed import document_text
from inbox.media.sandboxed.document_text import child
from tests.inbox.media.sandboxed.document_text import documents

Read = Callable[[bytes, str], list[dict[str, Any]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The parts of a document, without a child process."""

    def parts(content: bytes, content_type: str) -> list[dict[str, Any]]:
        text = document_text.Text()
        (tmp_path / "source").write_bytes(content)
        child._reader(content_type).read(tmp_path / "source", text)
        return text.parts

    return parts


class WordTests:
    def test_it_is_read_by_page(self, read: Read) -> None:
        assert read(documents.word(), document_text.WORD) == [
            {
                "title": "Page 1",
                "blocks": [
                    {"heading": "Offer 4711"},
                    {"text": "For Amara Okafor: a Norte Cargo 2.\nDelivered in May."},
                    {"text": "• Lights"},
                ],
            },
            {"title": "Page 2", "blocks": [{"rows": [["Part", "Price"], ["Frame <b>", "1.490 €"]]}]},
        ]


class SheetTests:
    def test_each_sheet_is_a_table(self, read: Read) -> None:
        first, second = read(documents.sheet(), document_text.EXCEL)
        assert first["title"] == "Orders"
        assert first["blocks"] == [
            {"rows": [["Order", "Pieces", "Price"], ["NC2-40817", "3", "1490.5"], ["=1+1", "", "é"]]}
        ]
        assert second == {"title": "Empty", "blocks": []}

    def test_hidden_ones_are_left_out(self, read: Read) -> None:
        assert [part["title"] for part in read(documents.sheet(hidden=True), document_text.EXCEL)] == ["Empty"]

    def test_a_long_one_is_cut(self, tmp_path: Path) -> None:
        text = document_text.Text()
        (tmp_path / "source").write_bytes(documents.sheet([[number] for number in range(700)]))
        child._reader(document_text.EXCEL).read(tmp_path / "source", text)
        assert len(text.parts[0]["blocks"][0]["rows"]) == document_text.MOST_ROWS
        assert text.cut


class SlideTests:
    def test_slides_come_in_the_order_in_which_they_are_shown(self, read: Read) -> None:
        first, second = read(documents.slides(), document_text.POWERPOINT)
        assert first == {
            "title": "Slide 1",
            "blocks": [{"heading": "Range"}, {"text": "Up to 120 km"}, {"rows": [["Km", "42"]]}],
        }
        assert second["blocks"][0] == {"heading": "Thank you"}


class OpenDocumentTests:
    def test_a_text_is_read_by_page(self, read: Read) -> None:
        assert read(documents.open_text(), document_text.OPEN_TEXT) == [
            {
                "title": "Page 1",
                "blocks": [{"heading": "Contract"}, {"text": "Two   spaces\nand a line"}, {"text": "• Helmet"}],
            },
            {"title": "Page 2", "blocks": [{"text": "Second page"}, {"rows": [["A", "B"]]}]},
        ]

    def test_a_password_is_named(self, read: Read) -> None:
        with pytest.raises(RefusalError, match="protected by a password"):
            read(documents.open_text(encrypted=True), document_text.OPEN_TEXT)


class EmailTests:
    def test_it_says_who_wrote_what(self, read: Read) -> None:
        (part,) = read(documents.mail(), document_text.EMAIL)
        assert part["title"] == "Rechnung für Mai"
        headers, body, attachments, name = part["blocks"]
        assert ["From", "Amara Okafor <amara@example.com>"] in headers["rows"]
        assert body == {"text": "Das Café zahlt\nbald."}
        assert (attachments, name) == ({"heading": "Attachments"}, {"text": "• Rechnung.pdf"})


class CardTests:
    def test_each_person_is_a_part(self, read: Read) -> None:
        first, second = read(documents.CARDS, document_text.CARD)
        assert first["title"] == "Vera Card"
        assert first["blocks"][0]["rows"] == [
            ["Name", "Vera Card"],
            ["Company", "Norte, Lda, Sales"],
            ["Phone", "+351 912 345 678"],
            ["Note", "A line that is folded"],
        ]
        assert second["title"] == "José"


class BoundsTests:
    def test_text_ends_where_there_is_no_room_left(self) -> None:
        text = document_text.Text()
        text.part("Page 1")
        text.paragraph("a" * document_text.MOST_CHARACTERS)
        with pytest.raises(document_text.Full):
            text.paragraph("b")

    def test_what_nobody_can_read_is_left_out(self) -> None:
        text = document_text.Text()
        text.part("Page 1")
        text.paragraph("a\0b\ud800c\x1bd")
        assert text.parts[0]["blocks"] == [{"text": "abcd"}]
        assert not text.cut

    def test_a_cut_cell_is_said(self) -> None:
        text = document_text.Text()
        text.part("Sheet")
        text.table([["x" * (document_text.MOST_CELL_CHARACTERS + 1)]])
        assert text.cut

    def test_a_package_that_unpacks_to_too_much_is_refused(self, read: Read) -> None:
        bomb = documents.packed({"mimetype": "x", "content.xml": b" " * (33 * 1024 * 1024)})
        with pytest.raises(RefusalError, match="too large"):
            read(bomb, document_text.OPEN_TEXT)

    def test_entities_are_not_resolved(self, read: Read) -> None:
        content = (
            '<!DOCTYPE d [<!ENTITY s SYSTEM "file:///etc/hostname">]><o:d xmlns:o="urn:o"><o:body><o:text>'
            "<o:p>before &s; after</o:p></o:text></o:body></o:d>"
        )
        (part,) = read(documents.packed({"content.xml": content}), document_text.OPEN_TEXT)
        assert part["blocks"] == [{"text": "before  after"}]
