"""Send in a real browser while files are still uploaded or prepared: shown at once, sent in order, nothing lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from inbox.media import uploads
from inbox.models import Conversation, Upload
from tests import samples
from tests.browser.test_composer import amara, arrived, field, log, page, sent
from tests.servers import wait_until

__all__ = ["amara", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Presses Send and tells what the page holds before the browser draws its next frame.
PRESS = """(words) => {
  const form = document.querySelector("[data-answer]");
  form.elements.text.value = words;
  form.requestSubmit();
  const bubble = document.querySelector(".leaving .message");
  const words_of = (part) => bubble?.querySelector(part)?.textContent.trim();
  return {
    tick: bubble?.querySelector(".tick")?.className,
    caption: bubble?.querySelector(".message__text strong")?.textContent,
    preview: bubble?.querySelector("img")?.src.slice(0, 5),
    name: words_of(".media-state__title"),
    kind: words_of(".media-state__facts"),
    state: words_of(".message__state [data-why]"),
    left: form.elements.text.value + form.querySelectorAll("[data-tray] > *").length,
  };
}"""


def file(name: str, mime: str = "image/png", content: bytes | None = None) -> FilePayload:
    return {"name": name, "mimeType": mime, "buffer": samples.picture("PNG") if content is None else content}


def choose(page: Page, *files: FilePayload) -> None:
    page.locator("[data-files]").set_input_files(list(files))


def hold_uploads(page: Page) -> list[Route]:
    held: list[Route] = []
    page.route("**/uploads/", lambda route: held.append(route))
    return held


def go_on(page: Page, held: list[Route]) -> None:
    """Let the upload go on that waits."""
    while not held:
        page.wait_for_timeout(20)
    held.pop(0).continue_()


def bubbles(page: Page) -> Locator:
    return page.locator(".leaving .message")


def cards(page: Page) -> Locator:
    return page.locator("[data-tray] > [data-card]")


def prepare(page: Page, state: str = "Being prepared…") -> None:
    """Do what the worker does, once the files have arrived."""
    expect(page.locator(".leaving")).to_contain_text(state)
    for upload in Upload.objects.filter(state="preparing"):
        uploads.prepare(upload.pk)


class ShownTests:
    def test_a_photo_that_is_being_uploaded_is_there_in_the_same_frame(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("bike.png"))
        expect(cards(page)).to_have_count(1)
        shown = page.evaluate(PRESS, "The *petrol* one")
        assert shown["tick"] == "tick tick--queued"
        assert (shown["caption"], shown["preview"]) == ("petrol", "blob:")
        assert (shown["state"], shown["left"]) == ("Uploading…", "0")
        go_on(page, held)
        prepare(page)
        arrived(page)
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        made = amara.messages.get(direction="outbound")
        assert (made.kind, made.text) == ("image", "The *petrol* one")

    def test_what_the_browser_cannot_show_stands_there_by_name_and_kind(self, page: Page, amara: Conversation) -> None:
        hold_uploads(page)
        choose(page, file("ride.mp4", "video/mp4"))
        expect(cards(page)).to_have_count(1)
        shown = page.evaluate(PRESS, "")
        assert (shown["name"], shown["kind"], shown["state"]) == ("ride.mp4", "Video", "Uploading…")

    def test_several_files_stand_there_one_under_the_other(self, page: Page) -> None:
        hold_uploads(page)
        choose(
            page, file("ride.mp4", "video/mp4"), file("song.mp3", "audio/mpeg"), file("offer.pdf", "application/pdf")
        )
        expect(cards(page)).to_have_count(3)
        page.evaluate(PRESS, "Have a *look*")
        expect(bubbles(page).locator(".media-state")).to_have_text(
            ["ride.mp4Video", "song.mp3Audio", "offer.pdfDocument"]
        )
        expect(bubbles(page).first).to_contain_text("Have a look")
        expect(page.locator(".leaving").get_by_text("Uploading…")).to_have_count(1)

    def test_its_icons_are_drawn_without_a_connection(self, page: Page) -> None:
        page.context.set_offline(True)
        choose(page, file("offer.pdf", "application/pdf"))
        field(page).fill("Look")
        field(page).press("Enter")
        expect(page.locator(".leaving .message__state")).to_contain_text("Waiting for the connection")
        drawn = page.locator(".leaving use").evaluate_all("(all) => all.map((one) => one.getBBox().width > 0)")
        assert drawn == [True] * 3

    def test_a_file_that_is_being_prepared_leaves_by_itself(self, page: Page, amara: Conversation) -> None:
        choose(page, file("bike.png"))
        expect(page.locator("[data-tray] > [data-state=preparing]")).to_have_count(1)
        shown = page.evaluate(PRESS, "Hello")
        assert (shown["state"], shown["left"]) == ("Being prepared…", "0")
        prepare(page)
        arrived(page)
        assert sent(amara) == ["Hello"]


class OrderTests:
    def test_later_messages_wait_for_it_and_others_do_not(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("one.png"), file("two.png"))
        expect(cards(page)).to_have_count(2)
        field(page).fill("First")
        field(page).press("Enter")
        field(page).fill("Second")
        field(page).press("Enter")
        expect(bubbles(page)).to_have_count(3)
        assert sent(amara) == []
        go_on(page, held)
        go_on(page, held)
        prepare(page)
        arrived(page)
        assert sent(amara) == ["First", "", "Second"]
        assert not Upload.objects.exists()

    def test_it_leaves_while_another_conversation_is_read(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("bike.png"))
        field(page).fill("Later")
        field(page).press("Enter")
        expect(bubbles(page)).to_have_count(1)
        page.locator("#thread .thread__back").evaluate("(link) => link.click()")
        expect(page.locator(".leaving")).to_have_count(0)
        go_on(page, held)
        expect(page.locator("[data-card][data-state=preparing]")).to_have_count(1)
        uploads.prepare(Upload.objects.get().pk)
        expect(page.locator("[data-card]")).to_have_count(0)
        wait_until(lambda: sent(amara) == ["Later"])
        page.locator(".conversation-row").first.click()
        expect(log(page)).to_contain_text("Later")

    def test_offline_it_waits_and_is_sent_once(self, page: Page, amara: Conversation) -> None:
        page.context.set_offline(True)
        choose(page, file("bike.png"))
        field(page).fill("Once")
        field(page).press("Enter")
        expect(page.locator(".leaving")).to_contain_text("Waiting for the connection")
        page.context.set_offline(False)
        prepare(page)
        arrived(page)
        assert sent(amara) == ["Once"]


class BackTests:
    def test_a_refused_file_comes_back_named_with_the_text(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("bike.png"), file("broken.png", content=samples.picture("PNG")[:60]))
        expect(cards(page)).to_have_count(2)
        field(page).fill("Petrol")
        field(page).press("Enter")
        expect(cards(page)).to_have_count(0)
        go_on(page, held)
        go_on(page, held)
        prepare(page)
        expect(page.locator("[data-refused]")).to_contain_text(
            "“broken.png” can’t be sent. Remove it to send the rest."
        )
        expect(cards(page)).to_have_count(2)
        expect(field(page)).to_have_value("Petrol")
        expect(bubbles(page)).to_have_count(0)
        assert sent(amara) == []
        page.get_by_role("button", name="Send the rest").click()
        arrived(page)
        assert sent(amara) == ["Petrol"]

    def test_it_says_why_when_its_conversation_is_opened_again(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("broken.png", content=samples.picture("PNG")[:60]))
        field(page).fill("Petrol")
        field(page).press("Enter")
        expect(bubbles(page)).to_have_count(1)
        page.locator("#thread .thread__back").evaluate("(link) => link.click()")
        expect(page.locator(".leaving")).to_have_count(0)
        go_on(page, held)
        expect(page.locator("[data-card][data-state=preparing]")).to_have_count(1)
        uploads.prepare(Upload.objects.get().pk)
        expect(page.locator("[data-card]")).to_have_count(0)
        page.locator(".conversation-row").first.click()
        expect(page.locator(".leaving .problem")).to_contain_text("Not sent. “broken.png”")
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(field(page)).to_have_value("Petrol")
        expect(page.locator("[data-refused]")).to_contain_text("“broken.png” can’t be sent. Remove it.")
        assert sent(amara) == []

    def test_it_is_taken_back_while_it_is_uploaded(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("bike.png"))
        field(page).fill("Not yet")
        field(page).press("Enter")
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(field(page)).to_have_value("Not yet")
        expect(cards(page)).to_have_count(1)
        go_on(page, held)
        expect(page.locator("[data-tray] > [data-state=preparing]")).to_have_count(1)
        assert sent(amara) == []


class ReloadTests:
    def test_what_was_uploaded_goes_on(self, page: Page, amara: Conversation) -> None:
        choose(page, file("bike.png"))
        expect(page.locator("[data-tray] > [data-state=preparing]")).to_have_count(1)
        field(page).fill("Hello")
        field(page).press("Enter")
        expect(bubbles(page)).to_have_count(1)
        page.reload()
        expect(bubbles(page)).to_contain_text("Hello")
        expect(cards(page)).to_have_count(0)
        expect(field(page)).to_have_value("")
        prepare(page)
        arrived(page)
        assert sent(amara) == ["Hello"]

    def test_what_was_not_uploaded_has_to_be_chosen_again(self, page: Page, amara: Conversation) -> None:
        held = hold_uploads(page)
        choose(page, file("one.png"), file("two.png"))
        expect(cards(page)).to_have_count(2)
        field(page).fill("Both")
        field(page).press("Enter")
        go_on(page, held)
        expect(page.locator("[data-card][data-state=preparing]")).to_have_count(1)
        page.reload()
        expect(page.locator(".leaving .problem")).to_contain_text("The upload of “two.png” was interrupted.")
        expect(page.get_by_role("button", name="Send again")).to_be_hidden()
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(field(page)).to_have_value("Both")
        expect(cards(page)).to_have_count(1)
        expect(cards(page)).to_contain_text("one.png")
        assert sent(amara) == []

    def test_another_window_goes_on_when_this_one_is_closed(self, page: Page, amara: Conversation) -> None:
        choose(page, file("bike.png"))
        expect(page.locator("[data-tray] > [data-state=preparing]")).to_have_count(1)
        other = page.context.new_page()
        other.goto(page.url)
        field(page).fill("Hello")
        field(page).press("Enter")
        expect(bubbles(other)).to_contain_text("Hello")
        expect(cards(other)).to_have_count(0)
        page.close()
        prepare(other)
        arrived(other)
        assert sent(amara) == ["Hello"]
