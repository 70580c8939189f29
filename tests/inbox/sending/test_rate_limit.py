"""Rate limits across workers: nothing above the pace, bursts as WhatsApp allows them."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import Conversation, Pace
from inbox.sending import rate_limit
from tests.inbox import thread_rows
from whatsapp import limits
from whatsapp.models import PhoneNumber


@pytest.fixture
def conversation(number: PhoneNumber) -> Conversation:
    return thread_rows.conversation(number)


class NumberTests:
    def test_places_are_one_interval_apart(self, number: PhoneNumber) -> None:
        number.send_rate = 10

        waits = [rate_limit.take_number(number, patience=10)[1] for _ in range(5)]

        steps = [later - earlier for earlier, later in itertools.pairwise(waits)]
        assert all(0.08 < step < 0.12 for step in steps)

    def test_a_place_beyond_ones_patience_is_not_taken(self, number: PhoneNumber) -> None:
        number.send_rate = 1
        assert rate_limit.take_number(number, patience=0)[0]

        taken, wait = rate_limit.take_number(number, patience=0.1)

        assert not taken
        assert 0.5 < wait < 1.1
        assert rate_limit.take_number(number, patience=0.1)[1] <= wait

    def test_whatsapp_can_hold_it(self, number: PhoneNumber) -> None:
        rate_limit.hold_number(number, 30)

        taken, wait = rate_limit.take_number(number, patience=1)

        assert not taken
        assert 25 < wait <= 30


class PairTests:
    def test_a_burst_is_allowed_and_then_one_message_in_six_seconds(self, conversation: Conversation) -> None:
        taken = [rate_limit.take_pair(conversation)[0] for _ in range(limits.PAIR_BURST)]
        assert all(taken)
        # As if they had taken no time, which on a busy machine they do.
        Pace.objects.update(full_at=timezone.now() + timedelta(seconds=limits.PAIR_BURST * limits.PAIR_SECONDS))

        more, wait = rate_limit.take_pair(conversation)

        assert not more
        assert 4 < wait <= limits.PAIR_SECONDS

    def test_it_holds_up_nobody_else(self, conversation: Conversation, number: PhoneNumber) -> None:
        other = thread_rows.conversation(number, "Tomasz", phone="+48601234567")
        rate_limit.hold_pair(conversation, 60)

        assert not rate_limit.take_pair(conversation)[0]
        assert rate_limit.take_pair(other)[0]


class ForgetTests:
    def test_rows_that_limit_nothing_any_more_are_deleted(self, number: PhoneNumber) -> None:
        rate_limit.take_number(number, patience=1)
        Pace.objects.update(full_at=timezone.now() - timedelta(days=2))

        assert rate_limit.forget() == 1
