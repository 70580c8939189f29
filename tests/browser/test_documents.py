"""Documents in the viewer: pages to turn, words and tables to read, with keys and for everybody."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox.media.sandboxed import document_text
from inbox.models import Agent, Conversation
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.media.sandboxed.document_text import documents
from tests.inbox.thread_rows import conversation
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [f"Page {number + 1}" for number in range(6)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


class DocumentTests:
    @pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
    def test_its_pages_are_read_in_place(
        self, window: OpenWindow, alice: Agent, amara: Conversation, width: int, theme: str
    ) -> None:
        stored(amara, "document", samples.pdf(PAGES), "application/pdf", ".pdf", file_name="Fatura.pdf")
        made = window(alice, width=width, height=800, theme=theme)
        page = made.open(f"/conversations/{amara.pk}/")
        page.get_by_role("link", name="Fatura.pdf", exact=True).first.click()
        pane = page.get_by_role("region", name="Pages of Fatura.pdf")
        expect(pane).to_be_focused()
        first = pane.get_by_role("img", name="Page 1 of 6")
        expect(first).to_have_js_property("naturalHeight", 1801)
        place = first.bounding_box()
        assert place
        assert place["height"] > place["width"]
        page.get_by_role("button", name="Next page").click()
        expect(page.locator("[data-page]")).to_have_text("2 of 6")
        expect(pane.get_by_role("img", name="Page 2 of 6")).to_have_js_property("naturalHeight", 1801)
        pane.press("End")
        expect(page.locator("[data-page]")).to_have_text("6 of 6")
        expect(pane.get_by_role("img", name="Page 6 of 6")).to_have_js_property("naturalHeight", 1801)
        pane.press("+")
        expect(page.locator("[data-level]")).to_have_text("150%")
        made.check_accessibility()
        with page.expect_download() as download:
            page.get_by_role("dialog").get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "Fatura.pdf"
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()

    def test_a_page_that_is_busy_comes_a_little_later(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        stored(amara, "document", samples.pdf(), "application/pdf", ".pdf", file_name="Fatura.pdf")
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        page.route(re.compile("/pages/1/$"), lambda route: route.fulfill(status=503, body="Ask again."))
        page.get_by_role("link", name="Fatura.pdf", exact=True).first.click()
        expect(page.get_by_role("img", name="Page 1 of 1")).to_have_js_property("naturalHeight", 1801)
        assert ["503" in fault for fault in made.faults] == [True]
        made.faults.clear()

    def test_a_table_is_read_in_place(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        content = "name;price\n" + "Norte Cargo;4900\n" * 80
        stored(amara, "document", content.encode(), "text/plain", ".txt", file_name="Preise.csv")
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        page.get_by_role("link", name="Preise.csv", exact=True).first.click()
        expect(page.get_by_role("columnheader", name="price")).to_be_visible()
        expect(page.get_by_role("region", name="Text of Preise.csv")).to_be_focused()
        made.check_accessibility()

    @pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
    def test_an_office_document_is_read_in_place(
        self, window: OpenWindow, alice: Agent, amara: Conversation, width: int, theme: str
    ) -> None:
        stored(amara, "document", documents.word(), document_text.WORD, ".docx", file_name="Angebot.docx")
        stored(amara, "document", documents.sheets(), document_text.EXCEL, ".xlsx", file_name="Preise.xlsx")
        made = window(alice, width=width, height=800, theme=theme)
        page = made.open(f"/conversations/{amara.pk}/")
        page.get_by_role("link", name="Angebot.docx", exact=True).first.click()
        pane = page.get_by_role("region", name="Text of Angebot.docx")
        expect(pane).to_be_focused()
        expect(pane.get_by_role("heading", name="Offer 4711")).to_be_visible()
        expect(pane.get_by_role("cell", name="1.490 €")).to_be_visible()
        made.check_accessibility()
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Preise.xlsx", exact=True).first.click()
        pane = page.get_by_role("region", name="Text of Preise.xlsx")
        expect(pane.get_by_role("cell", name="NC2-40817")).to_be_visible()
        expect(pane.get_by_role("cell", name="Helmet")).to_be_hidden()
        pane.get_by_text("Extras").click()
        expect(pane.get_by_role("cell", name="Helmet")).to_be_visible()
        made.check_accessibility()

    def test_a_file_for_another_program_is_only_downloaded(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        content = samples.archive(**{"AndroidManifest.xml": "<w/>"})
        kind = "application/vnd.android.package-archive"
        row = stored(amara, "document", content, kind, ".apk", file_name="Angebot.apk")
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        with page.expect_download() as download:
            page.locator(f"#message-{row.message_id}").get_by_role("link", name="Angebot.apk", exact=True).click()
        assert download.value.suggested_filename == "Angebot.apk"
        made.open(f"/media/{row.pk}/view/")
        expect(page.get_by_text("Files of this kind have no preview.")).to_be_visible()
        made.check_accessibility()
