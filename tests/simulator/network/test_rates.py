from __future__ import annotations

import pytest

from simulator.network.errors import GraphError
from simulator.network.rates import Rates
from tests.simulator.conftest import Api

NUMBER, AMARA, MEI = "200000000000001", "351915550123", "886955550162"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(clock: Clock) -> Rates:
    return Rates(clock)


def sends(rates: Rates, count: int, person: str = AMARA, throughput: int = 1000) -> list[int]:
    """What each of ``count`` sends at this moment ends with: 0, or the code of the refusal."""
    ended = []
    for _ in range(count):
        try:
            rates.spend(NUMBER, person, throughput)
        except GraphError as error:
            ended.append(error.code)
        else:
            ended.append(0)
    return ended


class PairRateTests:
    def test_a_burst_of_45_is_taken_and_no_more(self, rates: Rates) -> None:
        assert sends(rates, 47) == [0] * 45 + [131056] * 2

    def test_after_a_burst_one_message_in_six_seconds_is_taken(self, rates: Rates, clock: Clock) -> None:
        sends(rates, 45)

        clock.now += 5.9
        assert sends(rates, 1) == [131056]
        clock.now += 0.1
        assert sends(rates, 2) == [0, 131056]

    def test_what_was_borrowed_is_paid_back_with_time(self, rates: Rates, clock: Clock) -> None:
        sends(rates, 20)

        clock.now += 2 * 60
        assert sends(rates, 46) == [0] * 45 + [131056]

    def test_another_person_is_not_held_up(self, rates: Rates) -> None:
        sends(rates, 45)

        assert sends(rates, 1, MEI) == [0]


class ThroughputTests:
    def test_a_number_sends_so_many_in_a_second(self, rates: Rates, clock: Clock) -> None:
        assert sends(rates, 3, throughput=2) == [0, 0, 130429]
        assert sends(rates, 1, MEI, throughput=2) == [130429]

        clock.now += 1
        assert sends(rates, 3, throughput=2) == [0, 0, 130429]

    def test_a_message_that_was_refused_does_not_count(self, rates: Rates, clock: Clock) -> None:
        sends(rates, 100, throughput=1)

        clock.now += 1
        assert sends(rates, 44, throughput=1000) == [0] * 44


class SendTests:
    """The same at the Graph API."""

    def test_it_refuses_what_is_too_fast(self, api: Api) -> None:
        api.faults(throughput=1)

        codes = [api.answer(text={"body": "Hi"}).json().get("error", {}).get("code", 0) for _ in range(3)]

        assert codes[0] == 0
        assert 130429 in codes

    def test_it_takes_everything_when_switched_off(self, api: Api) -> None:
        api.faults(throughput=1, rates=False)

        assert {api.answer(text={"body": "Hi"}).status_code for _ in range(50)} == {200}
