"""Panes and the list's width in a browser: on a desk, a tablet and a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import Agent
from tests.browser.conftest import OpenWindow
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class WidthTests:
    def test_the_list_is_resized_by_keyboard_and_remembered(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        message(conversation(number), "Hello")
        opened = window(alice)
        page = opened.open("/")
        edge = page.get_by_role("separator", name="Width of the list")
        before = page.locator(".app__list").bounding_box()
        edge.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        after = page.locator(".app__list").bounding_box()
        assert before
        assert after
        assert after["width"] == round(before["width"]) + 32
        page.reload()
        again = page.locator(".app__list").bounding_box()
        assert again
        assert again["width"] == after["width"]
        expect(edge).to_have_attribute("aria-valuenow", str(int(after["width"])))
        opened.check_accessibility()


class PhoneTests:
    def test_the_list_is_where_it_was_after_going_back(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        for i in range(30):
            message(conversation(number, f"Person {i}", phone=None), "hello")
        page = window(alice, width=390, height=844).open("/")
        page.locator(".conversation-row").nth(20).scroll_into_view_if_needed()
        scrolled = page.locator(".list__rows").evaluate("(list) => list.scrollTop")
        assert scrolled > 0
        page.locator(".conversation-row").nth(20).click()
        expect(page.get_by_role("log")).to_be_visible()
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".conversation-row").nth(20)).to_be_in_viewport()
        assert page.locator(".list__rows").evaluate("(list) => list.scrollTop") == scrolled


class ListTests:
    def test_pinning_and_marking_unread_leave_the_page_standing(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)
        message(amara, "Hello")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("window.samePage = true")
        page.locator(".thread__tools summary[title=More]").click()
        page.get_by_role("button", name="Pin on top of the list").click()
        expect(page.locator("[data-pinned] .conversation-row")).to_have_count(1)
        page.locator(".thread__tools summary[title=More]").click()
        page.get_by_role("button", name="Mark as unread").click()
        expect(page.get_by_text("Choose a conversation")).to_be_visible()
        expect(page.locator(".conversation-row--unread")).to_have_count(1)
        assert page.evaluate("window.samePage")

    def test_a_row_says_what_was_written_there_and_not_sent(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        amara.window_closes_at = timezone.now() + timedelta(hours=9)
        message(amara, "Is it in stock?", at=timezone.now())
        message(bea, "Hello", at=timezone.now())
        page = window(alice).open(f"/conversations/{amara.pk}/")
        row = page.locator(f"#conversation-{amara.pk}-row")
        page.get_by_role("textbox", name="Message to Amara Okafor").fill("Yes, two of them")
        expect(row).to_contain_text("Is it in stock?", use_inner_text=True)
        page.locator(f"#conversation-{bea.pk}-row").click()
        expect(row).to_contain_text("Draft: Yes, two of them", use_inner_text=True)
        row.click()
        page.get_by_role("textbox", name="Message to Amara Okafor").fill("")
        with page.expect_response("**/draft/**"):
            page.locator(f"#conversation-{bea.pk}-row").click()
        expect(row).to_contain_text("Is it in stock?", use_inner_text=True)
        assert not amara.drafts.exists()
