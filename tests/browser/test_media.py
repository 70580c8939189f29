"""Files in the thread: photos in the lightbox, sound and film playing in place, with the files' real bytes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox import changes
from inbox.models import Agent, Conversation
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.thread_rows import conversation, media
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


class PlayerTests:
    def test_a_voice_note_plays_and_seeks(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        stored(amara, "audio", samples.sound(seconds=4), "audio/ogg", ".ogg", voice=True)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        note = page.locator("voice-note")
        expect(note.locator("[data-clock]")).to_have_text("0:04")
        note.get_by_role("button", name="Play").click()
        expect(note.locator("[data-play]")).to_have_attribute("title", "Pause")
        expect(note.locator("[data-clock]")).to_have_text(re.compile(r"0:0[1-4] / 0:04"))
        note.locator("[data-play]").click()
        note.locator("[data-seek]").fill("3")
        expect(note.locator("[data-clock]")).to_have_text("0:03 / 0:04")
        expect(note.locator("[data-heard]")).to_have_attribute("width", re.compile(r"1[45]\d"))
        note.get_by_role("button", name="Speed").or_(note.locator("[data-speed]")).first.click()
        assert note.locator("audio").evaluate("(audio) => audio.playbackRate") == 1.5

    def test_what_plays_goes_on_when_its_message_changes(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        note = stored(amara, "audio", samples.sound(seconds=30), "audio/ogg", ".ogg", voice=True)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator("[data-play]").click()
        expect(page.locator("[data-clock]")).to_have_text(re.compile("0:01"))
        changes.touch([note.message_id])
        expect(page.locator("[data-clock]")).to_have_text(re.compile("0:03"))
        assert page.locator("audio").evaluate("(audio) => !audio.paused")

    def test_a_film_plays_in_the_place_of_its_picture(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        stored(amara, "video", samples.video(), "video/mp4", ".mp4")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        link = page.locator(".thread__messages [data-video]")
        box = link.bounding_box()
        link.click()
        film = page.locator(".thread__messages video")
        expect(film).to_have_js_property("error", None)
        expect(film).to_have_js_property("readyState", 4)
        assert film.bounding_box() == box

    def test_without_scripts_the_browsers_own_player_is_there(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        stored(amara, "audio", samples.sound(), "audio/ogg", ".ogg", voice=True)
        page = window(alice, java_script_enabled=False).open(f"/conversations/{amara.pk}/")
        expect(page.locator("audio[controls]")).to_be_visible()
        expect(page.locator("[data-play]")).to_be_hidden()


class DocumentTests:
    def test_it_shows_its_first_page_and_downloads_under_its_name(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        pdf = stored(amara, "document", samples.pdf(), "application/pdf", ".pdf", file_name="Fatura.pdf")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        card = page.locator(f"#message-{pdf.message_id}")
        expect(card.locator("img")).to_have_js_property("complete", True)
        expect(card).to_contain_text("1 page")
        with page.expect_download() as download:
            card.get_by_role("link", name="Download Fatura.pdf").click()
        assert download.value.suggested_filename == "Fatura.pdf"


class FetchAgainTests:
    def test_the_button_starts_over_without_leaving_the_page(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        failed = media(amara, state="failed", error="It was damaged.", media_id="1")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.evaluate("window.samePage = true")
        page.get_by_role("button", name="Fetch again").click()
        expect(page.locator(f"#message-{failed.message_id}")).to_contain_text("Photo: trying again now")
        assert page.evaluate("window.samePage")
