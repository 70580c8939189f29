"""Voice notes, sound and films: our own players, by pointer and by keyboard, with what they remember."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from inbox.changes import pages
from inbox.models import Agent, Conversation, Media
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.thread_rows import conversation
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


def voice(amara: Conversation, seconds: float = 4, minutes_ago: float = 5, **fields: Any) -> Media:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return stored(amara, "audio", samples.sound(seconds=seconds), "audio/ogg", ".ogg", voice=True, at=at, **fields)


def plays(page: Page, row: Media) -> bool:
    return bool(page.locator(f"#message-{row.message_id} :is(audio, video)").evaluate("(media) => !media.paused"))


class PlayerTests:
    def test_a_voice_note_plays_and_seeks(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        stored(amara, "audio", samples.sound(seconds=40), "audio/ogg", ".ogg", voice=True)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        note = page.locator("voice-note")
        expect(note.locator("[data-clock]")).to_have_text("0:40")
        note.get_by_role("button", name="Play").click()
        expect(note.locator("[data-play]")).to_have_attribute("title", "Pause")
        expect(note.locator("[data-clock]")).to_have_text(re.compile(r"0:(0[1-9]|[1-3]\d) / 0:40"))
        note.locator("[data-play]").click()
        note.locator("[data-seek]").fill("30")
        expect(note.locator("[data-clock]")).to_have_text("0:30 / 0:40")
        expect(note.locator("[data-heard]")).to_have_attribute("width", re.compile(r"1[45]\d"))
        note.get_by_role("button", name="Speed").or_(note.locator("[data-speed]")).first.click()
        assert note.locator("audio").evaluate("(audio) => audio.playbackRate") == 1.5

    def test_what_plays_goes_on_when_its_message_changes(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        note = stored(amara, "audio", samples.sound(seconds=30), "audio/ogg", ".ogg", voice=True)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator("[data-play]").click()
        clock = page.locator("[data-clock]")
        expect(clock).to_have_text(re.compile(r"0:(0[1-9]|[12]\d) /"))
        with page.expect_response("**/changes/**"):
            pages.touch([note.message_id])
        expect(clock).not_to_have_text(clock.inner_text())
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

    def test_the_speed_is_remembered_for_every_player(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        voice(amara), voice(amara, minutes_ago=3)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator("[data-speed]").first.click()
        expect(page.locator("voice-note [data-speed]").last).to_have_text("1.5×")
        page.reload()
        expect(page.locator("voice-note [data-speed]").first).to_have_text("1.5×")
        page.locator("voice-note [data-play]").last.click()
        expect(page.locator("audio").last).to_have_js_property("playbackRate", 1.5)

    def test_one_plays_at_a_time_and_the_next_note_plays_on(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        film = stored(amara, "video", samples.video(seconds=30), "video/mp4", ".mp4")
        one, two = voice(amara, 1, 5), voice(amara, 30, 4)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator(".thread__messages [data-video]").click()
        expect(page.locator("film-player video")).to_have_js_property("paused", False)
        page.locator(f"#message-{one.message_id} [data-play]").click()
        expect(page.locator("film-player video")).to_have_js_property("paused", True)
        expect(page.locator(f"#message-{two.message_id} audio")).to_have_js_property("paused", False)
        assert not plays(page, one)
        assert not plays(page, film)

    def test_what_was_not_played_here_says_so_until_it_is(
        self, window: OpenWindow, alice: Agent, bob: Agent, amara: Conversation
    ) -> None:
        row = voice(amara)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        mark = page.get_by_text("Not played yet")
        expect(mark).to_be_visible()
        page.locator(f"#message-{row.message_id} [data-play]").click()
        expect(mark).to_be_hidden()
        page.reload()
        expect(page.locator("voice-note[data-voice]:defined")).to_be_visible()
        expect(mark).to_be_hidden()
        other = window(bob).open(f"/conversations/{amara.pk}/")
        expect(other.get_by_text("Not played yet")).to_be_visible()

    def test_the_keyboard_is_enough(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        row = voice(amara, 30)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        slider = page.get_by_role("slider", name="Position")
        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        expect(slider).to_have_attribute("aria-valuetext", "0:10 of 0:30")
        page.keyboard.press(" ")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert plays(page, row)


class FilmTests:
    def test_it_has_our_own_buttons(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        stored(amara, "video", samples.video(seconds=30), "video/mp4", ".mp4")
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        page.locator(".thread__messages [data-video]").click()
        film = page.locator("film-player video")
        expect(film).to_have_js_property("paused", False)
        assert not film.evaluate("(film) => film.controls")
        player = page.locator("film-player")
        player.get_by_role("button", name="Mute").click()
        expect(film).to_have_js_property("muted", True)
        player.locator("[data-speed]").click()
        expect(film).to_have_js_property("playbackRate", 1.5)
        player.get_by_role("button", name="Pause").click()
        expect(film).to_have_js_property("paused", True)
        player.get_by_role("slider").focus()
        page.keyboard.press("End")
        expect(player.locator("[data-clock]")).to_have_text("0:30 / 0:30")
        player.get_by_role("button", name="Full screen").click()
        expect(page.locator("film-player:fullscreen")).to_have_count(1)
        page.evaluate("document.exitFullscreen()")
        made.check_accessibility()

    def test_a_file_that_is_gone_leaves_the_download(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        row = stored(amara, "video", samples.video(), "video/mp4", ".mp4")
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        page.route(re.compile(f"/media/{row.pk}/$"), lambda route: route.fulfill(status=200, body="not a film"))
        page.locator(".thread__messages [data-video]").click()
        expect(page.get_by_role("link", name="Download it")).to_have_attribute("href", f"/media/{row.pk}/download/")
        made.faults.clear()  # the browser's own words on what it could not play

    def test_it_is_large_and_silent_in_the_lightbox_until_it_is_asked(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        row = stored(amara, "video", samples.video(), "video/mp4", ".mp4")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        page.locator(f".details a[href='/media/{row.pk}/view/']").click()
        film = page.get_by_role("dialog").locator("video")
        expect(film).to_have_js_property("paused", True)
        page.get_by_role("dialog").get_by_role("button", name="Play").click()
        expect(film).to_have_js_property("paused", False)
        page.keyboard.press("Escape")
        expect(film).to_have_count(0)

    def test_an_animation_moves_without_sound_and_stops(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        stored(amara, "video", samples.video(audio=False), "video/mp4", ".mp4")
        page = window(alice).open(f"/conversations/{amara.pk}/")
        film = page.locator("loop-film video")
        expect(film).to_have_js_property("paused", False)
        assert film.evaluate("(film) => film.muted && film.loop")
        page.get_by_role("link", name="Stop animation").click()
        expect(film).to_have_js_property("paused", True)
        page.get_by_role("link", name="Play animation").press("Enter")
        expect(film).to_have_js_property("paused", False)

    def test_nothing_moves_for_who_wants_less_motion(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        stored(amara, "video", samples.video(audio=False), "video/mp4", ".mp4")
        moving = stored(amara, "sticker", samples.animation("WEBP"), "image/webp", ".webp")
        page = window(alice, reduced_motion="reduce").open(f"/conversations/{amara.pk}/")
        sticker = page.get_by_role("img", name="Sticker")
        expect(sticker).not_to_have_js_property("naturalWidth", 0)
        assert sticker.evaluate("(image) => image.currentSrc").endswith(f"/media/{moving.pk}/thumbnail/")
        expect(page.get_by_role("link", name="Play animation")).to_be_visible()
        expect(page.locator("loop-film video")).to_have_js_property("paused", True)
        free = window(alice).open(f"/conversations/{amara.pk}/")
        sticker = free.get_by_role("img", name="Sticker")
        expect(sticker).not_to_have_js_property("naturalWidth", 0)
        assert sticker.evaluate("(image) => image.currentSrc").endswith(f"/media/{moving.pk}/")
