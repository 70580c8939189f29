"""The pages in a browser: readable for everybody, in both themes and at every width, with the policy on."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Error, expect

from inbox.models import Agent, Conversation, Message, Reaction, Revision
from tests.browser.conftest import OpenWindow, until
from tests.inbox.thread_rows import conversation, media, message, thread
from whatsapp.models import MessageTemplate, PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    """A thread with every look of a message in it."""
    amara = conversation(number, username="amara.rides")
    now = timezone.now()
    at = now - timedelta(days=1)
    first = message(amara, "Is it in *stock*? See https://norte.example/cargo", at=at)
    message(amara, "Yes", direction="outbound", status="read", at=at, quoted=first, quoted_wamid=first.wamid)
    Reaction.objects.create(number=amara.number, target_wamid="x", message=first, emoji="❤", at=at)
    edited = message(amara, "It is.", at=at, edited_at=at)
    Revision.objects.create(
        number=amara.number, wamid="r", target_wamid="y", message=edited, kind="edit", previous_text="It was.", at=at
    )
    message(amara, "gone", at=at, revoked_at=at)
    for state in ("pending", "retrying", "expired", "too_large", "failed"):
        media(amara, at=at, state=state, error="The reason.")
    stored: dict[str, Any] = {"state": "stored", "size": 412_000}
    media(amara, "document", at=at, **stored, file_name="Fatura.pdf", extension=".pdf", pages=3)
    media(amara, "audio", at=at, **stored, voice=True, duration=8.0, waveform=[10, 80, 40])
    media(amara, "audio", at=at, **stored, duration=154.0, file_name="workshop-noise.mp3", extension=".mp3")
    message(amara, kind="location", at=at, payload={"latitude": 38.7, "longitude": -9.1, "name": "Rua do Alecrim 12"})
    message(
        amara, kind="contacts", at=at, payload={"contacts": [{"name": "Carlos", "phones": [{"number": "+351934"}]}]}
    )
    message(amara, kind="order", at=at, payload={"items": [{"product_id": "bell", "price": "24", "currency": "EUR"}]})
    message(amara, kind="unsupported", at=at, payload={"type": "poll_creation"})
    message(amara, kind="call", at=at, payload={"outcome": "missed"})
    message(amara, kind="system", at=at, payload={"type": "handover", "to": "team", "summary": "Waits. " * 30})
    message(amara, kind="system", at=at, payload={"type": "group", "step": "left", "people": [{"name": "+351934"}]})
    recorded: dict[str, Any] = {"content_type": "audio/mpeg", "extension": ".mp3", "preview_state": "ready"}
    media(amara, "call", at=at, **stored, **recorded, duration=54.0)
    message(amara, "Good morning", at=at, error_code=131000, error="Something went wrong")
    message(amara, "زوجي يسأل: هل يمكن الاستلام يوم السبت؟", at=now)
    for status in ("queued", "sending", "sent", "delivered", "played", "failed", "unknown"):
        message(amara, "Ours", direction="outbound", status=status, error="The reason.", error_code=131000, at=now)
    message(amara, "Hello?", at=now - timedelta(minutes=20), created_at=now)
    Conversation.objects.update(unread_count=1, window_closes_at=now + timedelta(minutes=90))
    return amara


#: What opens something over the thread or beside it, and what that is.
PRESSED = (
    ".message__more",
    "button[data-emoji]",
    "[data-search]",
    *(f".menu__item[href$='/{name}/']" for name in ("location", "contact", "interactive", "templates")),
)
OPENED = "dialog[open], emoji-picker:not([hidden]), [data-search-panel]:not([hidden])"
WIDTHS = pytest.mark.parametrize("width", [1440, 820, 390])
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


class AccessibilityTests:
    @WIDTHS
    @THEMES
    def test_the_list(self, window: OpenWindow, alice: Agent, amara: Conversation, width: int, theme: str) -> None:
        opened = window(alice, width=width, theme=theme)
        opened.open("/")
        opened.check_accessibility()

    @WIDTHS
    @THEMES
    def test_the_thread(self, window: OpenWindow, alice: Agent, amara: Conversation, width: int, theme: str) -> None:
        opened = window(alice, width=width, theme=theme)
        page = opened.open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("Hello?")
        opened.check_accessibility()

    @pytest.mark.parametrize("width", [1440, 390])
    @THEMES
    def test_the_login(self, window: OpenWindow, width: int, theme: str) -> None:
        opened = window(None, width=width, theme=theme)
        page = opened.open("/accounts/login/")
        opened.check_accessibility()
        page.get_by_label("Username or e-mail").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        opened.check_accessibility()

    @THEMES
    def test_the_account(self, window: OpenWindow, alice: Agent, theme: str) -> None:
        opened = window(alice, theme=theme)
        for address in ("/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/"):
            opened.open(address)
            opened.check_accessibility()

    def test_dialogs_and_further_pages(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        body = [{"type": "BODY", "text": "Hello {{1}}"}]
        facts = {"waba_id": amara.number.waba_id, "language": "en", "category": "UTILITY", "status": "APPROVED"}
        template = MessageTemplate.objects.create(name="ready", components=body, **facts)
        opened = window(alice, reduced_motion="reduce")  # no colour is on its way from light to dark
        page = opened.page
        conversation = f"/conversations/{amara.pk}/"
        opened.open(conversation)
        for selector in PRESSED:
            page.locator(selector).first.dispatch_event("click")
            expect(page.locator(OPENED)).to_have_count(1)
            opened.check_themes()
            page.keyboard.press("Escape")
            expect(page.locator(OPENED)).to_have_count(0)
        for key in ("?", "Control+k"):
            page.keyboard.press(key)
            expect(page.locator(OPENED)).to_have_count(1)
            opened.check_themes()
            page.keyboard.press("Escape")
            expect(page.locator(OPENED)).to_have_count(0)
            until(page, "!history.state?.layer")  # the dialog's step back would end another navigation
        last = amara.messages.latest("id")
        for address in (
            f"/messages/{last.pk}/",
            f"{conversation}templates/{template.pk}/",
            f"{conversation}search/?q=o",
        ):
            opened.open(address)
            opened.check_themes()
        for address in (f"{conversation}interactive/", "/?q=nobody", "/?filter=failed"):
            opened.open(address)
            opened.check_themes()

    def test_nothing_sticks_out_of_the_page(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        message(amara, "x" * 3000)
        message(amara, "https://example.com/" + "y" * 500)
        for width in (1440, 820, 390, 320):
            page = window(alice, width=width).open(f"/conversations/{amara.pk}/")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator(".thread__scroll").evaluate("(scroll) => scroll.scrollWidth <= scroll.clientWidth")


class NavigationTests:
    def test_a_conversation_opens_beside_the_list(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice).open("/")
        page.evaluate("window.samePage = true")
        page.get_by_role("link", name=re.compile("Amara")).click()
        expect(page.get_by_role("log")).to_contain_text("Hello?")
        expect(page).to_have_url(re.compile(f"/conversations/{amara.pk}/$"))
        expect(page).to_have_title(re.compile("Amara Okafor · Inbox"))
        expect(page.locator(".conversation-row")).to_have_attribute("aria-current", "page")
        assert page.evaluate("window.samePage")

    def test_older_conversations_load_while_scrolling(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        for i in range(70):
            message(conversation(number, f"Person {i}", phone=None), "hello")
        page = window(alice).open("/")
        rows = page.locator(".conversation-row")
        for loaded in (25, 50, 70):
            expect(rows).to_have_count(loaded)
            page.locator(".list__rows").evaluate("(list) => (list.scrollTop = list.scrollHeight)")
        rows.last.click()
        expect(page.get_by_role("log")).to_contain_text("hello")

    def test_a_session_that_ended_leads_to_the_login(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        opened = window(alice)
        with opened.page.expect_response("**/changes/**"):
            page = opened.open("/")
        page.context.clear_cookies()
        # The live updates may have noticed first, and then the list is gone already, or goes now.
        with contextlib.suppress(Error):
            page.evaluate("document.querySelector('.conversation-row')?.click()")
        expect(page).to_have_url(re.compile("/accounts/login/"))

    def test_a_conversation_that_is_not_ours_any_more_says_so(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        opened = window(alice)
        page = opened.open("/")
        alice.numbers.clear()
        page.locator(".conversation-row").click()
        expect(page.get_by_text("Page not found")).to_be_visible()
        opened.faults.clear()  # the browser writes every 404 to its console

    def test_the_browsers_back_button_works(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice).open("/")
        page.get_by_role("link", name=re.compile("Amara")).click()
        expect(page.get_by_role("log")).to_be_visible()
        page.go_back()
        expect(page.get_by_text("Choose a conversation")).to_be_visible()
        page.go_forward()
        expect(page.get_by_role("log")).to_contain_text("Hello?")

    def test_a_phone_shows_one_pane_and_leads_back(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice, width=390, height=844).open("/")
        row = page.locator(".conversation-row")
        expect(page.locator(".app__thread")).to_be_hidden()
        row.click()
        expect(page.get_by_role("log")).to_be_visible()
        expect(row).to_be_hidden()
        page.get_by_role("link", name="Details", exact=True).click()
        expect(page.get_by_role("heading", name="Details")).to_be_visible()
        expect(page.get_by_role("log")).to_be_hidden()
        page.get_by_role("link", name="Close the details").click()
        expect(page.get_by_role("log")).to_be_visible()
        page.get_by_role("link", name="Back to the list").click()
        expect(row).to_be_visible()

    def test_older_messages_load_while_scrolling_and_nothing_jumps(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        Message.objects.all().delete()
        thread(amara, 160)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        messages = page.locator("[data-message]")
        expect(page.get_by_role("log").get_by_text("Message 160")).to_be_in_viewport()
        seen: set[int] = set()
        for _ in range(200):
            if len(seen) == 160:
                break
            page.locator(".thread__scroll").hover()
            page.mouse.wheel(0, -2000)
            page.wait_for_timeout(150)
            drawn = [int(text.split()[1]) for text in messages.locator(".message__text").all_inner_texts()]
            # What is far away may be gone; what is there is in order.
            assert drawn == sorted(set(drawn))
            seen |= set(drawn)
        assert seen == set(range(1, 161))
        page.mouse.wheel(0, -20_000)  # parts load before one comes to them
        expect(messages.first).to_be_in_viewport()
        days = page.locator("[data-day]").evaluate_all("(all) => all.map((day) => day.dataset.day)")
        assert days == sorted(set(days))

    def test_older_messages_that_do_not_load_can_be_asked_for_again(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        Message.objects.all().delete()
        thread(amara, 60)
        opened = window(alice)
        opened.page.route("**/messages/?before=*", lambda route: route.abort())
        # A page that hears from the server again loads them by itself; here only the press may.
        opened.page.route("**/changes/?*", lambda route: route.abort())
        page = opened.open(f"/conversations/{amara.pk}/")
        page.evaluate("document.querySelector('.thread__scroll').scrollTop = -99999")
        expect(page.get_by_text("Older messages did not load.")).to_be_visible()
        page.unroute("**/messages/?before=*")
        page.get_by_role("link", name="Older messages").click()
        expect(page.locator("[data-message]")).to_have_count(60)

    def test_a_quote_leads_to_its_message(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator("[data-jump]").click()
        expect(page.locator(".message--jumped-to")).to_contain_text("Is it in stock?")
        expect(page.locator(".message--jumped-to")).to_be_in_viewport()

    def test_the_colours_change_at_once_and_stay(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        page = window(alice).open("/")
        with page.expect_response("**/theme/"):
            page.get_by_role("button", name="Theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        with page.expect_response("**/theme/"):
            page.get_by_role("button", name="Theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


class WithoutScriptsTests:
    def test_everything_can_be_reached(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        thread(amara, 60)
        opened = window(alice, java_script_enabled=False)
        page = opened.open("/")
        page.get_by_role("link", name=re.compile("Amara")).click()
        expect(page.get_by_role("log")).to_contain_text("Is it in stock?")
        page.get_by_role("link", name="Older messages").click()
        expect(page.get_by_role("log")).to_contain_text("Message 60")
        page.goto(f"{opened.url}/conversations/{amara.pk}/")
        page.get_by_role("button", name="Mark as read").click()
        amara.refresh_from_db()
        assert amara.unread_count == 0
