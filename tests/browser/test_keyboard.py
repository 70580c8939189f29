"""The inbox without a mouse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from inbox.models import Agent, Contact, Conversation
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.browser.test_live import receive
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(number: PhoneNumber) -> list[Conversation]:
    """Amara, Bea and Cato, newest first; the window of each is open."""
    found = [conversation(number, name, phone=None) for name in ("Amara", "Bea", "Cato")]
    for i, one in enumerate(found):
        message(one, "hello", at=timezone.now() - timedelta(minutes=i))
    Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=20))
    return found


def focused(page: Page) -> Locator:
    """The name in the focused row."""
    return page.locator(".conversation-row:focus .conversation-row__name")


class ShortcutsTests:
    def test_through_the_list_into_an_answer_and_back(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        page = window(alice).open("/")
        for key in "jjk":
            page.keyboard.press(key)
        expect(focused(page)).to_have_text("Amara")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"/conversations/{people[1].pk}/"))
        expect(page.locator("[data-words]")).to_be_visible()
        page.keyboard.press("r")
        page.keyboard.type("jr?")
        expect(page.locator("[data-words]")).to_have_value("jr?")
        page.keyboard.press("Escape")
        expect(focused(page)).to_have_text("Bea")

    def test_who_opens_with_the_mouse_can_write_at_once_and_who_opens_by_keys_stays_in_the_list(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        page = window(alice).open("/")
        page.locator(".conversation-row", has_text="Bea").click()
        expect(page.locator("[data-words]")).to_be_focused()
        page.keyboard.type("jk")
        expect(page.locator("[data-words]")).to_have_value("jk")
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.locator(".thread__name")).to_have_text("Cato")
        expect(focused(page)).to_have_text("Cato")
        page.keyboard.press("k")
        page.keyboard.press("k")
        expect(focused(page)).to_have_text("Amara")
        expect(page.locator(".thread__name")).to_have_text("Cato")

    def test_a_finger_opens_no_keyboard(self, window: OpenWindow, alice: Agent, people: list[Conversation]) -> None:
        page = window(alice, width=390, height=800).open("/")
        page.locator(".conversation-row", has_text="Bea").tap()
        expect(page.locator(".thread__name")).to_have_text("Bea")
        expect(page.locator("[data-words]")).not_to_be_focused()

    def test_a_focused_thread_has_a_line_and_no_ring(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        page = window(alice).open(f"/conversations/{people[0].pk}/")
        thread = page.locator(".thread__scroll")
        page.keyboard.press("Tab")
        thread.focus()
        style = thread.evaluate("(one) => [getComputedStyle(one).outlineStyle, getComputedStyle(one).boxShadow]")
        assert style[0] == "none"
        assert "inset" in style[1]

    def test_single_keys_can_be_turned_off(self, window: OpenWindow, alice: Agent, people: list[Conversation]) -> None:
        opened = window(alice)
        page = opened.open("/")
        page.keyboard.press("?")
        expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
        opened.check_accessibility()
        page.get_by_label("Single-key shortcuts").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(focused(page)).to_have_count(0)


class MessageTests:
    def test_messages_are_quoted_and_reacted_to_and_the_focus_stays(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        amara = people[0]
        amara.refresh_from_db()
        Contact.objects.filter(pk=amara.contact_id).update(phone="+351912345678")
        earlier = timezone.now() - timedelta(minutes=30)
        picture = stored(amara, "image", samples.picture(size=(320, 200)), "image/jpeg", ".jpg", at=earlier)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.keyboard.press("m")
        expect(page.locator("[data-message]:focus")).to_contain_text("hello")
        page.keyboard.press("q")
        expect(page.locator("[data-quote]")).to_contain_text("hello")
        expect(page.locator("[data-words]")).to_be_focused()
        page.keyboard.type("Hello yourself")
        page.keyboard.press("Enter")
        expect(page.locator("[data-message]", has_text="Hello yourself")).to_be_visible()

        page.keyboard.press("Escape")
        for key in ("m", "ArrowUp", "e"):
            page.keyboard.press(key)
        expect(page.get_by_label("Search emoji")).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator(".reaction--ours")).to_be_visible()
        expect(page.locator("[data-message]:focus")).to_contain_text("hello")  # it was drawn again

        page.keyboard.press("ArrowUp")
        expect(page.locator(f"#message-{picture.message_id}")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Back to the conversation")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(f"#message-{picture.message_id} [data-lightbox]")).to_be_focused()

    def test_the_focus_survives_menus_files_and_other_pages(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        page = window(alice).open(f"/conversations/{people[0].pk}/")
        choosers: list[object] = []
        page.on("filechooser", lambda chooser: choosers.append(chooser))
        page.keyboard.press("r")
        expect(page.locator("[data-words]")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Photos, videos and files")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-words]")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("p")
        expect(page.locator("[data-pinned] .conversation-row:focus")).to_contain_text("Amara")
        page.keyboard.press("u")
        expect(page).to_have_url(re.compile("/$"))
        expect(page.locator(".conversation-row--unread:focus")).to_contain_text("Amara")
        page.keyboard.press("/")
        page.keyboard.type("cato")
        page.keyboard.press("Enter")
        expect(page.locator(".conversation-row:focus")).to_contain_text("Cato")
        expect(page.locator(".conversation-row")).to_have_count(1)
        assert len(choosers) == 1


class PaletteTests:
    def test_it_leads_to_people_and_does_things(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        opened = window(alice)
        page = opened.open("/")
        page.keyboard.press("Control+k")
        opened.check_accessibility()
        page.keyboard.type("cat")
        expect(page.get_by_role("option", name="Cato")).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"/conversations/{people[2].pk}/"))
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option").first).to_be_visible()  # its script comes when it is first asked for
        page.keyboard.type("pin or")
        expect(page.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("[data-pinned] .conversation-row")).to_have_count(1)


class SpokenTests:
    def test_news_elsewhere_are_counted_not_read_out(
        self, window: OpenWindow, alice: Agent, people: list[Conversation]
    ) -> None:
        page = window(alice).open(f"/conversations/{people[0].pk}/")
        expect(page.get_by_role("log")).to_contain_text("hello")
        with transaction.atomic():  # two pulls might be two sentences
            for one in people[1:]:
                receive(one, "News")
        expect(page.locator("[data-spoken]")).to_have_text("New messages in 2 other conversations")
