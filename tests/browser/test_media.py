"""Files in the thread: photos in the lightbox, sound and film playing in place, with the files' real bytes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from inbox.models import Agent, Conversation
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.thread_rows import conversation, media
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


class DocumentTests:
    def test_it_shows_its_first_page_and_downloads_under_its_name(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        pdf = stored(amara, "document", samples.pdf(), "application/pdf", ".pdf", file_name="Fatura.pdf")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        card = page.locator(f"#message-{pdf.message_id}")
        expect(card.locator("img")).to_have_js_property("complete", True)
        expect(card).to_contain_text("1 page")
        with page.expect_download() as download:
            card.get_by_role("link", name="Download Fatura.pdf").click()
        assert download.value.suggested_filename == "Fatura.pdf"


class FetchAgainTests:
    def test_the_button_starts_over_without_leaving_the_page(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        failed = media(amara, state="failed", error="It was damaged.", media_id="1")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("window.samePage = true")
        page.get_by_role("button", name="Download again").click()
        expect(page.locator(f"#message-{failed.message_id}")).to_contain_text("Photo: trying again now")
        assert page.evaluate("window.samePage")
