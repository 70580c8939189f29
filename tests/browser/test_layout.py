"""Panes and the list's width in a browser: on a desk, a tablet and a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Route, expect

from inbox.models import Agent
from tests.browser.conftest import OpenWindow
from tests.inbox.thread_rows import conversation, media, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ARABIC = "مرحباً، هل يمكنني استلام الدراجة يوم السبت؟ "
#: What can be scrolled sideways though nothing in it is meant to be.
WIDER = """() => [document.documentElement, ...document.querySelectorAll(
    ".list__rows, .thread__scroll, .composer, .app__details, .dialog[open], .dialog[open] .dialog__body")]
  .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth)
  .map((element) => `${element.className || "page"}: ${element.scrollWidth} in ${element.clientWidth}`)"""
RUNNING = "document.getAnimations().filter((one) => one.playState === 'running').length"


class WidthTests:
    def test_the_list_is_resized_by_keyboard_and_remembered(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        message(conversation(number), "Hello")
        opened = window(alice)
        page = opened.open("/")
        edge = page.get_by_role("separator", name="Width of the list")
        before = page.locator(".app__list").bounding_box()
        edge.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        after = page.locator(".app__list").bounding_box()
        assert before
        assert after
        assert after["width"] == round(before["width"]) + 32
        page.reload()
        again = page.locator(".app__list").bounding_box()
        assert again
        assert again["width"] == after["width"]
        expect(edge).to_have_attribute("aria-valuenow", str(int(after["width"])))
        opened.check_accessibility()


class PhoneTests:
    def test_the_list_is_where_it_was_after_going_back(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        for i in range(30):
            message(conversation(number, f"Person {i}", phone=None), "hello")
        page = window(alice, width=390, height=844).open("/")
        page.locator(".conversation-row").nth(20).scroll_into_view_if_needed()
        scrolled = page.locator(".list__rows").evaluate("(list) => list.scrollTop")
        assert scrolled > 0
        page.locator(".conversation-row").nth(20).click()
        expect(page.get_by_role("log")).to_be_visible()
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".conversation-row").nth(20)).to_be_in_viewport()
        assert page.locator(".list__rows").evaluate("(list) => list.scrollTop") == scrolled


class PaneTests:
    def test_a_desk_shows_three_panes_and_a_tablet_two_with_the_details_as_a_drawer(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)
        message(amara, "Hello")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        panes = [page.locator(f".app__{name}") for name in ("list", "thread", "details")]
        for pane in panes:
            expect(pane).to_be_visible()
        listed, thread, details = (pane.bounding_box() for pane in panes)
        assert listed and thread and details  # noqa: PT018
        assert listed["x"] + listed["width"] == thread["x"]
        assert thread["x"] + thread["width"] == details["x"]
        assert details["x"] + details["width"] == 1440
        page.set_viewport_size({"width": 820, "height": 1180})
        expect(panes[2]).to_be_hidden()
        page.get_by_role("link", name="Details", exact=True).click()
        expect(panes[2]).to_be_visible()
        expect(panes[0]).to_be_visible()
        page.get_by_role("link", name="Close the details").click()
        expect(panes[2]).to_be_hidden()
        expect(page.get_by_role("link", name="Details", exact=True)).to_be_focused()

    def test_a_phone_goes_from_the_list_to_the_thread_to_the_details_and_back(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)
        message(amara, "Hello")
        page = window(alice, width=390, height=844).open("/")

        def shows(name: str) -> None:
            for one in ("list", "thread", "details"):
                expect(page.locator(f".app__{one}").filter(visible=True)).to_have_count(int(one == name))

        shows("list")
        page.locator(".conversation-row").click()
        expect(page.get_by_role("log")).to_be_visible()
        shows("thread")
        page.get_by_role("link", name="Details", exact=True).click()
        expect(page.get_by_role("heading", name="Details")).to_be_visible()
        shows("details")
        page.go_back()
        expect(page.get_by_role("log")).to_be_visible()
        shows("thread")
        page.go_forward()
        expect(page.get_by_role("heading", name="Details")).to_be_visible()
        page.get_by_role("link", name="Close the details").click()
        shows("thread")
        page.go_back()
        expect(page.locator(".conversation-row")).to_be_visible()
        shows("list")
        # From a link there is no list to go back to by the browser: the page's own way leads there.
        page.goto(f"{page.url}conversations/{amara.pk}/?details")
        shows("details")
        page.get_by_role("link", name="Close the details").click()
        page.get_by_role("link", name="Back to the list").click()
        expect(page.locator(".conversation-row")).to_be_visible()
        shows("list")

    def test_nothing_is_wider_than_a_narrow_window(self, window: OpenWindow, alice: Agent, number: PhoneNumber) -> None:
        """320 px, and 720 px, which is a desk at 200 %: whatever the names and words are."""
        other = PhoneNumber.objects.create(phone_number_id="29", waba_id="1", name="N" * 60)
        alice.numbers.add(other)
        for name, text in (
            ("M" * 120, "w" * 300),
            ("\U0001f6b2" * 40, "https://example.com/" + "a" * 200),
            (ARABIC, ARABIC * 9),
        ):
            long = conversation(other, name, phone=None, username="u" * 60)
            long.window_closes_at = timezone.now() + timedelta(hours=1)
            message(long, text, at=timezone.now())
            message(long, text, at=timezone.now(), direction="outbound", status="failed", error=text[:200])
        opened = window(alice, width=320, height=640)
        page = opened.page
        for path in (
            "/",
            f"/conversations/{long.pk - 2}/",
            f"/conversations/{long.pk - 2}/?details",
            f"/conversations/{long.pk}/",
        ):
            opened.open(path)
            for width in (320, 720):
                page.set_viewport_size({"width": width, "height": 450})
                assert page.evaluate(WIDER) == [], (path, width)
        page.set_viewport_size({"width": 320, "height": 450})
        for name in ("Template", "Contact card", "Location", "Buttons and lists"):
            page.locator("summary[title=Attach]").click()
            page.get_by_role("link", name=name).click()
            expect(page.locator("dialog[open]")).to_be_visible()
            assert page.evaluate(WIDER) == [], name
            page.keyboard.press("Escape")

    def test_a_dialog_stands_at_the_top_whatever_is_in_it(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)
        message(amara, "Hello", at=timezone.now())
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.keyboard.press("Control+k")
        palette = page.locator("[data-palette]")
        expect(palette.locator("[role=option]").first).to_be_visible()
        tall = palette.bounding_box()
        page.keyboard.type("shortcuts")
        expect(palette.locator("[role=option]")).to_have_count(1)
        short = palette.bounding_box()
        assert tall is not None
        assert short is not None
        assert short["height"] < tall["height"]
        assert short["y"] == tall["y"] < 100

    def test_photos_and_cards_share_both_edges(self, window: OpenWindow, alice: Agent, number: PhoneNumber) -> None:
        amara = conversation(number)
        place = {"latitude": 38.7, "longitude": -9.1, "name": "Norte"}
        message(amara, kind="location", payload=place, at=timezone.now())
        media(amara, "document", file_name="a.pdf", state="stored", at=timezone.now())
        for width in (1440, 820, 390):
            page = window(alice, width=width).open(f"/conversations/{amara.pk}/")
            boxes = [one.bounding_box() for one in page.locator(".message__bubble").all()]
            assert len({(box["x"], box["width"]) for box in boxes if box}) == 1

    @pytest.mark.parametrize(("called", "is_cut"), [("Norte", False), ("N" * 60, True)])
    def test_our_numbers_name_is_not_what_a_phone_cuts_first(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber, called: str, is_cut: bool
    ) -> None:
        PhoneNumber.objects.filter(pk=number.pk).update(name=called)
        amara = conversation(number)
        message(amara, "Hello", at=timezone.now())
        page = window(alice, width=390, height=800).open(f"/conversations/{amara.pk}/")
        name = page.locator(".thread__number")
        assert name.evaluate("(one) => one.scrollWidth > one.clientWidth") == is_cut
        box, about = name.bounding_box(), page.locator(".thread__about").bounding_box()
        assert box is not None
        assert about is not None
        assert box["x"] >= about["x"] - 1
        assert box["x"] + box["width"] <= about["x"] + about["width"] + 1


class DirectionTests:
    def test_each_text_reads_in_its_own_direction(self, window: OpenWindow, alice: Agent, number: PhoneNumber) -> None:
        yusuf = conversation(number, "يوسف")
        yusuf.window_closes_at = timezone.now() + timedelta(hours=9)
        theirs = message(yusuf, ARABIC, at=timezone.now() - timedelta(minutes=1))
        ours = message(yusuf, "Saturday, 10:00", at=timezone.now(), direction="outbound", status="read")
        page = window(alice).open(f"/conversations/{yusuf.pk}/")
        direction = "(element) => getComputedStyle(element).direction"
        assert page.locator(f"#message-{theirs.pk} .message__text").evaluate(direction) == "rtl"
        assert page.locator(f"#message-{ours.pk} .message__text").evaluate(direction) == "ltr"
        # A name that is cut loses its end, wherever that is, and stands in line with the others.
        for name in (page.locator(".conversation-row__name"), page.locator(".thread__name")):
            assert name.evaluate(direction) == "rtl"
            assert name.evaluate("(element) => getComputedStyle(element).textAlign") == "left"
        field = page.get_by_role("textbox", name="Message to يوسف")
        assert field.evaluate(direction) == "ltr"
        field.fill(ARABIC)
        assert field.evaluate(direction) == "rtl"
        # In a page of that direction everything stands on the other side, and only arrows turn.
        page.evaluate("document.documentElement.dir = 'rtl'")
        listed, thread = page.locator(".app__list").bounding_box(), page.locator(".app__thread").bounding_box()
        assert listed and thread  # noqa: PT018
        assert listed["x"] > thread["x"]
        assert (
            page.locator(f"#message-{ours.pk} .tick .icon").evaluate("(icon) => getComputedStyle(icon).transform")
            == "none"
        )
        assert page.locator("[data-send] .icon").evaluate("(icon) => getComputedStyle(icon).transform") != "none"
        assert page.evaluate(WIDER) == []


class StateTests:
    def test_an_opening_that_takes_long_or_fails_says_so_in_its_place(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        message(amara, "Hello")
        message(amara, "Is on its way", direction="outbound", status="sending")
        message(bea, "Good morning")
        opened = window(alice, width=390, height=844, reduced_motion="reduce")
        page = opened.open("/")
        held: list[Route] = []
        page.route(f"**/conversations/{amara.pk}/", lambda route: held.append(route))
        page.locator(f"#conversation-{amara.pk}-row").click(no_wait_after=True)
        opening = page.get_by_role("region", name="Loading conversation")
        expect(opening).to_contain_text("Amara Okafor")
        assert page.evaluate(RUNNING) == 0
        while not held:
            page.wait_for_timeout(50)
        held[0].abort()
        expect(page.get_by_role("heading", name="The conversation did not load")).to_be_visible()
        assert page.evaluate(RUNNING) == 0
        opened.faults.clear()
        page.unroute_all()
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("log")).to_contain_text("Is on its way")
        expect(opening).to_be_hidden()
        assert page.evaluate(RUNNING) == 0

    def test_a_window_without_network_says_so(self, window: OpenWindow, alice: Agent, number: PhoneNumber) -> None:
        message(conversation(number), "Hello")
        opened = window(alice)
        page = opened.open("/")
        page.wait_for_timeout(100)
        page.context.set_offline(True)
        expect(page.get_by_text("Connection lost. Reconnecting")).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_text("Connection lost. Reconnecting")).to_be_hidden()

    @pytest.mark.parametrize(("chosen", "system"), [("dark", "light"), ("light", "dark")])
    def test_chosen_colours_win_over_the_systems(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber, chosen: str, system: str
    ) -> None:
        Agent.objects.filter(pk=alice.pk).update(theme=chosen)
        page = window(alice, theme=system).open("/")
        red, *_ = page.evaluate(
            "getComputedStyle(document.body.querySelector('.list')).backgroundColor.match(/[\\d.]+/g).map(Number)"
        )
        assert (red < 128) == (chosen == "dark")


class ListTests:
    def test_pinning_and_marking_unread_leave_the_page_standing(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)
        message(amara, "Hello")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("window.samePage = true")
        page.locator(".thread__tools summary[title=More]").click()
        page.get_by_role("button", name="Pin to the top of the list").click()
        expect(page.locator("[data-pinned] .conversation-row")).to_have_count(1)
        page.locator(".thread__tools summary[title=More]").click()
        page.get_by_role("button", name="Mark as unread").click()
        expect(page.get_by_text("Choose a conversation")).to_be_visible()
        expect(page.locator(".conversation-row--unread")).to_have_count(1)
        assert page.evaluate("window.samePage")

    def test_a_row_says_what_was_written_there_and_not_sent(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        amara, bea = conversation(number), conversation(number, "Bea", phone=None)
        amara.window_closes_at = timezone.now() + timedelta(hours=9)
        message(amara, "Is it in stock?", at=timezone.now())
        message(bea, "Hello", at=timezone.now())
        page = window(alice).open(f"/conversations/{amara.pk}/")
        row = page.locator(f"#conversation-{amara.pk}-row")
        page.get_by_role("textbox", name="Message to Amara Okafor").fill("Yes, two of them")
        expect(row).to_contain_text("Is it in stock?", use_inner_text=True)
        with page.expect_response("**/draft/**"):
            page.locator(f"#conversation-{bea.pk}-row").click()
        expect(row).to_contain_text("Draft: Yes, two of them", use_inner_text=True)
        row.click()
        page.get_by_role("textbox", name="Message to Amara Okafor").fill("")
        with page.expect_response("**/draft/**"):
            page.locator(f"#conversation-{bea.pk}-row").click()
        expect(row).to_contain_text("Is it in stock?", use_inner_text=True)
        assert not amara.drafts.exists()


#: The width of ten characters in the page's own font, in em.
WIDE = """(text) => {
  const span = Object.assign(document.createElement("span"), { textContent: text });
  document.body.append(span);
  const width = span.getBoundingClientRect().width / parseFloat(getComputedStyle(span).fontSize);
  span.remove();
  return width;
}"""


class FontTests:
    def test_digits_are_drawn_with_the_font_of_the_letters(
        self, window: OpenWindow, alice: Agent, number: PhoneNumber
    ) -> None:
        # Emoji fonts have digits, twice as wide. They must not stand in where none of the named fonts is installed.
        page = window(alice).open("/")
        assert 4.5 < page.evaluate(WIDE, "0123456789") < 7.5
        assert page.evaluate(WIDE, "😀" * 10) > 10
