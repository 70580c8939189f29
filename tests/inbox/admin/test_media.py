"""Files in the admin: seeing why one is missing, and fetching it again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Agent, Media
from tests.inbox import admin_rows
from whatsapp.models import PhoneNumber

LIST = "/admin/inbox/media/"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def address(media: Media, act: str = "change") -> str:
    return reverse(f"admin:inbox_media_{act}", args=[media.pk])


class FetchAgainTests:
    @pytest.mark.parametrize("state", ["failed", "expired", "too_large", "retrying"])
    def test_the_button_gives_a_file_another_chance(self, signed_in: Client, number: PhoneNumber, state: str) -> None:
        media = admin_rows.media(number, state, attempts=9)
        assert "Fetch again" in signed_in.get(address(media)).content.decode()
        page = signed_in.post(address(media, "fetch_again"), follow=True)
        assert "1 file will be fetched again" in page.content.decode()
        media.refresh_from_db()
        assert (media.state, media.attempts) == ("retrying", 0)
        assert ProcrastinateJob.objects.filter(task_name="fetch_media", args__media_id=str(media.pk)).count() == 1
        assert LogEntry.objects.get().get_change_message() == "Requested the file again."

    def test_a_stored_file_has_no_button(self, signed_in: Client, number: PhoneNumber) -> None:
        media = admin_rows.media(number)
        assert "Fetch again" not in signed_in.get(address(media)).content.decode()
        assert "no longer applies" in signed_in.post(address(media, "fetch_again"), follow=True).content.decode()
        assert LogEntry.objects.count() == 0

    def test_the_action_takes_those_that_can_be_fetched(self, signed_in: Client, number: PhoneNumber) -> None:
        failed, stored = admin_rows.media(number, "failed"), admin_rows.media(number)
        selected = {"action": "fetch_selected", "_selected_action": [str(failed.pk), str(stored.pk)]}
        page = signed_in.post(LIST, selected, follow=True)
        assert "1 file will be fetched again" in page.content.decode()
        assert set(Media.objects.values_list("state", flat=True)) == {"retrying", "stored"}

    def test_staff_need_the_permission_to_change(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        from django.contrib.auth.models import Permission

        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.filter(codename="view_media"))
        client.force_login(alice)
        media = admin_rows.media(number, "failed")
        assert client.get(address(media)).status_code == 200
        assert client.post(address(media, "fetch_again")).status_code == 404
        alice.user_permissions.add(Permission.objects.get(codename="change_media"))
        assert client.post(address(media, "fetch_again")).status_code == 302

    def test_staff_do_not_reach_files_of_other_numbers(
        self, client: Client, alice: Agent, other_number: PhoneNumber
    ) -> None:
        from django.contrib.auth.models import Permission

        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.filter(codename__in=["view_media", "change_media"]))
        client.force_login(alice)
        media = admin_rows.media(other_number, "failed")
        assert client.post(address(media, "fetch_again")).status_code == 404
        client.post(LIST, {"action": "fetch_selected", "_selected_action": [str(media.pk)]})
        assert Media.objects.get().state == "failed"


class ListTests:
    def test_it_is_filtered_by_state_and_says_why(self, signed_in: Client, number: PhoneNumber) -> None:
        failed = admin_rows.media(number, "failed", error="WhatsApp answered with 503.")
        admin_rows.media(number, "expired", error="It is gone.")
        page = signed_in.get(LIST, {"state__exact": "failed"}).content.decode()
        assert str(failed.pk) in page
        assert "WhatsApp answered with 503." in page
        assert "It is gone." not in page

    @pytest.mark.parametrize("by", ["pk", "message_id", "media_id"])
    def test_it_is_searched_by_every_id_of_a_file(self, signed_in: Client, number: PhoneNumber, by: str) -> None:
        wanted = admin_rows.media(number, "failed", media_id="7700112233445566", error="this one")
        admin_rows.media(number, "failed", media_id="1", error="another")
        term: Any = getattr(wanted, by)
        page = signed_in.get(LIST, {"q": f"#{term}" if by == "message_id" else term}).content.decode()
        assert "this one" in page
        assert "another" not in page
