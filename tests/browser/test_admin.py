"""The admin in a browser: under the same policy as the pages, with previews, and deaf to hostile text."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inbox.media.previews import preview_jobs
from inbox.media.storage import media_storage
from inbox.models import Agent, Media, Message
from tests import payloads, samples
from tests.browser.conftest import OpenWindow
from tests.inbox import admin_rows
from tests.inbox.admin_rows import HOSTILE
from whatsapp.models import Notification, NumberUpdate, PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def stored(number: PhoneNumber, kind: str, content: bytes, content_type: str, extension: str) -> Media:
    """A file that is really in the storage, with its preview."""
    message = admin_rows.message(number, "", kind=kind)
    media = admin_rows.media(number, message=message, content_type=content_type, extension=extension, file="")
    media.file.name = f"media/{media.pk}{extension}"
    media.save()
    media_storage().put(media.file.name, io.BytesIO(content), content_type=content_type)
    preview_jobs.make(media.pk)
    return Media.objects.get(pk=media.pk)


def detail(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


class PolicyTests:
    """Every window fails its test when the content security policy refused something or a script broke."""

    def test_no_page_breaks_it(self, window: OpenWindow, admin: Agent, number: PhoneNumber) -> None:
        leaf = payloads.message(text={"body": HOSTILE})
        came_by = admin_rows.notification(payloads.notification(leaf, name=HOSTILE))
        person = admin_rows.contact(HOSTILE)
        thread = admin_rows.conversation(number, person)
        message = admin_rows.message(number, HOSTILE, conversation=thread, wamid=leaf["id"], notification=came_by)
        lost = admin_rows.media(number, "failed", file_name=HOSTILE, error=HOSTILE)
        NumberUpdate.objects.create(number=number, field="x", summary=HOSTILE, at=message.sent_at, digest="d")
        addresses = ["/admin/", "/admin/whatsapp/phonenumber/add/", "/admin/inbox/agent/add/"]
        for row in (message, lost, person, thread, came_by, number, admin):
            addresses += [reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist"), detail(row)]
        addresses += ["/admin/inbox/message/?received=day&direction__exact=inbound&q=script"]
        addresses += ["/admin/procrastinate/procrastinatejob/", "/admin/axes/accessattempt/", "/admin/auth/group/add/"]
        opened = window(admin)
        for address in addresses:
            page = opened.open(address)
            assert page.locator("#content h1").count() == 1, address
            opened.check()

    def test_hostile_text_is_shown_as_text(self, window: OpenWindow, admin: Agent, number: PhoneNumber) -> None:
        message = admin_rows.message(number, HOSTILE)
        opened = window(admin)
        opened.page.on("dialog", lambda dialog: pytest.fail(f"A script ran: {dialog.message}"))
        page = opened.open(detail(message))
        expect(page.locator("pre.whole").first).to_have_text(HOSTILE)


class ListTests:
    @pytest.mark.parametrize("width", [1440, 1280, 1024, 820, 390])
    def test_the_words_of_a_row_are_in_sight(
        self, window: OpenWindow, admin: Agent, number: PhoneNumber, width: int
    ) -> None:
        words = "What somebody wrote, at some length, about a bicycle and its bell"
        thread = admin_rows.conversation(number)
        admin_rows.message(number, words, conversation=thread)
        admin_rows.media(number, "failed", error=words)
        admin_rows.notification(state="parked", error=words)
        opened = window(admin, width=width)
        lists = {"inbox/message": "text_excerpt", "inbox/media": "reason", "whatsapp/notification": "reason"}
        for address, column in lists.items():
            page = opened.open(f"/admin/{address}/")
            box = page.locator(f".field-{column}", has_text="What somebody").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width, address


class PreviewTests:
    def test_a_picture_and_a_sound_are_there(self, window: OpenWindow, admin: Agent, number: PhoneNumber) -> None:
        picture = stored(number, "image", samples.picture(), "image/jpeg", ".jpg")
        sound = stored(number, "audio", samples.sound(), "audio/ogg", ".ogg")
        page = window(admin).open(detail(picture.message))
        image = page.locator("img.thumbnail")
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0
        page = window(admin).open(detail(sound))
        player = page.locator("audio")
        player.evaluate("audio => audio.play()")
        expect(player).to_have_js_property("ended", True)


class ActsTests:
    def test_from_a_message_to_its_webhook_and_replay(
        self, window: OpenWindow, admin: Agent, number: PhoneNumber
    ) -> None:
        row = admin_rows.notification(state="parked", error="It could not be applied.")
        message: Message = admin_rows.message(number, notification=row)
        page = window(admin).open(detail(message))
        page.get_by_role("link", name="Raw webhook").click()
        expect(page.locator("pre.whole").last).to_contain_text("whatsapp_business_account")
        page.get_by_role("button", name="Replay").click()
        expect(page.locator(".messagelist")).to_contain_text("1 webhook will be replayed")
        assert Notification.objects.get().state == "pending"

    def test_a_list_pages_and_filters_with_the_keyboard_at_hand(
        self, window: OpenWindow, admin: Agent, number: PhoneNumber
    ) -> None:
        thread = admin_rows.conversation(number)
        for place in range(60):
            admin_rows.message(number, f"number {place}", conversation=thread)
        page = window(admin).open("/admin/inbox/message/")
        expect(page.locator("#result_list tbody tr")).to_have_count(50)
        page.get_by_role("link", name="Older").click()
        expect(page.locator("#result_list tbody tr")).to_have_count(10)
        page.locator("#searchbar").fill("number 59")
        page.keyboard.press("Enter")
        expect(page.locator("#result_list tbody tr")).to_have_count(1)

    def test_numbers_are_given_to_an_agent(
        self, window: OpenWindow, admin: Agent, alice: Agent, other_number: PhoneNumber
    ) -> None:
        page = window(admin).open(detail(alice))
        page.locator("#id_numbers_from").select_option(label="Norte Lisboa")
        page.get_by_role("button", name="Choose selected numbers").click()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
        assert alice.numbers.filter(pk=other_number.pk).exists()
