"""The pause at the door while understanding is behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from core.postgres.async_connection import AsyncDatabase
from whatsapp.models import Notification
from whatsapp.webhooks.backpressure import LONGEST_PAUSE, Backlog

pytestmark = pytest.mark.django_db(transaction=True)


def pause(*ages: float, tolerated: float = 10, state: str = "pending") -> float:
    """The pause when notifications of these ages in seconds are in the journal."""
    for age in ages:
        Notification.objects.create(
            provider="meta", body=b"{}", state=state, received_at=timezone.now() - timedelta(seconds=age)
        )
    backlog = Backlog(tolerated)

    async def look() -> None:
        database = AsyncDatabase(application_name="test")
        await backlog.look(database, within=5)
        await database.close()

    async_to_sync(look)()
    return backlog.pause()


@pytest.fixture(autouse=True)
def _empty_journal() -> Iterator[None]:
    yield
    Notification.objects.all().delete()


class PauseTests:
    def test_there_is_none_while_nothing_waits(self) -> None:
        assert pause() == 0

    def test_there_is_none_for_a_young_backlog(self) -> None:
        assert pause(1, 0) == 0

    def test_it_grows_with_the_age_of_the_oldest(self) -> None:
        assert 0 < pause(13, 0) < LONGEST_PAUSE

    def test_it_never_grows_beyond_its_limit(self) -> None:
        assert pause(86_400) == LONGEST_PAUSE

    def test_what_is_settled_does_not_count(self) -> None:
        assert pause(100, state="processed") == 0

    def test_it_can_be_turned_off(self) -> None:
        assert pause(100, tolerated=0) == 0

    def test_there_is_none_before_the_first_look(self) -> None:
        assert Backlog(1).pause() == 0
