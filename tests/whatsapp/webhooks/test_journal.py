"""What one claim of the journal brings into memory."""

from __future__ import annotations

import pytest
from django.db import transaction

from whatsapp.models import Notification
from whatsapp.webhooks import journal


def claimed(limit: int = 100) -> list[int]:
    with transaction.atomic():
        return [len(notification.body) for notification in journal.claim(limit)]


@pytest.mark.django_db
class ClaimTests:
    @pytest.fixture(autouse=True)
    def small_claims(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal, "CLAIM_BYTES", 100)

    def test_it_takes_what_fits_oldest_first(self) -> None:
        journal.add("meta", [b"a" * 40, b"b" * 60, b"c"])

        assert claimed() == [40, 60]

    def test_one_larger_than_that_is_taken_alone(self) -> None:
        journal.add("meta", [b"a" * 101, b"b"])

        assert claimed() == [101]

    def test_a_large_one_waits_for_its_turn(self) -> None:
        journal.add("meta", [b"a", b"b" * 101, b"c"])

        assert claimed() == [1]
        Notification.objects.order_by("id")[0].delete()
        assert claimed() == [101]

    def test_it_takes_no_more_than_asked_for(self) -> None:
        journal.add("meta", [b"a", b"b", b"c"])

        assert claimed(limit=2) == [1, 1]
