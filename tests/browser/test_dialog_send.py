"""Send in a dialog, in a real browser: the message stands in the thread in the same frame, and is edited there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from inbox.models import Conversation
from tests.browser.conftest import Window
from tests.browser.test_composer import amara, arrived
from tests.browser.test_leaving import opened, page
from whatsapp.models import MessageTemplate, PhoneNumber

__all__ = ["amara", "opened", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Presses Send and tells what the thread and the dialog show before the browser draws its next frame.
PRESS = """() => {
  document.querySelector("[data-page-dialog] form").requestSubmit();
  const bubble = document.querySelector(".leaving .message__bubble");
  return [document.querySelector("[data-page-dialog]").open, bubble?.textContent.replace(/\\s+/g, " ").trim() ?? ""];
}"""


def dialog(page: Page, name: str) -> Locator:
    page.get_by_title("Attach").click()
    page.get_by_role("link", name=name, exact=True).click()
    shown = page.get_by_role("dialog")
    expect(shown).to_be_visible()
    return shown


def row(page: Page) -> Locator:
    return page.locator(".message--outbound[data-message]")


class SameFrameTests:
    def test_a_location(self, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Location")
        for label, value in {"Latitude": "38.7", "Longitude": "-9.1", "Name": "Workshop"}.items():
            shown.get_by_label(label).fill(value)
        is_open, words = page.evaluate(PRESS)
        assert not is_open
        assert words.startswith("Workshop 38.7, -9.1")
        arrived(page)
        expect(row(page)).to_have_count(1)
        expect(row(page)).to_contain_text("Workshop")

    def test_a_contact_card(self, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Contact card")
        shown.get_by_label("Name").fill("Bo Lind")
        shown.get_by_label("Phone").first.fill("+351 912 345 678")
        is_open, words = page.evaluate(PRESS)
        assert not is_open
        assert words.startswith("Bo Lind +351 912 345 678")
        arrived(page)
        expect(row(page)).to_have_count(1)

    def test_buttons(self, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Buttons and lists")
        shown.get_by_label("Text", exact=True).fill("When *shall* we come?")
        shown.get_by_label("Button 1").fill("Today")
        expect(shown.get_by_role("group", name="Preview").get_by_text("Today")).to_be_visible()
        is_open, words = page.evaluate(PRESS)
        assert not is_open
        assert "When shall we come?" in words
        assert words.endswith("Today")
        arrived(page)
        expect(row(page)).to_have_count(1)

    def test_what_the_preview_does_not_show_yet(self, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Buttons and lists")
        shown.get_by_label("Button 1").fill("Today")
        page.route("**/preview/**", lambda route: None)  # no answer
        shown.get_by_label("Text", exact=True).fill("When?")
        is_open, words = page.evaluate(PRESS)
        assert not is_open
        assert words.startswith("When?")
        arrived(page)
        expect(row(page)).to_contain_text("Today")

    def test_a_template(self, page: Page, amara: Conversation, number: PhoneNumber) -> None:
        components = [{"type": "BODY", "text": "Your bicycle is ready."}]
        known = {"waba_id": number.waba_id, "language": "en", "category": "UTILITY", "status": "APPROVED"}
        MessageTemplate.objects.create(name="ready", components=components, **known)
        shown = dialog(page, "Template")
        shown.get_by_role("link", name="ready").click()
        expect(shown.get_by_role("group", name="Preview")).to_contain_text("Your bicycle is ready.")
        is_open, words = page.evaluate(PRESS)
        assert not is_open
        assert "Your bicycle is ready." in words
        arrived(page)
        expect(row(page)).to_have_count(1)


class RefusedTests:
    def test_known_gaps_keep_the_dialog_open(self, opened: Window, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Location")
        shown.get_by_label("Latitude").fill("38.7")
        assert page.evaluate(PRESS) == [True, ""]
        expect(shown.locator("[aria-invalid=true]")).to_have_count(1)
        opened.faults.clear()  # the browser writes every refused request to its console

    def test_it_is_edited(self, opened: Window, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Contact card")
        shown.get_by_label("Name").fill("Bo Lind")
        shown.get_by_label("Phone").first.fill("+351 912 345 678")
        page.route("**/contact/**", lambda route: route.fulfill(status=422, body="Not now.", content_type="text/plain"))
        page.evaluate(PRESS)
        expect(page.locator(".leaving .problem")).to_contain_text("Not now.")
        page.unroute("**/contact/**")
        page.locator(".leaving").get_by_role("button", name="Edit", exact=True).click()
        expect(shown.get_by_label("Name")).to_have_value("Bo Lind")
        expect(page.locator(".leaving")).to_have_count(0)
        shown.get_by_role("button", name="Send").click()
        arrived(page)
        expect(row(page)).to_have_count(1)
        opened.faults.clear()

    def test_a_wrong_value_opens_the_dialog_again(self, opened: Window, page: Page, amara: Conversation) -> None:
        shown = dialog(page, "Location")
        for label, value in {"Latitude": "91", "Longitude": "-9.1", "Name": "Workshop"}.items():
            shown.get_by_label(label).fill(value)
        shown.get_by_role("button", name="Send").click()
        expect(shown.locator("[aria-invalid=true]")).to_have_value("91")
        expect(page.locator(".leaving")).to_have_count(0)
        opened.faults.clear()

    def test_it_comes_back_with_the_reason_and_everything_that_was_written(
        self, opened: Window, page: Page, amara: Conversation
    ) -> None:
        shown = dialog(page, "Buttons and lists")
        shown.get_by_label("Text", exact=True).fill("When?")
        shown.get_by_label("Button 1").fill("Today")
        expect(shown.get_by_role("group", name="Preview").get_by_text("Today")).to_be_visible()
        Conversation.objects.filter(pk=amara.pk).update(window_closes_at=timezone.now() - timedelta(minutes=1))
        shown.get_by_role("button", name="Send").click()
        expect(shown.get_by_role("alert")).to_contain_text("window is closed")
        expect(shown.get_by_label("Text", exact=True)).to_have_value("When?")
        expect(shown.get_by_label("Button 1")).to_have_value("Today")
        expect(page.locator(".leaving")).to_have_count(0)
        opened.faults.clear()


def test_it_waits_without_a_connection_and_leaves_once(page: Page, amara: Conversation) -> None:
    shown = dialog(page, "Location")
    for label, value in {"Latitude": "38.7", "Longitude": "-9.1", "Name": "Workshop"}.items():
        shown.get_by_label(label).fill(value)
    page.route("**/location/**", lambda route: route.abort())
    page.evaluate(PRESS)
    expect(page.locator(".conversation-row")).to_contain_text("Waiting for the connection")
    # The next one gets there, and its answer is lost.
    page.unroute("**/location/**")
    page.route("**/location/**", lambda route: (route.fetch(), route.abort()), times=1)
    arrived(page)
    expect(row(page)).to_have_count(1)
    assert amara.messages.filter(kind="location").count() == 1
