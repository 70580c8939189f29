"""Answering in a real browser: words, files, voice, replies, reactions, templates, and everything that goes wrong."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from inbox.changes import pages
from inbox.media import uploads
from inbox.models import Agent, Conversation, Message, Outbox, Reaction, Upload
from tests.browser.conftest import OpenWindow
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import MessageTemplate, PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    message(amara, "Is it in stock?", at=timezone.now() - timedelta(minutes=30))
    Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() + timedelta(hours=20))
    amara.refresh_from_db()
    return amara


@pytest.fixture
def page(window: OpenWindow, alice: Agent, amara: Conversation) -> Page:
    page = window(alice).open(f"/conversations/{amara.pk}/")
    expect(field(page)).to_be_visible()
    return page


def field(page: Page) -> Locator:
    return page.get_by_label("Message to")


def log(page: Page) -> Locator:
    return page.get_by_role("log")


def arrived(page: Page) -> None:
    """Wait until nothing is on its way to the inbox any more."""
    expect(page.locator("[data-press]")).to_have_count(0)


def sent(amara: Conversation) -> list[str]:
    return list(amara.messages.filter(direction="outbound").in_order().values_list("text", flat=True))


def prepare(page: Page, count: int) -> None:
    """Do what the worker does, once the files have arrived."""
    cards = page.locator("[data-card][data-state=preparing]")
    expect(cards).to_have_count(count)
    for upload in Upload.objects.filter(state="preparing"):
        uploads.prepare(upload.pk)
    expect(page.locator("[data-card][data-state=preparing]")).to_have_count(0)


def change(amara: Conversation, row: Message, **columns: object) -> None:
    with transaction.atomic():
        Message.objects.filter(pk=row.pk).update(**columns)
        pages.announce([(amara.number_id, amara.pk)])


class WordsTests:
    def test_enter_sends_and_the_field_keeps_the_focus(self, page: Page, amara: Conversation) -> None:
        field(page).press_sequentially("Hello *there*")
        field(page).press("Enter")
        expect(log(page).locator("strong", has_text="there")).to_be_visible()
        expect(field(page)).to_have_value("")
        expect(field(page)).to_be_focused()
        field(page).press_sequentially("And more")
        field(page).press("Enter")
        expect(log(page)).to_contain_text("And more")
        arrived(page)
        assert sent(amara) == ["Hello *there*", "And more"]

    def test_shift_enter_breaks_and_an_input_method_keeps_its_enter(self, page: Page, amara: Conversation) -> None:
        field(page).press_sequentially("One")
        field(page).press("Shift+Enter")
        field(page).press_sequentially("two")
        field(page).evaluate(
            "(f) => f.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
        )
        expect(field(page)).to_have_value("One\ntwo")
        field(page).press("Enter")
        expect(log(page)).to_contain_text("One")
        arrived(page)
        assert sent(amara) == ["One\ntwo"]

    def test_two_presses_in_a_row_send_it_once(self, page: Page, amara: Conversation) -> None:
        field(page).fill("Only once")
        page.locator("[data-send]").dblclick()
        expect(log(page)).to_contain_text("Only once")
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        arrived(page)
        assert sent(amara) == ["Only once"]

    def test_the_chosen_words_become_bold(self, page: Page) -> None:
        field(page).fill("word")
        field(page).press("ControlOrMeta+a")
        field(page).press("ControlOrMeta+b")
        expect(field(page)).to_have_value("*word*")

    def test_an_emoji_is_found_by_its_name(self, page: Page) -> None:
        field(page).fill("Hi ")
        page.get_by_role("button", name="Emoji").click()
        page.get_by_label("Search emoji").fill("bicycle")
        page.get_by_label("Search emoji").press("Enter")
        page.keyboard.press("Escape")
        expect(field(page)).to_have_value("Hi 🚲")

    def test_it_is_accessible(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        for width, theme in ((1440, "light"), (390, "dark")):
            opened = window(alice, width=width, theme=theme)
            opened.open(f"/conversations/{amara.pk}/")
            expect(field(opened.page)).to_be_visible()
            opened.check_accessibility()
            opened.page.get_by_title("Attach").click()
            opened.page.get_by_role("link", name="Buttons and lists").click()
            expect(opened.page.get_by_role("dialog")).to_be_visible()
            opened.check_accessibility()


class MessageTests:
    def test_a_message_is_answered(self, page: Page, amara: Conversation) -> None:
        bubble = page.locator(".message--inbound").last
        bubble.locator(".message__bubble").hover()
        bubble.get_by_title("Reply", exact=True).click()
        expect(page.locator("[data-quote]")).to_contain_text("Is it in stock?")
        expect(field(page)).to_be_focused()
        field(page).press("Escape")
        expect(page.locator("[data-quote]")).to_be_hidden()
        bubble.locator(".message__bubble").hover()
        bubble.get_by_title("Reply", exact=True).click()
        expect(page.locator("[data-quote]")).to_be_visible()
        field(page).press_sequentially("It is")
        field(page).press("Enter")
        expect(page.locator(".message--outbound[data-message] .quote")).to_contain_text("Is it in stock?")

    def test_a_reaction_is_put_and_taken_back(self, page: Page, amara: Conversation) -> None:
        bubble = page.locator(".message--inbound").last
        bubble.locator(".message__bubble").hover()
        bubble.get_by_title("React", exact=True).click()
        page.get_by_label("Search emoji").fill("thumbs up")
        page.get_by_label("Search emoji").press("Enter")
        ours = page.locator(".reaction--ours")
        expect(ours).to_contain_text("👍")
        assert Reaction.objects.get().emoji == "👍"
        ours.get_by_role("button").click()
        expect(ours).to_have_count(0)
        assert Reaction.objects.get().emoji == ""

    def test_a_failed_message_says_why_and_is_sent_again(self, page: Page, amara: Conversation, alice: Agent) -> None:
        field(page).fill("Hello")
        field(page).press("Enter")
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        change(amara, amara.messages.get(text="Hello"), status="failed", error_code=131026, failed_at=timezone.now())
        expect(page.locator(".problem")).to_contain_text("131026")
        page.get_by_role("button", name="Send again").click()
        expect(page.locator(".message--outbound[data-message]")).to_have_count(2)
        expect(page.get_by_role("button", name="Send again")).to_have_count(0)
        arrived(page)
        assert sent(amara) == ["Hello", "Hello"]

    def test_a_message_in_doubt_is_sent_again_only_after_a_question(self, page: Page, amara: Conversation) -> None:
        field(page).fill("Hello")
        field(page).press("Enter")
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        change(amara, amara.messages.get(text="Hello"), status="unknown")
        again = page.get_by_role("button", name="Send again anyway")
        page.once("dialog", lambda dialog: dialog.dismiss())
        again.click()
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        page.once("dialog", lambda dialog: dialog.accept())
        again.click()
        expect(page.locator(".message--outbound[data-message]")).to_have_count(2)

    def test_a_paused_number_is_told_and_the_banner_leaves_by_itself(
        self, page: Page, amara: Conversation, number: PhoneNumber
    ) -> None:
        with transaction.atomic():
            Outbox.objects.create(number=number, probe_at=timezone.now(), reason="The access token has expired.")
            pages.announce([(number.pk, amara.pk)])
        expect(page.get_by_text("The access token has expired.")).to_be_visible()
        with transaction.atomic():
            Outbox.objects.update(active=False)
            pages.announce([(number.pk, amara.pk)])
        expect(page.get_by_text("The access token has expired.")).to_have_count(0)


class WindowTests:
    @pytest.fixture
    def template(self, number: PhoneNumber) -> MessageTemplate:
        return MessageTemplate.objects.create(
            waba_id=number.waba_id,
            name="ready_for_delivery",
            language="en",
            category="UTILITY",
            status="APPROVED",
            components=[
                {"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready."},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Thank you"}]},
            ],
        )

    def test_a_template_is_filled_in_checked_and_sent(
        self, page: Page, amara: Conversation, template: MessageTemplate
    ) -> None:
        page.get_by_title("Attach").click()
        page.get_by_role("link", name="Template", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Find a template").fill("ready")
        dialog.get_by_role("link", name="ready_for_delivery").click()
        values = dialog.locator("[name^=value-]")
        dialog.get_by_role("button", name="Fill in Amara", exact=True).click()
        expect(values.nth(0)).to_have_value("Amara")
        expect(dialog.get_by_role("group", name="Preview")).to_contain_text("Hello Amara, your {{2}} is ready.")
        values.nth(1).fill("Cargo 2")
        expect(dialog.get_by_role("group", name="Preview")).to_contain_text("your Cargo 2 is ready.")
        dialog.get_by_role("button", name="Send").click()
        bubble = page.locator(".message--outbound[data-message]")
        expect(bubble).to_contain_text("Hello Amara, your Cargo 2 is ready.")
        expect(bubble).to_contain_text("Thank you")
        expect(dialog).to_be_hidden()
        expect(field(page)).to_be_focused()

    def test_a_window_that_closes_leaves_templates_and_keeps_the_words(
        self, page: Page, amara: Conversation, template: MessageTemplate
    ) -> None:
        with page.expect_response("**/draft/**"):
            field(page).fill("Not sent yet")
        with transaction.atomic():
            Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() - timedelta(minutes=1))
            pages.announce([(amara.number_id, amara.pk)])
        expect(page.get_by_role("link", name="All templates")).to_be_visible()
        expect(field(page)).to_have_count(0)
        expect(page.locator("#composer")).to_contain_text("Not sent yet")
        with transaction.atomic():
            Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() + timedelta(hours=1))
            pages.announce([(amara.number_id, amara.pk)])
        expect(field(page)).to_have_value("Not sent yet")
        expect(page.locator("#composer")).to_contain_text(re.compile("59 min left"))

    def test_the_clock_alone_closes_it(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        opened = window(alice)
        opened.page.clock.install()
        page = opened.open(f"/conversations/{amara.pk}/")
        expect(field(page)).to_be_visible()
        Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() - timedelta(minutes=1))
        page.clock.fast_forward("21:00:00")
        expect(page.get_by_role("link", name="All templates")).to_be_visible()


def test_without_scripts_the_form_sends(window: OpenWindow, alice: Agent, amara: Conversation) -> None:
    page = window(alice, java_script_enabled=False).open(f"/conversations/{amara.pk}/")
    field(page).fill(f"Plain {uuid.uuid4()}")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(log(page)).to_contain_text("Plain")
    expect(field(page)).to_have_value("")
