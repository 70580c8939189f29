"""What changed since a page was read: nothing missed, nothing of other numbers."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from inbox.changes import pages as feed
from inbox.models import Agent, Conversation, Message
from inbox.models.media import Media
from inbox.web.views import changes
from tests.inbox.thread_rows import NOON, conversation, media, message
from tests.inbox.web.views.test_conversations import rows, text
from whatsapp.models import PhoneNumber


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    message(amara, "Before")
    return amara


def cursor_of(html: str) -> str:
    match = re.search(r'data-cursor="([\d:,]+)"', html)
    assert match
    return match[1]


def messages(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'id="message-(\d+)"', html)]


@pytest.mark.django_db(transaction=True)
class ChangesTests:
    """Committed for real: inside one test transaction everything has the same transaction id."""

    def page(self, client: Client, address: str = "/") -> str:
        return cursor_of(text(client.get(address)))

    def test_it_brings_a_new_message_and_its_row(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        cursor = self.page(client)
        new = message(amara, "After", at=NOON + timedelta(minutes=1))
        html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
        assert rows(html) == [amara.pk]
        assert messages(html) == [new.pk]
        assert ">After<" in html
        assert cursor_of(html) != cursor

    def test_it_brings_nothing_when_nothing_changed(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        cursor = self.page(client)
        html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
        assert rows(html) == []
        assert messages(html) == []
        assert "data-reload" not in html

    def test_it_brings_a_changed_status(self, client: Client, alice: Agent, amara: Conversation) -> None:
        ours = message(amara, "Ours", direction="outbound", status="sent")
        client.force_login(alice)
        cursor = self.page(client)
        Message.objects.filter(pk=ours.pk).update(status="read")
        html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
        assert messages(html) == [ours.pk]
        assert "tick--read" in html

    def test_it_brings_media_that_became_ready(self, client: Client, alice: Agent, amara: Conversation) -> None:
        picture = media(amara)
        client.force_login(alice)
        cursor = self.page(client)
        Media.objects.filter(pk=picture.pk).update(
            state="stored", preview_state="ready", thumbnail=f"previews/{picture.pk}.webp", content_type="image/jpeg"
        )
        feed.touch([picture.message_id])
        html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
        assert messages(html) == [picture.message_id]
        assert f'src="/media/{picture.pk}/thumbnail/"' in html

    def test_it_misses_nothing_of_a_transaction_that_commits_late(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        """A transaction begins, others overtake it and are read, then it commits."""
        client.force_login(alice)
        wrote, go = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                message(amara, "Slow", at=NOON + timedelta(minutes=1))
                wrote.set()
                go.wait(20)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        try:
            assert wrote.wait(20)
            other = conversation(amara.number, "Bea", phone=None)
            message(other, "Fast")
            cursor = self.page(client)
            html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
            assert "Slow" not in html
            cursor = cursor_of(html)
        finally:
            go.set()
            thread.join(20)
        html = text(client.get("/changes/", {"since": cursor, "open": amara.pk}))
        assert ">Slow<" in html
        assert amara.pk in rows(html)

    def test_it_tells_rows_that_left_the_filter(self, client: Client, alice: Agent, amara: Conversation) -> None:
        Conversation.objects.update(unread_count=1)
        client.force_login(alice)
        cursor = self.page(client, "/?filter=unread")
        Conversation.objects.update(unread_count=0)
        html = text(client.get("/changes/", {"since": cursor, "filter": "unread"}))
        assert rows(html) == []
        assert f'data-gone="{amara.pk}"' in html
        assert rows(text(client.get("/changes/", {"since": cursor}))) == [amara.pk]

    def test_the_open_conversation_is_drawn_again_when_it_left_the_filter(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        Conversation.objects.update(unread_count=1)
        client.force_login(alice)
        cursor = self.page(client, "/?filter=unread")
        Conversation.objects.update(unread_count=0)
        html = text(client.get("/changes/", {"since": cursor, "filter": "unread", "open": amara.pk}))
        assert rows(html) == [amara.pk]
        assert f'data-gone="{amara.pk}"' in html

    def test_it_counts_the_unread(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        cursor = self.page(client)
        Conversation.objects.update(unread_count=1)
        assert 'data-unread="1"' in text(client.get("/changes/", {"since": cursor}))

    def test_it_hides_other_peoples_numbers(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        client.force_login(charlie)
        html = text(client.get("/changes/", {"since": "1:1:"}))
        assert rows(html) == []
        assert client.get("/changes/", {"since": "1:1:", "open": amara.pk}).status_code == 404

    def test_it_asks_for_a_reload_when_too_much_changed(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        client.force_login(alice)
        cursor = self.page(client)
        for i in range(changes.LIMIT + 1):
            conversation(number, f"Person {i}", phone=None)
        assert "data-reload" in text(client.get("/changes/", {"since": cursor}))

    def test_it_sends_a_stranger_to_the_login(self, client: Client) -> None:
        assert client.get("/changes/", {"since": "1:1:"}).status_code == 302

    def test_it_refuses_other_methods(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.post("/changes/").status_code == 405

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"since": "x"},
            {"since": "9" * 30},
            {"since": "5:3:"},
            {"since": "3:5:9"},
            {"since": "3:9:5,4"},
            {"since": "3:9:4,"},
            {"since": "1:1:", "open": "x"},
        ],
    )
    def test_it_knows_no_cursor_that_is_none(self, client: Client, alice: Agent, query: dict[str, str]) -> None:
        client.force_login(alice)
        assert client.get("/changes/", query).status_code == 404

    @pytest.mark.parametrize("size", [3, 30])
    def test_it_asks_the_same_few_questions_however_much_changed(
        self, client: Client, alice: Agent, amara: Conversation, size: int, django_assert_num_queries: object
    ) -> None:
        for i in range(size):
            media(amara, at=NOON + timedelta(minutes=i))
            message(conversation(amara.number, f"Person {i}", phone=None), "hello")
        client.force_login(alice)
        with django_assert_num_queries(6):  # type: ignore[operator]
            client.get("/changes/", {"since": "1:1:", "open": amara.pk})
