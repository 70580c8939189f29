"""The menu of a message in a browser: its text and its address are copied, its file is downloaded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from inbox.models import Agent, Conversation
from tests.browser.conftest import OpenWindow, until
from tests.browser.test_lightbox import photo
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


def menu(page: Page, pk: int) -> None:
    page.locator(f"#message-{pk}").hover()
    page.locator(f"#message-{pk} .message__more").click()
    expect(page.get_by_role("dialog", name="Message")).to_be_visible()


class MessageMenuTests:
    def test_text_and_link_are_copied(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        said = "Is it *in stock*?\n“<b>”"
        row = message(amara, said, at=timezone.now() - timedelta(minutes=5))
        opened = window(alice, permissions=["clipboard-read", "clipboard-write"])
        page = opened.open(f"/conversations/{amara.pk}/")
        menu(page, row.pk)
        opened.check_accessibility()
        page.get_by_role("button", name="Copy text").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        expect(page.get_by_role("dialog", name="Message")).to_be_hidden()
        assert page.evaluate(CLIPBOARD) == said
        menu(page, row.pk)
        expect(page.get_by_role("link", name="Download")).to_have_count(0)
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_role("dialog", name="Message")).to_be_hidden()
        until(page, f"{CLIPBOARD}.then((words) => words.startsWith('http'))")
        # Opened elsewhere, as a link is: this page is still on its way back from the dialog.
        elsewhere = opened.page.context.new_page()
        elsewhere.goto(page.evaluate(CLIPBOARD))
        expect(elsewhere.locator(f"#message-{row.pk}")).to_be_in_viewport()

    def test_a_page_without_https_copies_too(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = message(amara, "Plain words", at=timezone.now())
        opened = window(alice, permissions=["clipboard-read"])
        opened.page.add_init_script("delete Clipboard.prototype.writeText")
        page = opened.open(f"/conversations/{amara.pk}/")
        menu(page, row.pk)
        page.get_by_role("button", name="Copy text").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        assert page.evaluate(CLIPBOARD) == "Plain words"

    def test_a_file_is_downloaded(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = photo(amara)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        menu(page, row.message_id)
        expect(page.get_by_role("button", name="Copy text")).to_have_count(0)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename.endswith(".jpg")
