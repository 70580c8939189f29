"""The line that the list shows of a message."""

from __future__ import annotations

import pytest

from inbox.formatting.summary import MAX_LENGTH, summarize


class SummarizeTests:
    @pytest.mark.parametrize(
        ("kind", "text", "facts", "line"),
        [
            ("text", "*Is it*\nin _stock_?", {}, "Is it in stock?"),
            ("image", "~Old~ new", {}, "Old new"),
            ("image", "", {}, "Photo"),
            ("audio", "", {"voice": True, "duration": 12.2}, "Voice 0:12"),
            (
                "document",
                "",
                {"pages": 3, "content_type": "application/pdf", "file_name": "my_new_file.pdf"},
                "PDF · 3 pages · my_new_file.pdf",
            ),
            ("document", "", {"content_type": "text/plain", "file_name": "Re offer.eml"}, "Email · Re offer.eml"),
            ("document", "", {"content_type": "application/epub+zip", "file_name": "a.epub"}, "E-book · a.epub"),
            ("document", "", {"content_type": "application/zip", "file_name": "a.numbers"}, "Numbers · a.numbers"),
            ("document", "", {"content_type": "video/quicktime", "file_name": "a.mov"}, "Video · a.mov"),
            ("document", "", {"content_type": "text/plain", "file_name": "a.docx"}, "Text · a.docx"),
            ("document", "", {"content_type": "", "file_name": "a"}, "File · a"),
        ],
    )
    def test_it_says_what_a_message_is(self, kind: str, text: str, facts: dict[str, object], line: str) -> None:
        assert summarize(kind, text, {}, **facts) == line  # type: ignore[arg-type]

    def test_a_card_without_a_contact_is_not_counted(self) -> None:
        assert summarize("contacts", "", {"contacts": []}) == "Contact card without a contact"

    def test_it_finds_words_behind_much_space(self) -> None:
        assert summarize("text", " " * 5000 + "here", {}) == "here"

    def test_it_is_never_too_long(self) -> None:
        assert len(summarize("text", "*word* " * 9000, {})) == MAX_LENGTH
