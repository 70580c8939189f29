"""Facts as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.formatting import humanize
from inbox.models import Contact

TODAY = date(2026, 11, 20)


class NameTests:
    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"profile_name": "Amara Okafor", "username": "a", "phone": "+351912345678"}, "Amara Okafor"),
            ({"username": "amara.rides", "phone": "+351912345678"}, "@amara.rides"),
            ({"phone": "+351912345678"}, "+351 912 345 678"),
            ({"phone": "+12"}, "+12"),
            ({"profile_name": "\u200e\u202e \u2066", "phone": "+351912345678"}, "+351 912 345 678"),
            ({"profile_name": "a\u202eb\nc"}, "a b c"),
            ({"is_group": True}, "Group"),
            ({}, "Unknown contact"),
        ],
    )
    def test_a_contact_always_has_one(self, fields: dict[str, object], name: str) -> None:
        assert humanize.display_name(Contact(**fields)) == name

    def test_a_family_stays_together(self) -> None:
        assert humanize.clean_name("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"

    @given(st.text(max_size=1000))
    def test_no_name_is_long_or_turns_its_surroundings(self, name: str) -> None:
        words = humanize.clean_name(name)
        assert len(words) <= humanize.NAME_LENGTH
        assert not humanize.UNSAFE_IN_NAMES.search(words)

    @pytest.mark.parametrize(
        ("name", "letters"),
        [
            ("Amara Okafor", "AO"),
            ("Pieter van der Hoogen", "PH"),
            ("@tomasz", "@"),
            ("+351 912", ""),
            ("🎉", ""),
            ("é", "É"),
        ],
    )
    def test_initials(self, name: str, letters: str) -> None:
        assert humanize.initials(name) == letters

    @given(st.text(max_size=50))
    def test_initials_are_two_at_most(self, name: str) -> None:
        assert len(humanize.initials(name)) <= 2


class NumberTests:
    @pytest.mark.parametrize(
        ("count", "words"),
        [(999, "999 B"), (412_000, "412 kB"), (1_800_000, "1.8 MB"), (2 * 10**9, "2.0 GB")],
    )
    def test_sizes(self, count: int, words: str) -> None:
        assert humanize.size(count) == words

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (-5, "0 s"),
            (40, "40 s"),
            (2100, "35 min"),
            (6600, "1 h 50"),
            (7200, "2 h"),
            (86399, "23 h 59"),
            (259200, "3 days"),
        ],
    )
    def test_waits(self, seconds: float, words: str) -> None:
        assert humanize.wait(seconds) == words


class DayTests:
    @pytest.mark.parametrize(
        ("day", "name"),
        [
            (date(2026, 11, 20), "Today"),
            (date(2026, 11, 19), "Yesterday"),
            (date(2026, 11, 17), "Tuesday 17 November"),
            (date(2025, 11, 20), "20 November 2025"),
        ],
    )
    def test_days_of_a_thread(self, day: date, name: str) -> None:
        assert humanize.day_name(day, TODAY) == name

    @pytest.mark.parametrize(
        ("at", "words"),
        [
            (datetime(2026, 11, 20, 9, 5, tzinfo=UTC), "09:05"),
            (datetime(2026, 11, 17, tzinfo=UTC), "Tue"),
            (datetime(2026, 11, 13, tzinfo=UTC), "13 Nov"),
            (datetime(2025, 11, 20, tzinfo=UTC), "20 Nov 2025"),
            (datetime(2026, 11, 21, tzinfo=UTC), "21 Nov"),
        ],
    )
    def test_times_of_a_row(self, at: datetime, words: str) -> None:
        assert humanize.row_time(at, TODAY) == words


class ClockTests:
    @pytest.mark.parametrize(
        ("seconds", "shown"), [(0, "0:00"), (0.1, "0:01"), (12.4, "0:12"), (59.6, "1:00"), (3725, "1:02:05")]
    )
    def test_a_length_is_shown_as_players_do_and_never_as_nothing(self, seconds: float, shown: str) -> None:
        assert humanize.clock(seconds) == shown
