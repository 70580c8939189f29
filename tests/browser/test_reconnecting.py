"""A page whose connection comes and goes: what did not open opens, and nothing that happened meanwhile is missing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from inbox.models import Agent, Conversation
from tests.browser.conftest import OpenWindow, until
from tests.browser.test_lightbox import photo
from tests.browser.test_live import receive
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    message(amara, "Hello of Amara", at=timezone.now() - timedelta(hours=1))
    return amara


@pytest.fixture
def bea(number: PhoneNumber) -> Conversation:
    bea = conversation(number, "Bea", phone=None)
    message(bea, "Hello of Bea", at=timezone.now() - timedelta(hours=2))
    return bea


def names(page: Page) -> list[str]:
    """What the list, the thread and the address say is open."""
    row = page.locator(".conversation-row[aria-current] .conversation-row__name").inner_text()
    return [row, page.locator(".thread__name").inner_text()]


def held(page: Page, address: str) -> list[Route]:
    """The requests to an address, which wait until they are continued."""
    routes: list[Route] = []
    page.route(address, lambda route: routes.append(route))
    return routes


def wait_for(page: Page, routes: list[Route]) -> Route:
    while not routes:
        page.wait_for_timeout(20)
    return routes[0]


class OpeningTests:
    def test_a_conversation_that_did_not_open_opens_once_the_connection_is_back(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        page.context.set_offline(True)
        page.locator(".conversation-row", has_text="Bea").click()
        expect(page.get_by_role("heading", name="The conversation did not load")).to_be_visible()
        assert page.locator("#conversation").evaluate("(pane) => pane.inert")  # nobody writes to Amara meanwhile
        receive(bea, "While you were away")
        opened.faults.clear()  # htmx says on the console what failed
        page.context.set_offline(False)
        expect(page.get_by_role("log")).to_contain_text("While you were away")
        assert names(page) == ["Bea", "Bea"]
        expect(page).to_have_url(re.compile(f"/conversations/{bea.pk}/"))

    def test_who_does_not_wait_goes_on_in_the_thread_that_is_there(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        page.context.set_offline(True)
        page.locator(".conversation-row", has_text="Bea").click()
        expect(page.get_by_role("heading", name="The conversation did not load")).to_be_visible()
        page.locator(".conversation-row", has_text="Amara").click()
        expect(page.get_by_role("log")).to_contain_text("Hello of Amara")
        assert names(page) == ["Amara Okafor", "Amara Okafor"]
        page.locator(".conversation-row", has_text="Bea").click()
        expect(page.get_by_role("heading", name="The conversation did not load")).to_be_visible()
        opened.faults.clear()
        page.set_viewport_size({"width": 390, "height": 800})
        page.locator("[data-opening]").get_by_role("link", name="Back to the list").click()
        expect(page.locator("[data-opening]")).to_be_hidden()
        assert names(page) == ["Amara Okafor", "Amara Okafor"]
        page.context.set_offline(False)
        expect(page.locator("[data-offline]")).to_be_hidden()
        receive(amara, "Still Amara")
        expect(page.get_by_role("log")).to_contain_text("Still Amara")
        assert names(page) == ["Amara Okafor", "Amara Okafor"]

    def test_of_two_that_are_pressed_the_second_opens_whichever_comes_first(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        page = window(alice).open("/")
        slow = held(page, f"**/conversations/{amara.pk}/**")
        page.locator(".conversation-row", has_text="Amara").click(no_wait_after=True)
        wait_for(page, slow)
        page.locator(".conversation-row", has_text="Bea").click()
        expect(page.get_by_role("log")).to_contain_text("Hello of Bea")
        with page.expect_response(f"**/conversations/{amara.pk}/**"):
            slow[0].continue_()
        page.wait_for_timeout(100)
        assert names(page) == ["Bea", "Bea"]
        expect(page).to_have_url(re.compile(f"/conversations/{bea.pk}/"))

    def test_a_picture_that_did_not_load_loads(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        picture = photo(amara)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        link = page.locator(f"#message-{picture.message_id} [data-lightbox]")
        link.hover()
        until(page, "Boolean(customElements.get('zoom-stage'))")  # the lightbox and all that it imports are here
        page.context.set_offline(True)
        link.click()
        lightbox = page.locator("[data-lightbox-dialog]")
        expect(lightbox).to_contain_text("This could not be loaded")
        page.context.set_offline(False)
        expect(lightbox.locator("zoom-stage img")).to_be_visible()

    def test_a_filter_that_was_pressed_without_a_connection_is_shown(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        page = window(alice).open("/")
        page.context.set_offline(True)
        page.get_by_role("link", name="Failed").click()
        receive(bea, "Ours", direction="outbound", status="failed")
        page.context.set_offline(False)
        expect(page.locator(".conversation-row__name")).to_have_text(["Bea"])
        expect(page).to_have_url(re.compile("filter=failed"))


class SinceTests:
    """What is missing is asked for since the oldest cursor of what is shown, however long it was on its way."""

    def test_a_message_that_came_while_its_thread_was_on_its_way_is_there(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        page = window(alice).open("/")
        answers = held(page, f"**/conversations/{amara.pk}/")
        page.locator(".conversation-row", has_text="Amara").click(no_wait_after=True)
        answer = wait_for(page, answers).fetch()  # drawn now, and late
        receive(amara, "Came meanwhile")
        row = page.locator(f"#conversation-{amara.pk}-row")
        expect(row).to_contain_text("Came meanwhile")
        answers[0].fulfill(response=answer)
        expect(page.get_by_role("log")).to_contain_text("Hello of Amara")
        expect(page.get_by_role("log")).to_contain_text("Came meanwhile")

    def test_an_answer_asked_for_before_a_thread_was_open_hides_nothing_of_it(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        page = window(alice).open("/")
        pulls: list[Route] = []
        page.route("**/changes/**", lambda route: route.continue_() if pulls else pulls.append(route))
        page.evaluate("document.dispatchEvent(new Event('inbox:pull'))")
        pull = wait_for(page, pulls)  # what changed in the list
        page.locator(".conversation-row", has_text="Amara").click()
        expect(page.get_by_role("log")).to_contain_text("Hello of Amara")
        message(amara, "Came meanwhile", at=timezone.now())
        pull.continue_()
        expect(page.get_by_role("log")).to_contain_text("Came meanwhile")

    def test_a_row_that_changed_while_its_list_was_on_its_way_is_as_it_is(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        page = window(alice).open("/")
        answers = held(page, "**/?q=okafor")
        page.get_by_role("searchbox", name="Search contacts").fill("okafor")
        answer = wait_for(page, answers).fetch()
        receive(amara, "Came meanwhile")
        expect(page.locator(f"#conversation-{amara.pk}-row")).to_contain_text("Came meanwhile")
        answers[0].fulfill(response=answer)
        expect(page).to_have_url(re.compile("q=okafor"))
        expect(page.locator(f"#conversation-{amara.pk}-row")).to_contain_text("Came meanwhile")

    def test_a_long_absence_misses_nothing(
        self, window: OpenWindow, alice: Agent, amara: Conversation, bea: Conversation
    ) -> None:
        opened = window(alice)
        opened.page.clock.install()
        page = opened.open(f"/conversations/{amara.pk}/")
        expect(page.get_by_role("log")).to_contain_text("Hello of Amara")
        page.context.set_offline(True)
        for hour in range(5):
            receive(amara, f"In hour {hour}", at=timezone.now() - timedelta(minutes=50 - hour))
        page.clock.fast_forward("05:00:00")
        page.context.set_offline(False)
        for hour in range(5):
            expect(page.get_by_role("log")).to_contain_text(f"In hour {hour}")
        opened.faults.clear()  # marking as read failed meanwhile, and was tried again
