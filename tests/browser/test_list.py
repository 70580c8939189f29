"""The list in a browser: news that waits for the pointer, search, pinned conversations that stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import Agent, PinnedConversation
from tests.browser.conftest import OpenWindow
from tests.browser.test_live import receive
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class LiveOrderTests:
    def test_news_above_what_is_shown_is_counted_and_moves_nothing(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        people = [conversation(number, f"Person {i}", phone=None) for i in range(30)]
        for i, one in enumerate(people):
            message(one, "hello", at=timezone.now() - timedelta(hours=i))
        page = window(alice).open("/")
        page.locator(".list__rows").evaluate("(list) => (list.scrollTop = 700)")
        row = page.locator(".conversation-row", has_text="Person 15")
        row.hover()
        before = row.bounding_box()
        receive(people[28], "News")
        button = page.get_by_role("button", name="1 new above")
        expect(button).to_be_visible()
        assert row.bounding_box() == before
        button.click()
        expect(page.locator(".conversation-row").first).to_contain_text("News")
        expect(button).to_be_hidden()

    def test_a_pinned_row_stays_on_top_and_changes_in_place(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        for one in (amara, bea):
            message(one, "Old", at=timezone.now() - timedelta(hours=1))
        PinnedConversation.objects.create(agent=alice, conversation=amara)
        page = window(alice).open("/")
        page.mouse.move(900, 500)
        receive(bea, "New of Bea")
        expect(page.locator(".conversation-row").nth(1)).to_contain_text("New of Bea")
        receive(amara, "New of Amara")
        expect(page.locator("[data-pinned] .conversation-row")).to_contain_text("New of Amara")
        expect(page.locator(".conversation-row__name")).to_have_text(["Amara Okafor", "Bea"])


class SettledFailureTests:
    def test_a_settled_conversation_loses_its_mark_at_once_and_its_row_when_another_opens(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        for one in (amara, bea):
            failed = message(one, "Did it leave?", direction="outbound", status="failed", error_code=131026)
            message(one, "Hello?")
            type(one).objects.filter(pk=one.pk).update(oldest_failure_at=failed.sent_at)
        page = window(alice).open("/?filter=failed")
        row = page.locator(".conversation-row", has_text="Amara")
        mark = row.get_by_title("A message was not sent")
        expect(mark).to_be_visible()
        row.click()
        page.get_by_role("button", name="Dismiss").click()
        expect(mark).to_have_count(0)
        expect(row).to_have_attribute("aria-current", "page")
        page.locator(".conversation-row", has_text="Bea").click()
        page.mouse.move(900, 500)
        expect(page.locator(".conversation-row__name")).to_have_text(["Bea"])


class SearchTests:
    def test_people_are_found_and_live_news_keep_to_the_search(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        for one in (amara, bea):
            message(one, "Old")
        page = window(alice).open("/")
        field = page.get_by_label("Search contacts by name or phone")
        field.press_sequentially("okaf")
        expect(page.locator(".conversation-row__name")).to_have_text(["Amara Okafor"])
        receive(bea, "Not sought")
        receive(amara, "Sought")
        expect(page.locator(".conversation-row__words")).to_have_text(["Sought"])
        expect(field).to_be_focused()
        page.reload()
        expect(page.locator(".conversation-row__name")).to_have_text(["Amara Okafor"])
        page.get_by_role("link", name="Clear the search").click()
        expect(page.locator(".conversation-row")).to_have_count(2)
        expect(field).to_be_focused()


class FilterTests:
    def test_the_open_thread_stays_while_the_list_is_narrowed(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        for one in (amara, bea):
            message(one, "Old")
        type(bea).objects.update(window_closes_at=timezone.now() + timedelta(hours=5))
        type(bea).objects.filter(pk=bea.pk).update(unread_count=1)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.get_by_role("textbox", name="Message").fill("Half an answer")
        unread = page.locator(".filters").get_by_role("link", name="Unread")
        unread.focus()
        unread.press("Enter")
        expect(page.locator(".conversation-row__name")).to_have_text(["Bea"])
        expect(page.get_by_role("textbox", name="Message")).to_have_value("Half an answer")
        expect(unread).to_be_focused()
        assert page.url.endswith(f"/conversations/{amara.pk}/?filter=unread")
        receive(amara, "Read already")
        expect(page.locator("#thread")).to_contain_text("Read already")
        page.evaluate("window.same = true")
        page.go_back()
        expect(page.locator(".conversation-row")).to_have_count(2)
        expect(page.locator(".filters [aria-current]")).to_have_text("All")
        page.go_forward()
        expect(page.locator(".conversation-row__name")).to_have_text(["Bea"])
        expect(page.locator("#thread")).to_contain_text("Read already")
        assert page.evaluate("window.same")

    def test_the_chosen_filter_is_in_sight_in_a_narrow_list(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        conversation(number)
        page = window(alice, width=820).open("/?filter=failed")
        failed = page.locator(".filters [aria-current]")
        edge = page.locator(".filters").bounding_box()
        for _ in range(2):
            expect(failed).to_have_text("Failed")
            box = failed.bounding_box()
            assert box
            assert edge
            assert box["x"] + box["width"] <= edge["x"] + edge["width"]
            page.locator(".filters").get_by_role("link", name="All").click()
            expect(failed).to_have_text("All")
            page.locator(".filters").get_by_role("link", name="Failed").click()
