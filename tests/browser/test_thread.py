"""The thread in a browser: long ones, ways to a place in it, the line over what is new, a place that never jumps."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from inbox.changes import pages
from inbox.models import Agent, Conversation, Message
from tests.browser.conftest import OpenWindow
from tests.browser.test_live import receive
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: The id of the message at the upper edge of the thread.
READING = '(async () => (await import("/static/js/thread/scroll-position.js")).readingAt().id)()'


STEP = timedelta(minutes=3)


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


def fill(conversation: Conversation, count: int, *, begin: datetime | None = None) -> list[Message]:
    """``count`` messages "Message 1." to now, three minutes apart."""
    begin = begin or timezone.now() - count * STEP
    rows = Message.objects.bulk_create(
        Message(
            number=conversation.number, conversation=conversation, direction="inbound", kind="text", origin="customer",
            text=f"Message {i + 1}.", wamid=f"wamid.F{conversation.pk}.{i}", sent_at=begin + i * STEP,
            created_at=begin + i * STEP,
        )
        for i in range(count)
    )  # fmt: skip
    Conversation.objects.filter(pk=conversation.pk).update(last_message=rows[-1], last_message_at=rows[-1].sent_at)
    return rows


def scroll_to(page: Page, top: str) -> None:
    page.evaluate(f"document.querySelector('.thread__scroll').scrollTop = {top}")


def read_to_the_beginning(page: Page) -> None:
    """As somebody who scrolls up until there is nothing more, however long each part takes."""
    older = page.locator("[data-older]")
    for _ in range(500):
        if not older.count():
            return
        scroll_to(page, "-1e9")
        page.wait_for_timeout(100)
    expect(older).to_have_count(0)


def top_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def shown(page: Page, words: str) -> Locator:
    return page.locator("[data-message]", has_text=re.compile(re.escape(words)))


class LongThreadTests:
    def test_older_pages_are_read_only_by_who_reads(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        fill(amara, 100)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.wait_for_load_state("networkidle")
        expect(shown(page, "Message 71.")).to_have_count(1)
        expect(shown(page, "Message 70.")).to_have_count(0)
        scroll_to(page, "-200")
        expect(shown(page, "Message 70.")).to_have_count(1)

    def test_what_is_far_away_leaves_the_page_and_comes_back(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        fill(amara, 400)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(shown(page, "Message 400.")).to_be_in_viewport()
        expect(shown(page, "Message 375.")).to_have_count(1)
        read_to_the_beginning(page)
        scroll_to(page, "-1e9")
        expect(shown(page, "Message 1.")).to_be_in_viewport()
        expect(shown(page, "Message 400.")).to_have_count(0)
        assert page.locator("[data-message]").count() < 250
        height = page.locator(".thread__scroll").evaluate("(scroll) => scroll.scrollHeight")
        scroll_to(page, "0")
        expect(shown(page, "Message 400.")).to_be_in_viewport()
        expect(shown(page, "Message 390.")).to_be_in_viewport()
        expect(shown(page, "Message 1.")).to_have_count(0)
        after = page.locator(".thread__scroll").evaluate("(scroll) => scroll.scrollHeight")
        assert abs(after - height) < 60

    def test_what_changed_while_it_was_away_comes_back_changed(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = fill(amara, 200)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        read_to_the_beginning(page)
        expect(shown(page, "Message 200.")).to_have_count(0)
        with transaction.atomic():
            Message.objects.filter(pk=rows[-1].pk).update(text="Changed meanwhile.")
            message(amara, "Late and in the midst", at=rows[-2].sent_at + timedelta(seconds=9))
            pages.announce([(amara.number_id, amara.pk)])
        receive(amara, "And one at the end")
        expect(page.locator("[data-pill]")).to_contain_text("1 new")
        page.locator("[data-pill]").click()
        expect(page.get_by_text("And one at the end").last).to_be_in_viewport()
        texts = page.locator("[data-message] .message__text")
        expect(texts.nth(-1)).to_contain_text("And one at the end")
        expect(texts.nth(-2)).to_contain_text("Changed meanwhile.")
        expect(texts.nth(-3)).to_contain_text("Late and in the midst")
        expect(texts.nth(-4)).to_contain_text("Message 199.")

    def test_a_part_that_does_not_load_says_so_and_can_be_asked_again(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        fill(amara, 300)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        read_to_the_beginning(page)
        page.route("**/messages/?from=*", lambda route: route.abort())
        scroll_to(page, "0")
        again = page.get_by_role("button", name="These messages could not be loaded. Try again").last
        expect(again).to_be_in_viewport()
        page.unroute("**/messages/?from=*")
        again.click()
        expect(shown(page, "Message 300.")).to_be_in_viewport()


class JumpTests:
    def test_a_quote_leads_to_what_is_not_loaded_and_there_is_a_way_back(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = fill(amara, 300)
        message(amara, "As I said", at=timezone.now(), quoted=rows[19], quoted_wamid=rows[19].wamid)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("window.samePage = true")
        page.locator("a.quote").click()
        target = page.locator(f"#message-{rows[19].pk}")
        expect(target).to_be_in_viewport()
        expect(target).to_have_class(re.compile("message--jumped-to"))
        expect(target).to_be_focused()
        expect(page.locator("[data-pill]")).to_be_visible()
        page.get_by_role("button", name="Back to where you were").click()
        expect(page.get_by_text("As I said").last).to_be_in_viewport()
        expect(page.locator("[data-back]")).to_be_hidden()
        assert page.evaluate("window.samePage")

    def test_the_way_back_leads_to_the_place_one_read(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = fill(amara, 300)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        scroll_to(page, "-1200")
        page.wait_for_timeout(200)
        reading = page.evaluate(READING)
        before = top_of(page.locator(f"#{reading}"))
        page.locator("summary[title='Go to a date']").click()
        page.get_by_label("Go to a date").fill(rows[0].sent_at.strftime("%Y-%m-%d"))
        page.get_by_role("button", name="Show messages").click()
        expect(shown(page, "Message 1.")).to_be_in_viewport()
        page.locator("[data-back]").click()
        expect(page.locator(f"#{reading}")).to_be_in_viewport()
        assert abs(top_of(page.locator(f"#{reading}")) - before) < 2

    def test_the_first_unread_is_one_press_away_and_marked_with_the_line(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = fill(amara, 200)
        Conversation.objects.update(unread_count=120)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.locator("#thread")).to_have_attribute("data-unread", "0")
        page.get_by_role("link", name="120 new messages").click()
        expect(page.locator(f"#message-{rows[80].pk}")).to_be_in_viewport()
        expect(page.locator(".thread").get_by_role("separator")).to_have_text("120 new messages")
        assert page.locator(".new-line + [data-message]").get_attribute("id") == f"message-{rows[80].pk}"

    def test_what_one_sends_while_far_up_is_seen_at_the_end(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = fill(amara, 300)
        Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=3))
        page = window(alice).open(f"/conversations/{amara.pk}/?at={rows[9].pk}#message-{rows[9].pk}")
        expect(page.locator(f"#message-{rows[9].pk}")).to_be_in_viewport()
        page.locator("[data-words]").fill("From far up")
        page.locator("[data-words]").press("Enter")
        expect(page.locator("[data-message]").get_by_text("From far up")).to_be_in_viewport()

    def test_searching_with_the_keyboard(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        fill(amara, 200)
        message(amara, "The bell is broken", at=timezone.now() - timedelta(days=4))
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        page.get_by_role("link", name="Search in this conversation").press("Enter")
        field = page.get_by_role("searchbox", name="Search in this conversation")
        expect(field).to_be_focused()
        field.type("bell")
        expect(page.locator(".search__hit")).to_have_count(1)
        opened.check_accessibility()
        field.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_role("log").get_by_text("The bell is broken")).to_be_in_viewport()
        expect(page.locator(".search__hit")).to_be_focused()
        page.keyboard.press("Escape")
        expect(field).to_be_hidden()
        expect(page.get_by_role("link", name="Search in this conversation")).to_be_focused()


class NewLineTests:
    def test_it_stands_over_what_came_while_one_was_away_and_stays(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        fill(amara, 5)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("Message 5.")
        page.evaluate("document.hasFocus = () => false")
        first = receive(amara, "First new")
        expect(page.locator(".thread").get_by_role("separator")).to_have_text("1 new message")
        receive(amara, "Second new")
        expect(page.locator(".thread").get_by_role("separator")).to_have_text("2 new messages")
        page.evaluate("document.hasFocus = () => true")
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.locator("#thread")).to_have_attribute("data-unread", "0")
        receive(amara, "Seen at once")
        expect(page.get_by_role("log")).to_contain_text("Seen at once")
        expect(page.locator(".thread").get_by_role("separator")).to_have_text("2 new messages")
        assert page.locator(".new-line + [data-message]").get_attribute("id") == f"message-{first.pk}"


class PlaceTests:
    """What one reads stays where it is."""

    @pytest.fixture
    def reading(self, window: OpenWindow, alice: Agent, amara: Conversation) -> Locator:
        fill(amara, 200)
        Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=3))
        page = window(alice).open(f"/conversations/{amara.pk}/")
        scroll_to(page, "-1400")
        page.wait_for_timeout(600)
        return page.locator(f"#{page.evaluate(READING)}")

    def test_when_the_composer_grows(self, reading: Locator) -> None:
        before = top_of(reading)
        reading.page.locator("[data-words]").fill("one\ntwo\nthree\nfour\nfive")
        reading.page.wait_for_timeout(300)
        assert abs(top_of(reading) - before) < 1

    def test_when_something_above_or_below_changes_its_height(self, reading: Locator) -> None:
        before = top_of(reading)
        script = """(message, way) => {
          const all = [...document.querySelectorAll(".message__text")];
          const at = all.indexOf(message.querySelector(".message__text"));
          all[at + way].prepend("long ".repeat(300));
        }"""
        for way in (-2, 2):
            reading.evaluate(script, way)
            reading.page.wait_for_timeout(200)
            assert abs(top_of(reading) - before) < 1

    def test_when_letters_get_larger(self, reading: Locator) -> None:
        before = top_of(reading)
        reading.evaluate("() => { document.querySelector('.thread__messages').style.fontFamily = 'serif' }")
        reading.page.wait_for_timeout(200)
        assert abs(top_of(reading) - before) < 1

    def test_when_older_messages_load(self, reading: Locator) -> None:
        page = reading.page
        held: list[Route] = []
        page.route("**/messages/?before=*", lambda route: held.append(route))
        scroll_to(page, "-1e9")
        while not held:
            page.wait_for_timeout(100)
        near = page.locator(f"#{page.evaluate(READING)}")
        before, count = top_of(near), page.locator("[data-message]").count()
        for route in held:
            route.continue_()
        expect(page.locator("[data-message]")).not_to_have_count(count)
        page.wait_for_timeout(200)
        assert abs(top_of(near) - before) < 1

    def test_the_end_stays_the_end(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        fill(amara, 60)
        Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=3))
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator("[data-words]").fill("one\ntwo\nthree\nfour\nfive")
        page.wait_for_timeout(300)
        expect(shown(page, "Message 60.")).to_be_in_viewport(ratio=1)


class MomentTests:
    def test_the_exact_time_is_there_for_pointer_keyboard_and_finger(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        at = timezone.now() - timedelta(hours=3)
        row = message(amara, "Hello?", at=at, created_at=at + timedelta(hours=2))
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        tip = page.get_by_role("tooltip")
        meta = page.locator(f"#message-{row.pk} .message__meta")
        expect(meta).to_contain_text("arrived 2 h late")
        meta.hover()
        expect(tip).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
        expect(tip).to_contain_text("received")
        page.mouse.move(5, 5)
        expect(tip).to_be_hidden()
        page.locator(".thread__scroll").focus()
        page.keyboard.press("Tab")
        expect(tip).to_be_visible()
        opened.check_accessibility()
        phone = window(alice, width=390).open(f"/conversations/{amara.pk}/")
        phone.locator(f"#message-{row.pk} .message__meta").tap()
        expect(phone.get_by_role("tooltip")).to_contain_text("received")
