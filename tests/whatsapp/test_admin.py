"""Lists of big tables: paging by the last row, times without an index, and an end to every question."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.admin import changelist
from inbox.models import Agent
from whatsapp.models import MessageTemplate, Notification, NumberUpdate, PhoneNumber

JOURNAL = "/admin/whatsapp/notification/"
UPDATES = "/admin/whatsapp/numberupdate/"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def add(count: int, minutes_apart: int = 1) -> list[Notification]:
    """Notifications that came one after the other, the last one now."""
    now = timezone.now()
    rows = [Notification(provider="meta", body=b"{}", signed_with=1) for _ in range(count)]
    for age, row in enumerate(reversed(rows)):
        row.received_at = now - timedelta(minutes=age * minutes_apart)
    return Notification.objects.bulk_create(rows)


def ids(page: Any) -> list[int]:
    return [int(pk) for pk in re.findall(r'name="_selected_action" value="(\d+)"', page.content.decode())]


def shown(page: Any) -> list[int]:
    return [int(pk) for pk in re.findall(r"/numberupdate/(\d+)/change/", page.content.decode())]


def link(page: Any, word: str) -> str | None:
    found = re.search(rf'<a href="(\?[^"]*)"[^>]*>[^<]*{word}', page.content.decode())
    return found and found[1].replace("&amp;", "&")


@pytest.mark.django_db
class PagingTests:
    def test_it_walks_from_the_newest_to_the_oldest_and_back(self, signed_in: Client) -> None:
        everything = [row.pk for row in add(120)][::-1]
        first = signed_in.get(JOURNAL)
        assert ids(first) == everything[:50]
        assert link(first, "Newer") is None
        second = signed_in.get(JOURNAL + str(link(first, "Older")))
        third = signed_in.get(JOURNAL + str(link(second, "Older")))
        assert ids(second) + ids(third) == everything[50:]
        assert link(third, "Older") is None
        back = signed_in.get(JOURNAL + str(link(third, "Newer")))
        assert ids(back) == everything[50:100]
        assert ids(signed_in.get(JOURNAL + str(link(back, "Newer")))) == everything[:50]
        assert ids(signed_in.get(JOURNAL + str(link(third, "Newest") or "?"))) == everything[:50]

    def test_rows_that_come_meanwhile_do_not_shift_the_pages(self, signed_in: Client) -> None:
        everything = [row.pk for row in add(60)][::-1]
        older = link(signed_in.get(JOURNAL), "Older")
        add(30)
        assert ids(signed_in.get(JOURNAL + str(older))) == everything[50:]

    def test_a_filter_starts_at_the_newest_again(self, signed_in: Client) -> None:
        rows = add(60)
        Notification.objects.filter(pk__in=[rows[0].pk, rows[-1].pk]).update(state="parked")
        page = signed_in.get(JOURNAL + str(link(signed_in.get(JOURNAL), "Older")))
        parked = link(page, "Parked")
        assert parked is not None
        assert ids(signed_in.get(JOURNAL + parked)) == [rows[-1].pk, rows[0].pk]

    def test_it_never_counts_the_table(self, signed_in: Client, django_assert_max_num_queries: Any) -> None:
        add(60)
        with django_assert_max_num_queries(10) as captured:
            signed_in.get(JOURNAL)
        counts = [query["sql"] for query in captured.captured_queries if "COUNT(" in query["sql"]]
        # The two that are counted have an index of their own, with few rows in it.
        assert [sql for sql in counts if "parked" not in sql and "dismissed_at" not in sql] == []

    @pytest.mark.parametrize(
        "query",
        ["?before=x", "?before=-1", "?before=9999999999999999999999", "?after=", "?before=1&after=2", "?p=7", "?o=1"],
    )
    def test_nonsense_in_the_address_does_no_harm(self, signed_in: Client, query: str) -> None:
        add(3)
        assert signed_in.get(JOURNAL + query).status_code == 200

    @pytest.mark.parametrize("query", ["?error__regex=(a%2B)%2B$", "?body__contains=x", "?state__gt=a", "?id__lt=1"])
    def test_only_its_own_filters_narrow_it(self, signed_in: Client, query: str) -> None:
        assert signed_in.get(JOURNAL + query).status_code == 400

    def test_select_all_is_not_an_action_on_a_million_rows(self, signed_in: Client) -> None:
        row = add(1)[0]
        answer = signed_in.post(
            JOURNAL, {"action": "replay_selected", "select_across": "1", "_selected_action": [str(row.pk)]}
        )
        assert answer.status_code == 403


@pytest.mark.django_db
class ReceivedFilterTests:
    @pytest.mark.parametrize(("span", "expected"), [("hour", 60), ("day", 120), ("week", 120)])
    def test_it_cuts_by_time(self, signed_in: Client, span: str, expected: int) -> None:
        rows = add(120)
        page = signed_in.get(f"{JOURNAL}?received={span}")
        assert ids(page) == [row.pk for row in rows[::-1][:50]]
        oldest = changelist.first_key_since(Notification, "id", "received_at", timezone.now() - timedelta(hours=1))
        assert oldest == rows[60].pk
        found = 0
        while page is not None:
            found += len(ids(page))
            older = link(page, "Older")
            page = signed_in.get(JOURNAL + older) if older else None
        assert found == expected

    def test_today_begins_at_our_midnight(self, signed_in: Client) -> None:
        rows = add(3, minutes_apart=24 * 60)
        assert ids(signed_in.get(f"{JOURNAL}?received=today")) == [rows[-1].pk]

    def test_nothing_that_new_is_an_empty_list(self, signed_in: Client) -> None:
        row = add(1)[0]
        Notification.objects.filter(pk=row.pk).update(received_at=timezone.now() - timedelta(days=3))
        assert ids(signed_in.get(f"{JOURNAL}?received=day")) == []


@pytest.mark.django_db
class FirstKeySinceTests:
    def test_it_agrees_with_asking_every_row(self) -> None:
        rows = add(50, minutes_apart=7)
        Notification.objects.filter(pk__in=[row.pk for row in rows[5:40:3]]).delete()
        left = list(Notification.objects.order_by("pk").values_list("pk", "received_at"))
        for moment in [
            at + nudge for _, at in left for nudge in (timedelta(0), timedelta(seconds=1), -timedelta(days=1))
        ]:
            expected = next((pk for pk, at in left if at >= moment), None)
            assert changelist.first_key_since(Notification, "id", "received_at", moment) == expected

    def test_an_empty_table_has_none(self) -> None:
        assert changelist.first_key_since(Notification, "id", "received_at", timezone.now()) is None


class MomentTests:
    def test_a_time_is_in_our_time_zone(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Lisbon"
        lisbon = ZoneInfo("Europe/Lisbon")
        with timezone.override(lisbon):
            assert changelist.moment_in("2026-07-20 02:14") == datetime(2026, 7, 20, 2, 14, tzinfo=lisbon)

    def test_a_date_is_its_end(self) -> None:
        assert changelist.moment_in("2026-11-20") == datetime(2026, 11, 21, tzinfo=UTC)

    @pytest.mark.parametrize("term", ["20261120", "351915550", "2026-13-01", "2026-11-20 25:00", "hello", "2026-11-2"])
    def test_anything_else_is_not_a_time(self, term: str) -> None:
        assert changelist.moment_in(term) is None

    @pytest.mark.django_db
    def test_searching_for_one_shows_what_came_until_then(self, signed_in: Client) -> None:
        rows = add(3, minutes_apart=24 * 60)
        day = timezone.localdate() - timedelta(days=1)
        assert ids(signed_in.get(f"{JOURNAL}?q={day}")) == [rows[1].pk, rows[0].pk]


@pytest.mark.django_db
class TimeLimitTests:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(changelist, "SECONDS", 0.3)
        monkeypatch.setattr(changelist, "SPAN", 10)

    @pytest.fixture
    def updates(self, number: PhoneNumber, other_number: PhoneNumber) -> list[NumberUpdate]:
        """Forty of the other number."""
        return NumberUpdate.objects.bulk_create(
            NumberUpdate(number=other_number, field="x", summary="x", at=timezone.now(), digest=str(place))
            for place in range(40)
        )

    def slow_below(self, pk: int) -> None:
        """Make looking at updates with a smaller id take forever: a table too big to look through."""
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE whatsapp_numberupdate RENAME TO everything")
            cursor.execute(
                "CREATE VIEW whatsapp_numberupdate AS SELECT * FROM everything "
                f"WHERE id >= {pk} OR pg_sleep(60) IS NOT NULL"
            )
            # As the planner has it with a table that big; forty rows are read whole once their statistics are known.
            cursor.execute("SET LOCAL enable_seqscan = off")

    def give(self, number: PhoneNumber, *updates: NumberUpdate) -> None:
        NumberUpdate.objects.filter(pk__in=[update.pk for update in updates]).update(number=number)

    def test_a_statement_that_takes_too_long_is_stopped(self) -> None:
        with pytest.raises(changelist.QueryTimeoutError), changelist.time_limit(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    def test_other_errors_stay_what_they_are(self) -> None:
        with pytest.raises(ProgrammingError), changelist.time_limit(), connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")

    def test_a_list_then_shows_the_newest_and_says_so(
        self, signed_in: Client, number: PhoneNumber, updates: list[NumberUpdate]
    ) -> None:
        self.give(number, updates[5], updates[35])
        self.slow_below(updates[20].pk)
        page = signed_in.get(f"{UPDATES}?number={number.pk}")
        assert shown(page) == [updates[35].pk]
        assert "Searching all rows took longer than" in page.content.decode()
        assert f"before={updates[30].pk}" in str(link(page, "Older"))

    def test_older_goes_on_from_there(
        self, signed_in: Client, number: PhoneNumber, updates: list[NumberUpdate]
    ) -> None:
        self.give(number, updates[5], updates[25])
        self.slow_below(updates[20].pk)
        page = signed_in.get(f"{UPDATES}?number={number.pk}")
        assert shown(page) == []
        assert shown(signed_in.get(UPDATES + str(link(page, "Older")))) == [updates[25].pk]

    def test_a_database_that_does_not_answer_is_a_sentence(
        self, signed_in: Client, number: PhoneNumber, updates: list[NumberUpdate]
    ) -> None:
        self.give(number, *updates)
        self.slow_below(updates[39].pk)
        page = signed_in.get(f"{UPDATES}?number={number.pk}")
        assert page.status_code == 200
        assert "The search was stopped" in page.content.decode()


@pytest.mark.django_db
class MessageTemplateTests:
    def test_staff_see_those_of_their_accounts(self, client: Client, alice: Agent) -> None:
        from django.contrib.auth.models import Permission

        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.filter(codename="view_messagetemplate"))
        PhoneNumber.objects.create(phone_number_id="9", waba_id="other-account")
        for account in ("100000000000001", "other-account", ""):
            MessageTemplate.objects.create(waba_id=account, name=f"of {account}", language="en")
        client.force_login(alice)
        page = client.get(reverse("admin:whatsapp_messagetemplate_changelist")).content.decode()
        assert "of 100000000000001" in page
        assert "of other-account" not in page
