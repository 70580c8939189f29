"""Send in a real browser: the bubble at the press, without a connection, after a reload, and when the inbox says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from playwright.sync_api import Page, Route, expect

from inbox.formatting import markup
from inbox.models import Agent, Conversation, Draft
from tests import samples
from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_composer import amara, arrived, field, log, prepare, sent
from tests.servers import wait_until

__all__ = ["amara"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Presses Send and tells what the page holds before the browser draws its next frame.
PRESS = """(words) => {
  const form = document.querySelector("[data-answer]");
  form.elements.text.value = words;
  form.requestSubmit();
  const bubble = document.querySelector(".leaving .message");
  const part = (name) => bubble?.querySelector(`.message__${name}`);
  const [text, tick, author] = [part("text"), part("meta .tick"), part("author")];
  return [text?.innerText.split("\\n")[0], tick?.className, author?.textContent, form.elements.text.value];
}"""
#: Presses Edit in the moment in which it appears.
EDIT_AT_ONCE = """() => new MutationObserver((_, observer) => {
  const edit = [...document.querySelectorAll(".leaving button")].find((one) => one.textContent.trim() === "Edit");
  if (!edit) return;
  observer.disconnect();
  edit.click();
}).observe(document.body, { childList: true, subtree: true })"""
#: Where the parts of a bubble stand.
BOXES = """(token) => {
  const words = ".message__text *:not(.message__actions *, svg *)";
  const parts = [".message__bubble", ".message__text", words, ".message__author"];
  const found = parts.flatMap((part) => [...document.querySelectorAll(`[data-token="${token}"] ${part}`)]);
  const box = (one) => ["x", "y", "width", "height"].map((side) => Math.round(one.getBoundingClientRect()[side]));
  return found.map((one) => [one.className, ...box(one)].join(" "));
}"""
#: WhatsApp's marks as the browser draws them.
MARKUP = 'async (text) => (await import("/static/js/sending/markup.js")).markup(text)'
#: What marks are made of, and what stands between them.
PIECES = [*"*_~`>-1. \n()ab:/&<\"'é", "www.", "https://", "```", "* ", "> ", "1. ", "2. "]


@pytest.fixture
def opened(window: OpenWindow, alice: Agent, amara: Conversation) -> Window:
    made = window(alice)
    made.open(f"/conversations/{amara.pk}/")
    expect(field(made.page)).to_be_visible()
    return made


@pytest.fixture
def page(opened: Window) -> Page:
    return opened.page


def waiting(page: Page) -> None:
    expect(page.locator(".leaving")).to_contain_text("Waiting for the connection")


def release(page: Page, held: list[Route]) -> None:
    """Let the request go on that a route holds."""
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()


class BubbleTests:
    def test_it_is_there_in_the_same_frame_with_a_clock(self, page: Page, amara: Conversation, alice: Agent) -> None:
        held: list[Route] = []
        page.route("**/send/**", lambda route: held.append(route))
        shown = page.evaluate(PRESS, "Hello *there*")
        assert shown[0].startswith("Hello there")
        assert shown[1:] == ["tick tick--queued", str(alice), ""]
        release(page, held)
        arrived(page)
        expect(log(page).locator("strong", has_text="there")).to_have_count(1)
        assert sent(amara) == ["Hello *there*"]

    @pytest.mark.parametrize("words", ["Hello", "> quoted\n- one\n- *two*\n\n```code```", "https://example.com/a " * 9])
    def test_its_row_takes_its_place_and_nothing_moves(self, page: Page, amara: Conversation, words: str) -> None:
        held: list[Route] = []
        page.route("**/send/**", lambda route: held.append(route))
        field(page).fill(words)
        token = page.locator("[name=token]").input_value()
        field(page).press("Enter")
        before = page.evaluate(BOXES, token)
        release(page, held)
        arrived(page)
        expect(page.locator(f'[data-message][data-token="{token}"]')).to_have_count(1)
        assert page.evaluate(BOXES, token) == before
        assert len(before) > 3

    def test_it_joins_the_group_above(self, page: Page, amara: Conversation) -> None:
        page.evaluate(PRESS, "One")
        arrived(page)
        page.route("**/send/**", lambda route: route.abort())
        page.evaluate(PRESS, "Two")
        expect(page.locator(".leaving .message")).not_to_have_class("message--first")
        expect(log(page).locator(".message__author:visible")).to_have_count(1)

    @hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
    def test_its_marks_are_the_servers(self, page: Page, text: str) -> None:
        assert page.evaluate(MARKUP, text) == markup.render(text)


class OfflineTests:
    def test_what_is_sent_offline_waits_and_leaves_by_itself(self, page: Page, amara: Conversation) -> None:
        page.context.set_offline(True)
        for words in ("One", "Two"):
            field(page).fill(words)
            field(page).press("Enter")
            expect(field(page)).to_have_value("")
        expect(page.locator(".leaving .message")).to_have_count(2)
        expect(page.locator(".leaving").get_by_text("Waiting for the connection")).to_have_count(2)
        expect(page.locator(".conversation-row").get_by_text("Waiting for the connection")).to_have_count(1)
        page.context.set_offline(False)
        arrived(page)
        assert sent(amara) == ["One", "Two"]
        expect(page.locator(".conversation-row").get_by_text("Waiting for the connection")).to_have_count(0)

    def test_it_is_there_after_a_reload_and_its_draft_is_not(self, page: Page, amara: Conversation) -> None:
        with page.expect_response("**/draft/**"):
            field(page).fill("Do not lose me")
        page.route("**/send/**", lambda route: route.abort())
        field(page).press("Enter")
        waiting(page)
        assert Draft.objects.get().text == "Do not lose me"
        page.reload()
        waiting(page)
        expect(page.locator(".leaving")).to_contain_text("Do not lose me")
        expect(field(page)).to_have_value("")
        page.unroute("**/send/**")
        arrived(page)
        assert sent(amara) == ["Do not lose me"]
        assert not Draft.objects.exists()
        page.reload()
        expect(field(page)).to_have_value("")

    def test_an_answer_that_is_lost_on_its_way_sends_nothing_twice(self, page: Page, amara: Conversation) -> None:
        lost: list[Route] = []

        def lose(route: Route) -> None:
            if lost:
                return route.continue_()
            lost.append(route)
            route.fetch()
            route.abort()

        page.route("**/send/**", lose)
        field(page).fill("Only once")
        field(page).press("Enter")
        arrived(page)
        expect(page.locator(".message--outbound")).to_have_count(1)
        assert sent(amara) == ["Only once"]

    def test_another_conversation_is_read_while_it_waits(self, page: Page, amara: Conversation) -> None:
        page.route("**/send/**", lambda route: route.abort())
        field(page).fill("Later")
        field(page).press("Enter")
        waiting(page)
        page.locator("#thread .thread__back").evaluate("(link) => link.click()")
        expect(page.locator(".leaving")).to_have_count(0)
        page.unroute("**/send/**")
        page.locator(".conversation-row").first.click()
        arrived(page)
        expect(log(page)).to_contain_text("Later")
        wait_until(lambda: sent(amara) == ["Later"])  # until then it is the bubble that waits

    def test_what_waited_too_long_asks_first(self, page: Page, amara: Conversation) -> None:
        page.route("**/send/**", lambda route: route.abort())
        field(page).fill("On my way")
        field(page).press("Enter")
        waiting(page)
        page.evaluate("""async () => {
          const outbox = await import("/static/js/sending/outbox.js");
          const storage = await import("/static/js/page/browser-storage.js");
          const [entry] = outbox.all();
          outbox.remove(entry);
          entry.at -= 2 * 60 * 60 * 1000;
          storage.set(`leaving.${entry.at}.${entry.token}`, entry);
        }""")
        page.reload()
        expect(page.locator(".leaving .problem")).to_contain_text("more than an hour")
        page.unroute("**/send/**")
        assert sent_now(amara) == []
        page.get_by_role("button", name="Send again").click()
        arrived(page)
        assert sent(amara) == ["On my way"]


class RefusedTests:
    @pytest.fixture(autouse=True)
    def refusals_are_no_faults(self, opened: Window) -> Iterator[None]:
        """The browser writes every refused request to its console."""
        yield
        opened.faults[:] = [fault for fault in opened.faults if "status of 4" not in fault]

    def refuse(self, page: Page) -> None:
        page.route(
            "**/send/**",
            lambda route: route.fulfill(status=422, body="Nobody may say this.", content_type="text/plain"),
        )
        field(page).fill("Too bold")
        field(page).press("Enter")
        expect(page.locator(".leaving .problem")).to_contain_text("Not sent. Nobody may say this.")
        page.unroute("**/send/**")

    def test_it_says_why_and_is_edited(self, page: Page, amara: Conversation) -> None:
        self.refuse(page)
        field(page).fill("Next")
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(field(page)).to_have_value("Too bold\nNext")
        expect(page.locator(".leaving")).to_have_count(0)
        assert sent_now(amara) == []

    def test_it_is_deleted(self, page: Page, amara: Conversation) -> None:
        self.refuse(page)
        with page.expect_response("**/draft/**"):
            page.get_by_role("button", name="Delete").click()
        expect(page.locator(".leaving")).to_have_count(0)
        page.reload()
        expect(field(page)).to_have_value("")
        assert sent_now(amara) == []

    def test_it_is_sent_again_once(self, page: Page, amara: Conversation) -> None:
        self.refuse(page)
        page.get_by_role("button", name="Send again").click()
        arrived(page)
        assert sent(amara) == ["Too bold"]

    def test_a_window_that_closed_meanwhile_keeps_the_words(self, page: Page, amara: Conversation) -> None:
        Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() - timedelta(minutes=1))
        page.evaluate(PRESS, "Too late")
        expect(page.locator(".leaving .problem")).to_contain_text("window is closed")
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(page.locator("#composer")).to_contain_text("Too late")
        assert Draft.objects.get().text == "Too late"

    def test_words_that_are_taken_back_while_the_composer_changes_are_kept(
        self, page: Page, amara: Conversation
    ) -> None:
        Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() - timedelta(minutes=1))
        page.evaluate(EDIT_AT_ONCE)
        page.evaluate(PRESS, "Too late")
        expect(page.locator("#composer")).to_contain_text("Too late")
        assert Draft.objects.get().text == "Too late"

    def test_it_leaves_once_the_person_has_signed_in_again(self, page: Page, amara: Conversation) -> None:
        cookies = page.context.cookies()
        page.route("**/changes/**", lambda route: route.abort())  # which would lead to the login page by itself
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        field(page).fill("Signed out")
        field(page).press("Enter")
        expect(page.locator(".leaving").get_by_role("link", name="Log in and send")).to_be_visible()
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.reload()
        arrived(page)
        assert sent(amara) == ["Signed out"]


def test_a_photo_stands_in_the_thread_with_its_caption(page: Page, amara: Conversation, tmp_path: object) -> None:
    picture = {"name": "bike.png", "mimeType": "image/png", "buffer": samples.picture("PNG")}
    page.locator("[data-files]").set_input_files(picture)  # type: ignore[arg-type]
    prepare(page, 1)
    field(page).fill("The *petrol* one")
    page.route("**/send/**", lambda route: route.abort())
    field(page).press("Enter")
    bubble = page.locator(".leaving .message")
    expect(bubble).to_have_count(1)
    expect(bubble.locator("strong")).to_have_text("petrol")
    expect(bubble.get_by_alt_text("Photo")).to_be_visible()
    expect(page.locator("[data-card]")).to_have_count(0)
    waiting(page)
    page.reload()
    waiting(page)
    expect(page.locator("[data-card]")).to_have_count(0)
    page.unroute("**/send/**")
    arrived(page)
    made = amara.messages.get(direction="outbound")
    assert (made.kind, made.text) == ("image", "The *petrol* one")


def sent_now(amara: Conversation) -> list[str]:
    return list(amara.messages.filter(direction="outbound").values_list("text", flat=True))
