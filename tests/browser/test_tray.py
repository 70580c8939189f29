"""Files in the composer, in a real browser: their captions, their order, refused ones, recordings, lost connections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from inbox.models import Conversation, Upload
from tests import samples
from tests.browser.test_composer import amara, arrived, field, page, prepare, sent

__all__ = ["amara", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: A microphone that beeps.
CHROMIUM_ARGUMENTS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


class FileTests:
    def test_two_files_go_with_their_captions(self, page: Page, amara: Conversation, tmp_path: Path) -> None:
        for name in ("one.png", "two.png"):
            (tmp_path / name).write_bytes(samples.picture("PNG"))
        page.locator("[data-files]").set_input_files([tmp_path / "one.png", tmp_path / "two.png"])
        prepare(page, 2)
        field(page).fill("The first")
        page.get_by_label("Caption of two.png").fill("The second")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator(".message--outbound[data-message]")).to_have_count(2)
        expect(page.locator("[data-card]")).to_have_count(0)
        arrived(page)
        assert sent(amara) == ["The first", "The second"]

    def test_a_file_that_is_chosen_without_a_connection_is_uploaded_once_it_is_back(
        self, page: Page, amara: Conversation, tmp_path: Path
    ) -> None:
        (tmp_path / "one.png").write_bytes(samples.picture("PNG"))
        page.context.set_offline(True)
        page.locator("[data-files]").set_input_files(tmp_path / "one.png")
        expect(page.locator("[data-card]")).to_contain_text("Waiting for the connection")
        field(page).fill("Later")
        field(page).press("Enter")
        page.context.set_offline(False)
        prepare(page, 1)
        arrived(page)
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        assert sent(amara) == ["Later"]

    def test_a_file_is_removed(self, page: Page, tmp_path: Path) -> None:
        (tmp_path / "one.png").write_bytes(samples.picture("PNG"))
        page.locator("[data-files]").set_input_files(tmp_path / "one.png")
        prepare(page, 1)
        page.get_by_role("button", name="Remove one.png").click()
        expect(page.locator("[data-card]")).to_have_count(0)
        assert not Upload.objects.exists()

    def test_the_tray_says_whose_caption_the_text_is(self, page: Page, tmp_path: Path) -> None:
        for name in ("one.png", "two.png"):
            (tmp_path / name).write_bytes(samples.picture("PNG"))
        page.locator("[data-files]").set_input_files(tmp_path / "one.png")
        prepare(page, 1)
        hint = page.locator("[data-caption-hint]")
        expect(hint).to_have_text("Your text will be the caption.")
        expect(page.get_by_label("Caption of one.png")).to_be_hidden()
        page.locator("[data-files]").set_input_files(tmp_path / "two.png")
        prepare(page, 1)
        expect(hint).to_have_text("Your text will be the caption of “one.png”.")
        expect(page.get_by_label("Caption of two.png")).to_be_visible()
        field(page).fill("x" * 1025)
        expect(hint).to_contain_text("a separate message")

    def test_files_keep_the_order_in_which_they_were_chosen(
        self, page: Page, amara: Conversation, tmp_path: Path
    ) -> None:
        held: list[Route] = []
        page.route("**/uploads/", lambda route: route.continue_() if held else held.append(route))
        names = ["first.png", "second.png", "third.png"]
        for name in names:
            (tmp_path / name).write_bytes(samples.picture("PNG"))
        page.locator("[data-files]").set_input_files([tmp_path / name for name in names])
        expect(page.locator("[data-card][data-state=preparing]")).to_have_count(2)
        held[0].continue_()
        prepare(page, 3)
        expect(page.locator("[data-card] .tray__name")).to_have_text(names)
        page.reload()
        expect(page.locator("[data-card] .tray__name")).to_have_text(names)
        field(page).press("Enter")
        arrived(page)
        expect(page.locator("[data-card]")).to_have_count(0)
        sent_names = amara.messages.filter(direction="outbound").in_order().values_list("media__file_name", flat=True)
        assert [Path(name).stem for name in sent_names] == ["first", "second", "third"]

    def test_a_refused_file_comes_first_and_the_others_are_sent(
        self, page: Page, amara: Conversation, tmp_path: Path
    ) -> None:
        (tmp_path / "bike.png").write_bytes(samples.picture("PNG"))
        (tmp_path / "broken.png").write_bytes(samples.picture("PNG")[:60])
        page.locator("[data-files]").set_input_files([tmp_path / "bike.png", tmp_path / "broken.png"])
        prepare(page, 2)
        line = page.locator("[data-refused]")
        expect(line).to_contain_text("“broken.png” can’t be sent. Remove it to send the rest.")
        bad, good = (page.locator("[data-card]", has_text=name).bounding_box() for name in ("broken.png", "bike.png"))
        assert bad
        assert good
        assert bad["x"] < good["x"]
        field(page).fill("Petrol")
        field(page).press("Enter")
        expect(page.get_by_role("button", name="Remove it", exact=True)).to_be_focused()
        page.get_by_role("button", name="Send the rest").click()
        arrived(page)
        assert sent(amara) == ["Petrol"]
        expect(line).to_have_text(re.compile("“broken.png” can’t be sent. Remove it."))
        expect(page.get_by_role("button", name="Send the rest")).to_be_hidden()
        page.get_by_role("button", name="Remove it", exact=True).click()
        expect(page.locator("[data-card]")).to_have_count(0)
        expect(line).to_be_hidden()
        field(page).fill("Now alone")
        field(page).press("Enter")
        arrived(page)
        assert sent(amara) == ["Petrol", "Now alone"]

    def test_a_recording_is_discarded(self, page: Page) -> None:
        page.get_by_role("button", name="Record a voice note").click()
        expect(page.get_by_role("timer")).not_to_have_text("0:00")
        discard = page.get_by_role("button", name="Discard recording")
        expect(discard.locator("use")).to_have_attribute("href", re.compile("#icon-discard$"))
        discard.click()
        expect(field(page)).to_be_focused()
        assert not Upload.objects.exists()

    def test_a_voice_note_is_recorded_and_heard_before_it_goes(self, page: Page, amara: Conversation) -> None:
        page.get_by_role("button", name="Record a voice note").click()
        expect(page.get_by_role("timer")).not_to_have_text("0:00")
        page.get_by_role("button", name="Stop and listen").click()
        player = page.locator("[data-listen]")
        player.get_by_role("button", name="Play").click()
        expect(player.get_by_role("slider", name="Position")).not_to_have_js_property("value", "0")
        expect(page.locator("audio[controls]:visible")).to_have_count(0)
        page.get_by_role("button", name="Send the voice note").click()
        prepare(page, 1)
        expect(page.locator(".message--outbound[data-message] voice-note")).to_be_visible()
        assert amara.messages.get(kind="audio").media.voice
