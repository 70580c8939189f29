"""All files of a conversation: newest first, page by page, and those of nobody else."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from inbox.models import Agent, Conversation, Media
from inbox.web.presenters import contact_panel
from tests.inbox.thread_rows import NOON, conversation, media, thread
from tests.inbox.web.views.test_conversation import text
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db
SCRIPT = {"HX-Request": "true"}


def document(amara: Conversation, name: str, minute: int = 0, **fields: object) -> Media:
    made = media(amara, "document", at=NOON + timedelta(minutes=minute), file_name=name, state="stored", **fields)
    return made


def address(amara: Conversation) -> str:
    return f"/conversations/{amara.pk}/files/"


class AllFilesTests:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)

    def test_the_details_lead_to_all_files_newest_first(self, client: Client, amara: Conversation) -> None:
        for minute in range(contact_panel.GRID + 2):
            document(amara, f"file-{minute}.pdf", minute)
        beside = text(client.get(f"/conversations/{amara.pk}/"))
        assert f'href="{address(amara)}" data-dialog' in beside
        assert "file-0.pdf" not in beside.split("Media and files")[1]
        html = text(client.get(address(amara)))
        assert html.index("file-10.pdf") < html.index("file-9.pdf") < html.index("file-0.pdf")
        assert "<html" in html
        assert "<html" not in text(client.get(address(amara), headers=SCRIPT))

    def test_the_details_go_on_with_no_files_from_before_the_older_messages(
        self, client: Client, amara: Conversation
    ) -> None:
        thread(amara, 80)
        document(amara, "newest.pdf", 90)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert "Older messages" in html
        assert "Older files" not in html

    def test_it_pages_through_files_of_one_moment(self, client: Client, amara: Conversation) -> None:
        for number in range(contact_panel.PAGE_SIZE * 2 + 5):
            document(amara, f"file-{number:03}.pdf")
        html = text(client.get(address(amara), headers=SCRIPT))
        pages = [html]
        while "Older files" in html:
            html = text(client.get(unescape(html.split('hx-get="')[1].split('"')[0]), headers=SCRIPT))
            pages.append(html)
        assert [page.count('class="media-grid__file"') for page in pages] == [60, 60, 5]
        assert all(f"file-{number:03}.pdf" in "".join(pages) for number in range(125))

    def test_it_shows_what_is_here_and_was_not_deleted(
        self, client: Client, amara: Conversation, number: PhoneNumber
    ) -> None:
        document(amara, "here.pdf")
        deleted = document(amara, "deleted.pdf").message
        deleted.revoked_at = NOON
        deleted.save()
        Media.objects.filter(pk=document(amara, "coming.pdf").pk).update(state="pending")
        document(conversation(number, "Bea"), "other.pdf")
        for page in (address(amara), f"/conversations/{amara.pk}/"):
            beside = text(client.get(page, headers=SCRIPT)).split("Media and files")[1].split("</section>")[0]
            assert "here.pdf" in beside
            assert "deleted.pdf" not in beside
            assert "other.pdf" not in beside
        assert "coming.pdf" not in text(client.get(address(amara)))

    def test_a_place_that_is_none_is_404(self, client: Client, amara: Conversation) -> None:
        assert client.get(address(amara), {"before": "x"}).status_code == 404

    def test_strangers_see_nothing(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        client.force_login(charlie)
        assert client.get(address(amara)).status_code == 404
        assert client.post(address(amara)).status_code == 405
