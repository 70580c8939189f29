"""Drafts in a real browser: kept at once, the same in every window, and there after a session ended."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Page, expect

from inbox.changes import pages
from inbox.models import Agent, Conversation, Draft
from tests.browser.conftest import OpenWindow
from tests.browser.test_composer import amara, arrived, field, log, page, sent

__all__ = ["amara", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class DraftTests:
    def test_it_is_there_after_a_reload_and_in_another_window(
        self, window: OpenWindow, alice: Agent, amara: Conversation, page: Page
    ) -> None:
        with page.expect_response("**/draft/**"):
            field(page).fill("Half a sentence")
        page.reload()
        expect(field(page)).to_have_value("Half a sentence")
        other = window(alice).open(f"/conversations/{amara.pk}/")
        expect(field(other)).to_have_value("Half a sentence")
        field(other).press("Enter")
        expect(log(other)).to_contain_text("Half a sentence")
        field(page).press("Enter")
        expect(field(page)).to_have_value("")
        arrived(page)
        assert sent(amara) == ["Half a sentence"]
        assert not Draft.objects.exists()

    def test_a_reload_right_after_the_last_key_shows_what_was_typed(self, page: Page, amara: Conversation) -> None:
        page.route("**/draft/**", lambda route: route.abort())
        kept = page.evaluate("""async () => {
          const storage = await import("/static/js/page/browser-storage.js");
          // before anything else runs: the browser may die right now
          const field = document.querySelector("[data-words]");
          field.value = "Quick fingers";
          field.dispatchEvent(new Event("input", { bubbles: true }));
          return storage.names("draft.").map((name) => storage.get(name).text);
        }""")
        assert kept == ["Quick fingers"]
        page.reload()
        expect(field(page)).to_have_value("Quick fingers")
        page.unroute("**/draft/**")
        with page.expect_response("**/draft/**"):
            field(page).press_sequentially("!")
        assert Draft.objects.get().text == "Quick fingers!"

    def test_what_was_typed_without_a_connection_is_kept_and_saved_later(self, page: Page, amara: Conversation) -> None:
        with page.expect_response("**/draft/**"):
            field(page).fill("Online")
        page.context.set_offline(True)
        field(page).fill("Online, then offline")
        with page.expect_event("requestfailed", lambda request: "/draft/" in request.url):
            pass
        with page.expect_response("**/draft/**"):
            page.context.set_offline(False)
        assert Draft.objects.get().text == "Online, then offline"

    def test_words_from_elsewhere_are_not_written_over(self, page: Page, alice: Agent, amara: Conversation) -> None:
        page.route("**/draft/**", lambda route: route.abort())
        field(page).fill("Typed here")
        Draft.objects.create(conversation=amara, agent=alice, text="Typed on the phone")
        page.reload()
        expect(field(page)).to_have_value("Typed here\nTyped on the phone")

    def test_another_tab_follows_what_is_written_and_what_is_sent(self, page: Page, amara: Conversation) -> None:
        other = page.context.new_page()
        other.goto(page.url)
        field(page).press_sequentially("Shared")
        expect(field(other)).to_have_value("Shared")
        field(other).press_sequentially("!")
        expect(field(page)).to_have_value("Shared!")
        field(page).press("Enter")
        expect(field(other)).to_have_value("")
        arrived(page)
        arrived(other)
        expect(other.locator(".message--outbound")).to_have_count(1)
        assert sent(amara) == ["Shared!"]

    def test_a_window_elsewhere_follows_once_it_was_sent(
        self, window: OpenWindow, alice: Agent, amara: Conversation, page: Page
    ) -> None:
        with page.expect_response("**/draft/**"):
            field(page).fill("From the desk")
        other = window(alice).open(f"/conversations/{amara.pk}/")
        expect(field(other)).to_have_value("From the desk")
        field(page).press("Enter")
        expect(field(other)).to_have_value("")
        expect(other.locator(".message--outbound")).to_have_count(1)


class SignedOutTests:
    def test_what_was_typed_after_the_session_ended_is_there_after_signing_in(
        self, page: Page, alice: Agent, amara: Conversation
    ) -> None:
        cookies = page.context.cookies()
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        field(page).fill("Typed too late to be kept")
        with transaction.atomic():
            pages.announce([(amara.number_id, amara.pk)])
        expect(page).to_have_url(re.compile("/accounts/login/"))
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
        page.goto(page.url.split("/accounts/")[0] + f"/conversations/{amara.pk}/")
        expect(field(page)).to_have_value("Typed too late to be kept")

    def test_signing_in_in_another_tab_lets_what_is_written_be_sent(
        self, page: Page, alice: Agent, amara: Conversation
    ) -> None:
        session = [one for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME]
        page.context.clear_cookies()
        page.context.add_cookies(session)  # type: ignore[arg-type]
        another = page.context.new_page()
        another.goto(page.url)  # a login gives a token that is not the one of the first tab
        field(page).fill("From the old tab")
        field(page).press("Enter")
        expect(log(page)).to_contain_text("From the old tab")
        arrived(page)
        assert sent(amara) == ["From the old tab"]

    def test_a_tab_of_who_was_signed_in_before_becomes_the_next_ones(
        self, window: OpenWindow, alice: Agent, bob: Agent, amara: Conversation
    ) -> None:
        opened = window(alice)
        page = opened.open(f"/conversations/{amara.pk}/")
        client = Client()
        client.force_login(bob)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": opened.url}])
        with transaction.atomic():
            pages.announce([(amara.number_id, amara.pk)])
        expect(page.locator(".app")).to_have_attribute("data-agent", str(bob.pk))
        opened.faults.clear()  # the browser writes every 403 to its console
