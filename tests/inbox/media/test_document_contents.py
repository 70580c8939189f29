"""Documents in the viewer: their text by page, sheet or slide, read in the sandbox, kept, and shown as text only."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from inbox.media import document_contents
from inbox.models import Agent, Media
from inbox.models.media import contents_key
from tests.inbox.media.sandboxed.document_text import documents
from tests.media_rows import drawn, own_files
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]

pytestmark = pytest.mark.django_db(transaction=True)


def document(number: PhoneNumber, content: bytes, name: str) -> Media:
    """A document as it is after its previews were made."""
    return drawn(number, content, kind="document", file_name=name)


def viewed(client: Client, alice: Agent, row: Media) -> str:
    client.force_login(alice)
    return str(client.get(f"/media/{row.pk}/view/").content.decode())


class ViewerTests:
    @pytest.mark.parametrize(
        ("content", "name", "shown"),
        [
            (documents.word(), "offer.docx", ["Page 1", "Offer 4711", "Delivered in May.", "Page 2", "1.490 €"]),
            (documents.sheet(), "orders.xlsx", ["Orders", "NC2-40817", "1490.5"]),
            (documents.slides(), "talk.pptx", ["Slide 1", "Range", "Up to 120 km", "Slide 2"]),
            (documents.open_text(), "contract.odt", ["Contract", "Helmet", "Second page"]),
            (documents.mail(), "invoice.eml", ["Rechnung für Mai", "Das Café zahlt", "Rechnung.pdf"]),
            (documents.CARDS, "people.vcf", ["Vera Card", "+351 912 345 678", "José"]),
        ],
    )
    def test_it_shows_what_the_document_says(
        self, client: Client, alice: Agent, number: PhoneNumber, content: bytes, name: str, shown: list[str]
    ) -> None:
        row = document(number, content, name)
        assert (row.preview_state, row.preview_error) == ("ready", "")
        page = viewed(client, alice, row)
        places = [page.find(words) for words in shown]
        assert -1 not in places, shown[places.index(-1)]
        assert places == sorted(places)
        assert shown[-1] in row.excerpt

    def test_nothing_in_it_becomes_markup(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = document(number, documents.sheet([["<script>alert(1)</script>", "=HYPERLINK()"]]), "orders.xlsx")
        page = viewed(client, alice, row)
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page

    def test_a_password_is_named(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = document(number, documents.open_text(encrypted=True), "contract.odt")
        assert row.preview_error == "This document is protected by a password."
        assert "protected by a password" in viewed(client, alice, row)

    def test_a_damaged_one_is_only_downloaded(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = document(number, documents.word()[:-400] + b"PK\5\6" + b"\0" * 18, "offer.docx")
        assert row.preview_state == "impossible"
        assert f"/media/{row.pk}/download/" in viewed(client, alice, row)


class ReadTests:
    @pytest.mark.parametrize(
        "left",
        [
            b"",
            b"\xff",
            b"[]",
            b'{"parts": 7}',
            b'{"parts": [7, {"title": [], "blocks": {}}]}',
            b'{"parts": [{"title": "a", "blocks": [{"rows": "no", "text": 5}]}]}',
        ],
    )
    def test_what_a_taken_over_child_left_is_not_believed(self, number: PhoneNumber, left: bytes) -> None:
        row = document(number, documents.word(), "offer.docx")
        default_storage.delete(contents_key(row))
        default_storage.save(contents_key(row), ContentFile(left))
        assert document_contents.read(row) is None

    def test_sheets_are_folded_and_pages_are_not(self, number: PhoneNumber) -> None:
        pages = document_contents.read(document(number, documents.word(), "offer.docx"))
        sheets = document_contents.read(document(number, documents.sheets(), "orders.xlsx"))
        assert pages is not None
        assert sheets is not None
        assert (pages.folded, sheets.folded) == (False, True)
