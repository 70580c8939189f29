"""An open page follows what happens: messages, ticks, files, other colleagues, and a connection that breaks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from inbox.changes import pages
from inbox.models import Agent, Conversation, Message
from inbox.models.media import Media
from inbox.receiving import pipeline
from tests import payloads, samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.receiving.support import store
from tests.inbox.thread_rows import conversation, media, message, thread
from whatsapp.models import PhoneNumber
from whatsapp.webhooks import journal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    message(amara, "The first", at=timezone.now() - timedelta(minutes=30))
    return amara


def receive(conversation: Conversation, text: str, **fields: object) -> Message:
    """A message as receiving leaves it: rows and announcement in one transaction."""
    with transaction.atomic():
        new = message(conversation, text, at=fields.pop("at", None) or timezone.now(), **fields)  # type: ignore[arg-type]
        Conversation.objects.filter(pk=conversation.pk).update(unread_count=1)
        pages.announce([(conversation.number_id, conversation.pk)])
    return new


class LiveTests:
    def test_a_new_message_appears_in_the_open_thread(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("The first")
        receive(amara, "And a second")
        expect(page.get_by_role("log")).to_contain_text("And a second")
        expect(page.locator(".conversation-row__words")).to_have_text("And a second")

    def test_one_that_comes_late_stands_before_the_later_one_of_its_second(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        at = int(timezone.now().timestamp()) - 60
        bodies = [payloads.notification(payloads.message(at=at, text={"body": words})) for words in ("One", "Two")]
        late, _ = [store(body) for body in bodies]
        journal.park({late.pk: "A fault of ours."})
        pipeline.drain()
        page = window(alice).open(f"/conversations/{Conversation.objects.get().pk}/")
        shown = page.get_by_role("log").locator(".message__text")
        expect(shown).to_have_text([re.compile("^Two")])
        journal.replay([late.pk])
        pipeline.drain()
        expect(shown).to_have_text([re.compile("^One"), re.compile("^Two")])
        expect(page.locator(".conversation-row__words")).to_have_text("Two")

    def test_what_is_seen_is_marked_read(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("The first")
        receive(amara, "And a second")
        expect(page.get_by_role("log")).to_contain_text("And a second")
        expect(page.locator(".conversation-row--unread")).to_have_count(0)
        expect(page.locator("#thread")).to_have_attribute("data-unread", "0")
        amara.refresh_from_db()
        assert amara.unread_count == 0

    def test_a_file_that_came_stands_beside_the_thread_too(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice).open(f"/conversations/{amara.pk}/")
        beside = page.get_by_label("Details", exact=True).get_by_role("link", name="Photo")
        expect(page.get_by_role("heading", name="Media and files")).to_be_hidden()
        with transaction.atomic():
            stored(amara, "image", samples.picture(), "image/jpeg", ".jpg", at=timezone.now())
            pages.announce([(amara.number_id, amara.pk)])
        expect(beside).to_be_visible()

    def test_a_page_that_may_not_see_changes_is_read_again_once(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        opened = window(alice)
        loads = []
        opened.page.route("**/changes/**", lambda route: route.fulfill(status=404))
        opened.page.on("load", lambda: loads.append(1))
        page = opened.open(f"/conversations/{amara.pk}/")
        expect(page.locator("[data-offline]")).to_be_visible()
        assert 1 <= len(loads) <= 2
        opened.faults.clear()  # the browser's words for 404

    def test_a_conversation_elsewhere_counts_as_unread_and_moves_up(
        self, window: OpenWindow, alice: Agent, amara: Conversation, number: PhoneNumber
    ) -> None:
        bea = conversation(number, "Bea", phone="+351911111111")
        message(bea, "Old", at=timezone.now() - timedelta(days=1))
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.mouse.move(900, 500)
        rows = page.locator(".conversation-row__name")
        expect(rows).to_have_text(["Amara Okafor", "Bea"])
        receive(bea, "New")
        expect(rows).to_have_text(["Bea", "Amara Okafor"])
        expect(page).to_have_title("(1) Amara Okafor · Inbox")
        expect(page.locator(".conversation-row .badge")).to_have_text("1 unread")

    def test_the_row_under_the_pointer_stays_until_the_pointer_leaves(
        self, window: OpenWindow, alice: Agent, amara: Conversation, number: PhoneNumber
    ) -> None:
        bea = conversation(number, "Bea", phone="+351911111111")
        message(bea, "Old", at=timezone.now() - timedelta(days=1))
        page = window(alice).open("/")
        rows = page.locator(".conversation-row__name")
        page.locator(".conversation-row").nth(1).hover()
        receive(bea, "New")
        expect(page.locator(".conversation-row__words").nth(1)).to_have_text("New")
        expect(rows).to_have_text(["Amara Okafor", "Bea"])
        page.mouse.move(900, 500)
        expect(rows).to_have_text(["Bea", "Amara Okafor"])

    def test_ticks_change_in_place(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        ours = message(amara, "Ours", direction="outbound", agent=alice, status="sent", at=timezone.now())
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.locator(f"#message-{ours.pk} .tick--sent")).to_be_visible()
        with transaction.atomic():
            Message.objects.filter(pk=ours.pk).update(status="read")
            pages.announce([(amara.number_id, amara.pk)])
        expect(page.locator(f"#message-{ours.pk} .tick--read")).to_be_visible()

    def test_a_file_that_arrives_takes_its_placeholders_place(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        picture = media(amara, at=timezone.now(), size=1_800_000, media_id="4711")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        bubble = page.locator(f"#message-{picture.message_id}")
        expect(bubble).to_contain_text("Photo is on its way")
        with transaction.atomic():
            Media.objects.filter(pk=picture.pk).update(state="failed", error="It was damaged.")
            pages.touch([picture.message_id])
        expect(bubble).to_contain_text("It was damaged.")
        expect(bubble.get_by_role("button", name="Download again")).to_be_visible()

    def test_messages_below_the_fold_are_counted_and_move_nothing(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        thread(amara, 40)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("document.querySelector('.thread__scroll').scrollTop = -900")
        reading = page.get_by_text("Message 20").first
        before = reading.bounding_box()
        receive(amara, "Below the fold")
        pill = page.locator("[data-pill]")
        expect(pill).to_have_text(re.compile("1 new"))
        after = reading.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(after["y"] - before["y"]) < 1
        amara.refresh_from_db()
        assert amara.unread_count == 1
        pill.click()
        expect(page.get_by_text("Below the fold").last).to_be_in_viewport()
        expect(pill).to_be_hidden()
        expect(page.locator("#thread")).to_have_attribute("data-unread", "0")

    def test_a_late_message_goes_where_it_belongs(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        message(amara, "The third", at=timezone.now() - timedelta(minutes=10))
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("The third")
        receive(amara, "The second", at=timezone.now() - timedelta(minutes=20))
        texts = page.locator(".message__text")
        expect(texts).to_have_text([re.compile("The first"), re.compile("The second"), re.compile("The third")])

    def test_a_connection_that_breaks_is_told_and_nothing_is_missed(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("The first")
        page.context.set_offline(True)
        page.evaluate("window.dispatchEvent(new Event('online'))")  # a stream that is tried now fails now
        expect(page.locator("[data-offline]")).to_be_visible()
        receive(amara, "While you were away")
        page.context.set_offline(False)
        expect(page.get_by_role("log")).to_contain_text("While you were away")
        expect(page.locator("[data-offline]")).to_be_hidden()

    def test_a_session_that_ended_leads_to_the_login(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("The first")
        page.context.clear_cookies()
        # Nothing unread: what was fetched just before would be marked as read, and refused.
        with transaction.atomic():
            message(amara, "Not for strangers", at=timezone.now())
            pages.announce([(amara.number_id, amara.pk)])
        expect(page).to_have_url(re.compile("/accounts/login/"))
