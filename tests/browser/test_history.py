"""The browser's Back in a browser: it closes what was opened last, then the thread, and never more than one thing."""

from __future__ import annotations

import re
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


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    amara.window_closes_at = timezone.now() + timedelta(hours=20)
    message(amara, "Hello", at=timezone.now() - timedelta(hours=1))
    return amara


def open_thread(page: Page, name: str = "Amara Okafor") -> None:
    page.locator(".conversation-row", has_text=name).click()
    expect(page.locator(".thread__name")).to_have_text(name)


def steps(page: Page) -> int:
    return int(page.evaluate("history.length"))


class BackTests:
    def test_on_a_phone_it_closes_one_thing_after_the_other(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        picture = photo(amara)
        page = window(alice, width=390, height=800).open("/")
        open_thread(page)
        page.get_by_role("link", name="Details").first.click()
        details = page.locator(".app__details")
        expect(details).to_be_visible()
        details.locator(f"[href='/media/{picture.pk}/view/']").first.click()
        lightbox = page.locator("[data-lightbox-dialog]")
        expect(lightbox).to_be_visible()
        page.go_back()
        expect(lightbox).to_be_hidden()
        expect(details).to_be_visible()
        page.go_back()
        expect(details).to_be_hidden()
        expect(page.locator(".thread__name")).to_be_visible()
        page.go_back()
        expect(page.locator(".conversation-row")).to_be_visible()
        expect(page.locator(".thread__name")).to_have_count(0)

    @pytest.mark.parametrize("what", ["dialog", "palette", "help", "emoji", "search", "lightbox"])
    def test_it_closes_whatever_stands_over_the_thread(
        self, window: OpenWindow, alice: Agent, amara: Conversation, what: str
    ) -> None:
        picture = photo(amara)
        page = window(alice).open("/")
        open_thread(page)
        before = steps(page)
        openers = {
            "dialog": (f"#message-{amara.messages.all()[0].pk} .message__more", "[data-page-dialog]"),
            "emoji": (".composer button[data-emoji]", "emoji-picker"),
            "search": ("[data-search]", "[data-search-panel]"),
            "lightbox": (f"#message-{picture.message_id} [data-lightbox]", "[data-lightbox-dialog]"),
        }
        keys = {"palette": ("Control+k", "[data-palette]"), "help": ("?", "[data-shortcuts]")}
        for way in ("back", "by itself", "back"):
            if what in keys:
                page.locator(".conversation-row").focus()
                page.keyboard.press(keys[what][0])
                layer = page.locator(keys[what][1])
            else:
                page.locator(openers[what][0]).first.click()
                layer = page.locator(openers[what][1])
            expect(layer).to_be_visible()
            until(page, "history.state.layer === 1")
            if way == "back":
                page.go_back()
            else:
                page.keyboard.press("Escape")
            expect(layer).to_be_hidden()
            until(page, "!history.state.layer")
            expect(page.locator(".thread__name")).to_have_text("Amara Okafor")
        assert steps(page) == before + 1  # the one that was left, for Forward
        page.go_back()
        expect(page.locator(".thread__name")).to_have_count(0)

    def test_a_page_that_is_read_again_over_an_open_dialog_needs_no_second_press(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        picture = photo(amara)
        page = window(alice).open("/")
        open_thread(page)
        page.locator(f"#message-{picture.message_id} [data-lightbox]").click()
        expect(page.locator("[data-lightbox-dialog]")).to_be_visible()
        until(page, "history.state.layer === 1")
        page.reload()
        until(page, "!history.state.layer")
        expect(page.locator(".thread__name")).to_be_visible()
        page.go_back()
        expect(page.locator(".thread__name")).to_have_count(0)

    def test_what_the_palette_leads_to_has_the_thread_behind_it(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice, width=1000).open(f"/conversations/{amara.pk}/")
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Command menu").fill("details")
        page.get_by_role("option", name="Show details").click()
        expect(page).to_have_url(re.compile("details"))
        page.go_back()
        expect(page).not_to_have_url(re.compile("details"))
        expect(page.locator("[data-palette]")).to_be_hidden()


class ThreadTests:
    def test_back_and_forward_go_through_the_threads_and_read_no_page_again(
        self, window: OpenWindow, alice: Agent, amara: Conversation, number: PhoneNumber
    ) -> None:
        message(conversation(number, "Bea", phone=None), "Hi", at=timezone.now())
        page = window(alice).open("/")
        page.evaluate("window.same = true")
        open_thread(page)
        open_thread(page, "Bea")
        for act, name in ((page.go_back, "Amara Okafor"), (page.go_forward, "Bea"), (page.go_back, "Amara Okafor")):
            act()
            expect(page.locator(".thread__name")).to_have_text(name)
            expect(page.locator(".conversation-row[aria-current]")).to_contain_text(name)
            expect(page).to_have_title(f"{name} · Inbox")
        page.go_back()
        expect(page.get_by_role("heading", name="Choose a conversation")).to_be_visible()
        expect(page.locator(".conversation-row[aria-current]")).to_have_count(0)
        expect(page).to_have_title("Inbox")
        assert page.evaluate("window.same")

    def test_the_link_back_to_the_list_is_the_way_one_came(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        one = window(alice, width=390, height=800)
        one.open("/?filter=unread")
        page = one.open("/")
        open_thread(page)
        before = steps(page)
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".conversation-row")).to_be_visible()
        expect(page).to_have_url(re.compile("/$"))
        assert steps(page) == before
        page.go_back()  # and not into the thread again
        expect(page).to_have_url(re.compile("filter=unread"))

    def test_it_leads_to_the_list_also_from_a_bookmark_and_without_network(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice, width=390, height=800).open(f"/conversations/{amara.pk}/")
        page.context.set_offline(True)
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".conversation-row")).to_be_visible()
        expect(page).to_have_url(re.compile("/$"))
