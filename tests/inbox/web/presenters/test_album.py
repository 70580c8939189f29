from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inbox.models import Agent, Conversation, Message
from tests.inbox.thread_rows import NOON, media, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def albums(client: Client, alice: Agent, amara: Conversation) -> Callable[[], list[list[int]]]:
    """The ids of the messages in each album of the thread."""

    def read() -> list[list[int]]:
        client.force_login(alice)
        page = client.get(f"/conversations/{amara.pk}/messages/").content.decode()
        parts = re.split(r'<div class="album"', page)[1:]
        return [[int(one) for one in re.findall(r'id="message-(\d+)"', _inside(part))] for part in parts]

    return read


def _inside(part: str) -> str:
    """What stands before the album's own end tag."""
    depth, end = 1, 0
    for tag in re.finditer(r"<(/?)div\b", part):
        depth += -1 if tag[1] else 1
        if not depth:
            end = tag.start()
            break
    return part[:end]


def photo(amara: Conversation, second: float, kind: str = "image", **fields: Any) -> int:
    text = fields.pop("text", "")
    defaults = {
        "state": "stored",
        "preview_state": "ready",
        "thumbnail": "previews/a.webp",
        "content_type": "image/jpeg",
    }
    return media(amara, kind, text=text, at=NOON + timedelta(seconds=second), **defaults | fields).message_id


Albums = Callable[[], list[list[int]]]


class AlbumTests:
    def test_pictures_sent_together_are_one_grid(self, amara: Conversation, albums: Albums) -> None:
        ids = [photo(amara, second) for second in (0, 10, 70, 71)]
        assert albums() == [ids]

    def test_it_says_how_many_more_there_are(self, client: Client, amara: Conversation, albums: Albums) -> None:
        ids = [photo(amara, second) for second in range(7)]
        assert albums() == [ids]
        page = client.get(f"/conversations/{amara.pk}/messages/").content.decode()
        assert 'role="group" aria-label="7 pictures sent together" data-more="+3"' in page

    def test_three_stand_as_they_are(self, amara: Conversation, albums: Albums) -> None:
        for second in range(3):
            photo(amara, second)
        assert albums() == []

    def test_films_and_what_is_on_its_way_belong_to_it(self, amara: Conversation, albums: Albums) -> None:
        ids = [
            photo(amara, 0),
            photo(amara, 1, "video", content_type="video/mp4"),
            photo(amara, 2, state="pending", thumbnail=""),
            photo(amara, 3, preview_state="none", thumbnail=""),
        ]
        assert albums() == [ids]

    @pytest.mark.parametrize(
        "fields",
        [
            {"text": "A caption"},
            {"state": "failed", "error": "It was damaged."},
            {"state": "retrying", "error": "No answer."},
            {"kind": "document", "content_type": "application/pdf"},
            {"kind": "sticker", "content_type": "image/webp"},
            {"kind": "video", "content_type": "video/mp4", "animated": True},
        ],
    )
    def test_what_has_more_to_say_stands_alone(
        self, amara: Conversation, albums: Albums, fields: dict[str, Any]
    ) -> None:
        before = [photo(amara, second) for second in range(4)]
        photo(amara, 4, **fields)
        after = [photo(amara, second) for second in range(5, 9)]
        assert albums() == [before, after]

    def test_a_pause_another_sender_or_words_between_end_it(self, amara: Conversation, albums: Albums) -> None:
        first = [photo(amara, second) for second in range(4)]
        second = [photo(amara, second) for second in range(65, 69)]
        message(amara, "Look", at=NOON + timedelta(seconds=69))
        third = [photo(amara, second) for second in range(70, 74)]
        ours = [photo(amara, second) for second in range(75, 79)]
        Message.objects.filter(pk__in=ours).update(direction="outbound", origin="agent", status="sent")
        assert albums() == [first, second, third, ours]

    def test_a_failed_one_of_ours_stands_alone_with_its_reason(self, amara: Conversation, albums: Albums) -> None:
        ids = [photo(amara, second) for second in range(5)]
        Message.objects.filter(pk__in=ids).update(direction="outbound", origin="agent", status="sent")
        Message.objects.filter(pk=ids[4]).update(status="failed", error="No answer.")
        assert albums() == [ids[:4]]
        Message.objects.filter(pk=ids[2]).update(status="failed", error="No answer.")
        assert albums() == []

    def test_the_line_of_new_messages_stands_before_it(
        self, client: Client, alice: Agent, amara: Conversation, albums: Albums
    ) -> None:
        ids = [photo(amara, second) for second in range(8)]
        amara.unread_count = 4
        amara.save()
        client.force_login(alice)
        page = client.get(f"/conversations/{amara.pk}/").content.decode()
        line = page.index('class="new-line"')
        assert page.index(f'id="message-{ids[3]}"') < line < page.index(f'id="message-{ids[4]}"')
        assert page.count('<div class="album"') == 2
        assert "</div>" in page[line : page.index('<div class="album"', line)]
