"""The lightbox: pictures and films of the whole conversation, larger, turned, with keys, pointer and fingers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from inbox.models import Agent, Conversation
from inbox.models.media import Media
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


def photo(amara: Conversation, minutes_ago: float = 5, text: str = "", size: tuple[int, int] = (320, 200)) -> Media:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return stored(amara, "image", samples.picture(size=size), "image/jpeg", ".jpg", at=at, text=text)


def opened(page: Page, row: Media) -> Locator:
    page.locator(f"#message-{row.message_id} [data-lightbox]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(f"img[src='/media/{row.pk}/']")).to_have_js_property("complete", True)
    return dialog


def transform(page: Page) -> str:
    return str(page.locator("zoom-stage img").evaluate("(picture) => picture.style.transform"))


class LightboxTests:
    def test_it_walks_through_the_photos_and_comes_back(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        one, two = photo(amara, 9, "The first"), photo(amara, 5, "The second")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        dialog = opened(page, one)
        expect(dialog.locator(".lightbox__caption")).to_have_text("The first")
        expect(dialog).to_contain_text("Amara Okafor")
        expect(dialog.get_by_role("link", name="Back to the conversation")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(dialog.locator(f"zoom-stage img[src='/media/{two.pk}/']")).to_be_visible()
        expect(dialog.locator(".lightbox__caption")).to_have_text("The second")
        expect(dialog.get_by_role("link", name="Next")).to_have_count(0)
        dialog.get_by_role("link", name="Previous", exact=True).click()
        expect(dialog.locator(".lightbox__caption")).to_have_text("The first")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.locator(f"#message-{one.message_id} [data-lightbox]")).to_be_focused()

    def test_it_reaches_what_the_thread_has_not_loaded(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        old, middle = photo(amara, 300, "Long ago"), photo(amara, 299, "Then")
        for minute in range(60):
            message(amara, "Words", at=timezone.now() - timedelta(minutes=100 - minute))
        new = photo(amara, 1, "Now")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        dialog = opened(page, new)
        page.keyboard.press("ArrowLeft")
        expect(dialog.locator(".lightbox__caption")).to_have_text("Then")
        page.keyboard.press("Home")
        expect(dialog.locator(".lightbox__caption")).to_have_text("Long ago")
        page.keyboard.press("End")
        expect(dialog.locator(".lightbox__caption")).to_have_text("Now")
        dialog.locator(f"a[href='/media/{middle.pk}/view/']").last.click()
        expect(dialog.locator(".lightbox__caption")).to_have_text("Then")
        assert old.pk != middle.pk

    def test_it_enlarges_turns_and_moves(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = photo(amara, size=(3000, 2000))
        page = window(alice).open(f"/conversations/{amara.pk}/")
        dialog = opened(page, row)
        level = dialog.locator("[data-level]")
        page.keyboard.press("+")
        expect(level).to_have_text("150%")
        dialog.get_by_role("button", name="Zoom in").click()
        expect(level).to_have_text("225%")
        picture = page.locator("zoom-stage")
        box = picture.bounding_box()
        assert box
        before = transform(page)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 + 30, steps=4)
        page.mouse.up()
        assert transform(page) != before
        assert "translate(40px, 30px)" in transform(page)
        page.keyboard.press("0")
        expect(level).to_have_text("100%")
        page.mouse.wheel(0, -400)
        expect(level).not_to_have_text("100%")
        page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(level).to_have_text("100%")
        page.keyboard.press("r")
        assert "rotate(90deg)" in transform(page)
        turned = dialog.locator("zoom-stage img").bounding_box()
        assert turned
        assert turned["height"] <= box["height"] + 1
        expect(dialog).to_be_visible()
        page.mouse.click(box["x"] + 5, box["y"] + 5)
        expect(dialog).to_be_hidden()

    def test_fingers_sweep_and_pinch(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        one, two = photo(amara, 9, "The first"), photo(amara, 5, "The second")
        page = window(alice, width=390, height=800).open(f"/conversations/{amara.pk}/")
        dialog = opened(page, one)
        touch = page.context.new_cdp_session(page)

        def fingers(kind: str, *points: tuple[int, int]) -> None:
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]},
            )

        fingers("touchStart", (300, 400))
        for x in (250, 200, 150, 100):
            fingers("touchMove", (x, 402))
        fingers("touchEnd")
        expect(dialog.locator(".lightbox__caption")).to_have_text("The second")
        expect(dialog.locator(f"img[src='/media/{two.pk}/']")).to_have_js_property("complete", True)
        fingers("touchStart", (180, 400), (210, 400))
        for spread in (20, 40, 60):
            fingers("touchMove", (180 - spread, 400), (210 + spread, 400))
        fingers("touchEnd")
        expect(dialog.locator("zoom-stage")).to_have_class(re.compile("large"))
        expect(dialog.locator(".lightbox__caption")).to_have_text("The second")

    def test_the_focus_stays_inside(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = photo(amara)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        opened(page, row)
        for _ in range(12):
            page.keyboard.press("Tab")
            outside = "document.activeElement !== document.body && !document.activeElement.closest('dialog')"
            assert not page.evaluate(outside)

    def test_a_failure_is_said_there_and_can_be_tried_again(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        one = photo(amara, 9, "The first")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.route("**/view/", lambda route: route.abort())
        page.locator(f"#message-{one.message_id} [data-lightbox]").click()
        expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
        page.unroute("**/view/")
        page.get_by_role("link", name="Try again").click()
        expect(page.locator(".lightbox__caption")).to_have_text("The first")

    def test_it_downloads_under_the_files_name(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = photo(amara)
        Media.objects.filter(pk=row.pk).update(file_name="Dach vorne.jpg")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        dialog = opened(page, row)
        with page.expect_download() as download:
            dialog.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "Dach vorne.jpg"

    def test_without_scripts_it_is_a_page(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        one, two = photo(amara, 9, "The first"), photo(amara, 5, "The second")
        page = window(alice, java_script_enabled=False).open(f"/conversations/{amara.pk}/")
        page.locator(f"#message-{two.message_id} [data-lightbox]").click()
        expect(page).to_have_url(re.compile(f"/media/{two.pk}/view/$"))
        expect(page.get_by_role("button", name="Zoom in")).to_be_hidden()
        page.get_by_role("link", name="Previous", exact=True).click()
        expect(page.locator(".lightbox__caption")).to_have_text("The first")
        page.get_by_role("link", name="Back to the conversation").click()
        expect(page).to_have_url(re.compile(rf"/conversations/{amara.pk}/\?at={one.message_id}"))

    @pytest.mark.parametrize("width", [1440, 390])
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_it_is_readable_for_everybody(
        self, window: OpenWindow, alice: Agent, amara: Conversation, width: int, theme: str
    ) -> None:
        photo(amara, 9)
        row = photo(amara, 5, "The second")
        made = window(alice, width=width, theme=theme)
        opened(made.open(f"/conversations/{amara.pk}/"), row)
        made.check_accessibility()
        made.open(f"/media/{row.pk}/view/")
        made.check_accessibility()
