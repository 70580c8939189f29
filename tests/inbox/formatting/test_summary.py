"""The line that the list shows of a message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.utils import translation

from inbox.formatting.summary import MAX_LENGTH, of_last_messages, summarize
from inbox.models import Conversation
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber


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
        assert summarize("contacts", "", {"contacts": []}) == "Empty contact card"

    def test_it_finds_words_behind_much_space(self) -> None:
        assert summarize("text", " " * 5000 + "here", {}) == "here"

    def test_it_is_never_too_long(self) -> None:
        assert len(summarize("text", "*word* " * 9000, {})) == MAX_LENGTH


@pytest.mark.django_db
class OfLastMessagesTests:
    def test_readers_of_english_get_the_stored_lines(
        self, number: PhoneNumber, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
    ) -> None:
        rows = self.listed(number)
        with django_assert_num_queries(0):
            assert set(of_last_messages(rows).values()) == {"stored"}

    def test_others_get_lines_in_their_language_and_texts_as_they_are(
        self, number: PhoneNumber, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
    ) -> None:
        rows = self.listed(number)
        with translation.override("xx"), django_assert_num_queries(1):
            lines = of_last_messages(rows)
        assert [lines[row.pk] for row in rows] == ["stored", "Photo"]

    def listed(self, number: PhoneNumber) -> list[Conversation]:
        """One conversation that ends with a text, one that ends with a photo."""
        rows = [conversation(number), conversation(number, "351915550888")]
        for row, kind in zip(rows, ("text", "image"), strict=True):
            last = message(row, "" if kind == "image" else "Hello", kind=kind)
            Conversation.objects.filter(pk=row.pk).update(
                last_message=last, last_message_kind=kind, last_message_preview="stored"
            )
        return list(Conversation.objects.order_by("pk"))
