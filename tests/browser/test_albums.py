"""Albums as they fill, while somebody looks at them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.changes import pages
from inbox.models import Agent, Conversation, Media
from tests import samples
from tests.browser.conftest import OpenWindow
from tests.browser.files import stored
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


def photo(amara: Conversation, seconds_ago: float) -> Media:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    row = stored(amara, "image", samples.picture(), "image/jpeg", ".jpg", at=at)
    pages.announce([(amara.number_id, amara.pk)])
    return row


class AlbumTests:
    def test_it_forms_and_grows_as_pictures_arrive(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        rows = [photo(amara, 40 - second) for second in range(3)]
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.locator(".album")).to_have_count(0)
        page.locator(f"#message-{rows[1].message_id} [data-lightbox]").focus()
        rows.append(photo(amara, 30))
        album = page.get_by_role("group", name="4 pictures sent together")
        expect(album.locator("[data-message]")).to_have_count(4)
        expect(page.locator(f"#message-{rows[1].message_id} [data-lightbox]")).to_be_focused()
        rows += [photo(amara, 20), photo(amara, 10)]
        grown = page.get_by_role("group", name="6 pictures sent together")
        expect(grown).to_have_attribute("data-more", "+2")
        expect(grown.locator("[data-message]:visible")).to_have_count(4)
        live = [page.locator(".album [data-message]").nth(index).get_attribute("id") for index in range(6)]
        assert live == [f"message-{row.message_id}" for row in rows]
        page.reload()
        expect(page.get_by_role("group", name="6 pictures sent together")).to_be_visible()

    def test_words_after_it_stand_after_it(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        for second in range(4):
            photo(amara, 40 - second)
        page = window(alice).open(f"/conversations/{amara.pk}/")
        row = message(amara, "That is all", at=timezone.now())
        pages.announce([(amara.number_id, amara.pk)])
        expect(page.locator(f".album + #message-{row.pk}")).to_be_visible()
        expect(page.locator(".album [data-message]")).to_have_count(4)

    def test_one_that_is_deleted_leaves_it(self, window: OpenWindow, alice: Agent, amara: Conversation) -> None:
        rows = [photo(amara, 40 - second) for second in range(5)]
        page = window(alice).open(f"/conversations/{amara.pk}/")
        expect(page.locator(".album [data-message]")).to_have_count(5)
        # Its picture is asked for at once; after the deletion that would be answered with 404.
        expect(page.locator(f"#message-{rows[4].message_id} img")).not_to_have_js_property("naturalWidth", 0)
        type(rows[4].message).objects.filter(pk=rows[4].message_id).update(revoked_at=timezone.now())
        pages.touch([rows[4].message_id])
        expect(page.locator(f".album + #message-{rows[4].message_id}")).to_contain_text("deleted this message")
        expect(page.locator(".album [data-message]")).to_have_count(4)

    def test_its_last_tile_opens_the_lightbox_that_goes_on(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = [photo(amara, 50 - second) for second in range(4)]
        at = timezone.now() - timedelta(seconds=45)
        film = stored(amara, "video", samples.video(), "video/mp4", ".mp4", at=at)
        made = window(alice)
        page = made.open(f"/conversations/{amara.pk}/")
        made.check_accessibility()
        page.locator(".album > :nth-child(4) a.picture").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(f"img[src='/media/{rows[3].pk}/']")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(dialog.locator(f"video[src='/media/{film.pk}/']")).to_be_visible()

    def test_a_jump_to_one_beyond_the_grid_shows_the_album(
        self, window: OpenWindow, alice: Agent, amara: Conversation
    ) -> None:
        rows = [photo(amara, 50 - second) for second in range(6)]
        last = rows[5].message_id
        page = window(alice).open(f"/conversations/{amara.pk}/?at={last}#message-{last}")
        expect(page.locator(".album.message--jumped-to")).to_be_visible()
