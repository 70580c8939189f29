from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.media import lease
from inbox.models import Media
from tests import samples
from whatsapp.models import PhoneNumber

HOUR = timedelta(hours=1)


@pytest.mark.django_db
class LeaseTests:
    def test_one_worker_at_a_time_has_it(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number)

        held = lease.claim(row.pk, lease.FETCH_WAITS, HOUR)

        assert held is not None
        assert held.media.attempts == 1
        assert lease.claim(row.pk, lease.FETCH_WAITS, HOUR) is None

    def test_a_file_waits_for_one_kind_of_work(self, number: PhoneNumber) -> None:
        row = samples.waiting_media(number)

        assert lease.claim(row.pk, lease.PREVIEW_WAITS, HOUR) is None
        assert lease.claim(row.pk, lease.COPY_WAITS, HOUR) is None

    def test_given_back_it_is_due_again_after_the_wait(self, number: PhoneNumber) -> None:
        held = lease.claim(samples.waiting_media(number).pk, lease.FETCH_WAITS, HOUR)
        assert held is not None

        assert held.give_back(timedelta(0), counts=False, error="The disk is full.")

        row = Media.objects.get()
        assert (row.attempts, row.error) == (0, "The disk is full.")
        assert lease.claim(row.pk, lease.FETCH_WAITS, HOUR) is not None

    def test_it_is_renewed_while_the_work_goes_on(self, number: PhoneNumber) -> None:
        held = lease.claim(samples.waiting_media(number).pk, lease.FETCH_WAITS, HOUR)
        assert held is not None
        before = held.deadline

        held.renewed_at -= lease.RENEW_SECONDS
        held.keep()

        assert Media.objects.get().next_try_at == held.deadline > before

    def test_lost_it_writes_nothing(self, number: PhoneNumber) -> None:
        held = lease.claim(samples.waiting_media(number).pk, lease.FETCH_WAITS, HOUR)
        assert held is not None
        Media.objects.update(next_try_at=timezone.now() + 2 * HOUR)

        held.renewed_at -= lease.RENEW_SECONDS
        with pytest.raises(lease.LeaseLostError):
            held.keep()
        assert not held.give_back(timedelta(0), error="Too late.")
        assert Media.objects.get().error == ""

    @pytest.mark.parametrize(
        "columns", [{}, {"state": "stored"}, {"state": "stored", "preview_state": "copying"}], ids=str
    )
    def test_a_dead_workers_lease_can_be_ended(self, number: PhoneNumber, columns: dict[str, str]) -> None:
        row = samples.waiting_media(number, next_try_at=timezone.now() + HOUR, **columns)

        lease.end(row.pk)

        row.refresh_from_db()
        assert row.next_try_at is not None
        assert row.next_try_at <= timezone.now()
