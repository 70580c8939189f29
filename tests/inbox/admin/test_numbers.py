"""Numbers in the admin: the token goes in and never comes out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import Agent, Media, Outbox
from inbox.sending import outbox
from tests.inbox import admin_rows
from whatsapp.models import NumberUpdate, PhoneNumber
from whatsapp.providers.base import ProviderError

CANARY = "EAAcanary123SECRET"
GRAPH = "https://graph.facebook.com/v26.0"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def address(number: PhoneNumber, act: str = "change") -> str:
    return reverse(f"admin:whatsapp_phonenumber_{act}", args=[number.pk])


def form(number: PhoneNumber, **changed: str) -> dict[str, str]:
    fields = "name display_number state provider waba_id portfolio_id aws_phone_number_id aws_region"
    values = {name: getattr(number, name) for name in fields.split()}
    return values | {"new_token": "", "send_rate": "0", "read_receipts": "on"} | changed


def stored(number: PhoneNumber) -> str:
    """The token's column as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM whatsapp_phonenumber WHERE id = %s", [number.pk])
        return str(cursor.fetchone()[0])


def said(page: Any) -> str:
    return " ".join(re.findall(r'<li class="\w+">(.*?)</li>', page.content.decode(), re.DOTALL))


class TokenTests:
    def test_it_is_stored_encrypted_and_never_shown(
        self,
        signed_in: Client,
        number: PhoneNumber,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        page = signed_in.post(address(number), form(number, new_token=f"  {CANARY}\n"), follow=True)
        assert page.status_code == 200
        assert PhoneNumber.objects.get(pk=number.pk).access_token == CANARY
        assert CANARY not in stored(number)
        pages = [page, signed_in.get(address(number)), signed_in.get("/admin/whatsapp/phonenumber/")]
        pages += [signed_in.get(address(number, "history")), signed_in.get("/admin/admin/logentry/")]
        for shown in pages:
            assert CANARY not in shown.content.decode()
            assert "gAAAA" not in shown.content.decode()
        assert CANARY not in "".join(f"{entry.change_message}{entry.object_repr}" for entry in LogEntry.objects.all())
        assert CANARY not in caplog.text + "".join(capsys.readouterr())

    def test_a_form_with_a_mistake_does_not_repeat_it(self, signed_in: Client, number: PhoneNumber) -> None:
        page = signed_in.post(address(number), form(number, new_token=CANARY, state="nonsense"))
        assert page.status_code == 200
        assert "Select a valid choice" in page.content.decode()
        assert CANARY not in page.content.decode()
        assert PhoneNumber.objects.get(pk=number.pk).access_token == "TEST-TOKEN-1"

    def test_empty_keeps_the_stored_one(self, signed_in: Client, number: PhoneNumber) -> None:
        before = stored(number)
        signed_in.post(address(number), form(number, name="Another name"))
        number = PhoneNumber.objects.get(pk=number.pk)
        assert (number.name, number.access_token) == ("Another name", "TEST-TOKEN-1")
        assert stored(number) == before

    def test_it_can_be_removed(self, signed_in: Client, number: PhoneNumber) -> None:
        signed_in.post(address(number), form(number, remove_token="on"))
        assert stored(number) == ""

    def test_both_at_once_are_refused(self, signed_in: Client, number: PhoneNumber) -> None:
        page = signed_in.post(address(number), form(number, remove_token="on", new_token=CANARY))
        assert "Either enter a new token or remove the stored one." in page.content.decode()
        assert PhoneNumber.objects.get(pk=number.pk).access_token == "TEST-TOKEN-1"

    @pytest.mark.parametrize("token", ["two words", "line\nbreak", "caf\u00e9", "\u200bEAA"])
    def test_what_cannot_be_a_token_is_refused(self, signed_in: Client, number: PhoneNumber, token: str) -> None:
        page = signed_in.post(address(number), form(number, new_token=token))
        assert "A token has no spaces" in page.content.decode()

    def test_its_change_is_written_down(self, signed_in: Client, number: PhoneNumber, admin: Agent) -> None:
        signed_in.post(address(number), form(number, new_token=CANARY))
        signed_in.post(address(number), form(number, remove_token="on"))
        sentences = [entry.get_change_message() for entry in LogEntry.objects.filter(user=admin)]
        assert "Stored a new access token." in sentences
        assert "Removed the access token." in sentences

    def test_without_a_key_the_pages_open_and_the_form_says_what_to_do(
        self, signed_in: Client, number: PhoneNumber, settings: Any
    ) -> None:
        message = admin_rows.media(number, "failed").message
        settings.FIELD_ENCRYPTION_KEYS = []
        for shown in (
            "/admin/whatsapp/phonenumber/",
            address(number),
            "/admin/inbox/message/",
            reverse("admin:inbox_message_change", args=[message.pk]),
            "/admin/inbox/media/",
            "/admin/inbox/agent/",
            "/admin/inbox/agent/add/",
        ):
            assert signed_in.get(shown).status_code == 200, shown
        page = signed_in.post(address(number), form(number, new_token=CANARY))
        assert "Set FIELD_ENCRYPTION_KEYS" in page.content.decode()

    def test_a_new_one_lets_waiting_files_be_fetched(self, signed_in: Client, number: PhoneNumber) -> None:
        later = timezone.now() + timedelta(hours=6)
        media = admin_rows.media(number, "retrying", next_try_at=later)
        signed_in.post(address(number), form(number, new_token=CANARY))
        assert Media.objects.filter(pk=media.pk, next_try_at__lt=later).exists()


class PhoneNumberTests:
    def test_one_can_be_added(self, signed_in: Client) -> None:
        fields = {
            "name": "Sul",
            "display_number": "+351 21 555 0300",
            "state": "connected",
            "provider": "meta",
            "phone_number_id": "200000000000003",
            "waba_id": "1",
            "new_token": CANARY,
        }
        assert signed_in.post("/admin/whatsapp/phonenumber/add/", fields).status_code == 302
        assert PhoneNumber.objects.get(phone_number_id="200000000000003").access_token == CANARY

    def test_the_same_id_twice_is_a_sentence(self, signed_in: Client, number: PhoneNumber) -> None:
        fields = form(number, phone_number_id=number.phone_number_id)
        page = signed_in.post("/admin/whatsapp/phonenumber/add/", fields)
        assert page.status_code == 200
        assert "already exists" in page.content.decode()

    def test_its_id_stays_what_it_is(self, signed_in: Client, number: PhoneNumber) -> None:
        signed_in.post(address(number), form(number, phone_number_id="666"))
        assert PhoneNumber.objects.get(pk=number.pk).phone_number_id == "200000000000001"

    def test_it_is_not_deleted(self, signed_in: Client, number: PhoneNumber) -> None:
        assert signed_in.post(address(number, "delete"), {"post": "yes"}).status_code == 403

    def test_the_page_shows_agents_and_newest_updates(
        self, signed_in: Client, number: PhoneNumber, alice: Agent
    ) -> None:
        NumberUpdate.objects.create(
            number=number, field="quality", summary="Quality fell to YELLOW.", at=timezone.now(), digest="d"
        )
        page = signed_in.get(address(number)).content.decode()
        assert "Quality fell to YELLOW." in page
        assert f'href="/admin/inbox/agent/{alice.pk}/change/"' in page


class OutboxTests:
    @pytest.fixture
    def paused(self, number: PhoneNumber) -> PhoneNumber:
        outbox.pause(number, ProviderError("refused", code=190), "The access token has expired.")
        return number

    def test_the_page_says_why_nothing_leaves(self, signed_in: Client, paused: PhoneNumber) -> None:
        page = signed_in.get(address(paused)).content.decode()

        assert "The access token has expired." in page
        assert "Resume sending" in page

    def test_a_new_token_resumes_it(self, signed_in: Client, paused: PhoneNumber) -> None:
        signed_in.post(address(paused), form(paused, new_token="EAAnew"))

        assert not Outbox.objects.get(number=paused).active

    def test_the_button_resumes_it(self, signed_in: Client, paused: PhoneNumber) -> None:
        page = signed_in.post(address(paused, "resume"), follow=True)

        assert "are being sent" in said(page)
        assert not Outbox.objects.get(number=paused).active


class AcceptTests:
    @pytest.fixture
    def unknown(self, number: PhoneNumber) -> PhoneNumber:
        return PhoneNumber.objects.create(phone_number_id="999", display_number="+1 650 555 1111", state="unknown")

    def test_unknown_numbers_come_first(self, signed_in: Client, unknown: PhoneNumber, number: PhoneNumber) -> None:
        page = signed_in.get("/admin/whatsapp/phonenumber/").content.decode()
        assert page.index(f"/{unknown.pk}/change/") < page.index(f"/{number.pk}/change/")

    def test_the_button_connects_it(self, signed_in: Client, unknown: PhoneNumber) -> None:
        assert "Accept this number" in signed_in.get(address(unknown)).content.decode()
        page = signed_in.post(address(unknown, "accept"), follow=True)
        assert "is connected" in said(page)
        assert PhoneNumber.objects.get(pk=unknown.pk).state == "connected"
        assert LogEntry.objects.get().get_change_message() == "Accepted the number."
        assert "Accept this number" not in signed_in.get(address(unknown)).content.decode()

    def test_pressing_it_twice_says_so(self, signed_in: Client, unknown: PhoneNumber) -> None:
        signed_in.post(address(unknown, "accept"))
        page = signed_in.post(address(unknown, "accept"), follow=True)
        assert "no longer applies" in said(page)
        assert LogEntry.objects.count() == 1

    def test_the_action_leaves_connected_ones_alone(
        self, signed_in: Client, unknown: PhoneNumber, number: PhoneNumber
    ) -> None:
        PhoneNumber.objects.filter(pk=number.pk).update(state="paused")
        selected = {"action": "accept_numbers", "_selected_action": [unknown.pk, number.pk]}
        signed_in.post("/admin/whatsapp/phonenumber/", selected)
        assert PhoneNumber.objects.get(pk=unknown.pk).state == "connected"
        assert PhoneNumber.objects.get(pk=number.pk).state == "paused"

    def test_it_takes_a_post_and_permission(self, client: Client, unknown: PhoneNumber, alice: Agent) -> None:
        alice.is_staff = True
        alice.save()
        client.force_login(alice)
        assert client.get(address(unknown, "accept")).status_code == 405
        assert client.post(address(unknown, "accept")).status_code == 404
        assert PhoneNumber.objects.get(pk=unknown.pk).state == "unknown"


class CheckConnectionTests:
    def answers(self, number: PhoneNumber, apps: list[str]) -> None:
        responses.get(
            f"{GRAPH}/{number.phone_number_id}",
            json={
                "display_phone_number": "+351 21 555 0100",
                "verified_name": "Norte",
                "quality_rating": "GREEN",
                "throughput": {"level": "STANDARD"},
            },
        )
        data = [{"whatsapp_business_api_data": {"id": "1", "name": name}} for name in apps]
        responses.get(f"{GRAPH}/{number.waba_id}/subscribed_apps", json={"data": data})

    @responses.activate
    def test_it_says_what_whatsapp_says_and_keeps_it(self, signed_in: Client, number: PhoneNumber) -> None:
        self.answers(number, ["Norte inbox"])
        page = signed_in.post(address(number, "check"), follow=True)
        assert "The token works" in said(page)
        assert "Norte inbox" in said(page)
        number.refresh_from_db()
        assert (number.verified_name, number.quality) == ("Norte", "GREEN")

    @responses.activate
    def test_it_warns_when_no_webhook_will_come(self, signed_in: Client, number: PhoneNumber) -> None:
        self.answers(number, [])
        assert "no app is subscribed" in said(signed_in.post(address(number, "check"), follow=True))

    @responses.activate
    def test_a_refusal_is_a_sentence_without_the_token(self, signed_in: Client, number: PhoneNumber) -> None:
        responses.get(
            f"{GRAPH}/{number.phone_number_id}",
            status=401,
            json={"error": {"message": "Error validating access token TEST-TOKEN-1", "code": 190}},
        )
        page = signed_in.post(address(number, "check"), follow=True)
        assert "No connection" in said(page)
        assert "TEST-TOKEN-1" not in page.content.decode()

    def test_a_token_that_no_key_opens_is_a_sentence(
        self, signed_in: Client, number: PhoneNumber, settings: Any
    ) -> None:
        settings.FIELD_ENCRYPTION_KEYS = ["b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktMTI="]
        assert "cannot be opened" in said(signed_in.post(address(number, "check"), follow=True))

    def test_a_number_at_aws_without_its_id_is_a_sentence(self, signed_in: Client, number: PhoneNumber) -> None:
        PhoneNumber.objects.filter(pk=number.pk).update(provider="aws")
        assert "AWS phone number ID" in said(signed_in.post(address(number, "check"), follow=True))


class AwsTests:
    ARN = "arn:aws:social-messaging:eu-west-1:123456789012:phone-number-id/976c3c5e9d1e4c0f"

    def test_an_arn_is_kept_as_id_and_region(self, signed_in: Client, number: PhoneNumber) -> None:
        signed_in.post(address(number), form(number, provider="aws", aws_phone_number_id=f" {self.ARN} "))
        found = PhoneNumber.objects.get(pk=number.pk)
        assert (found.aws_phone_number_id, found.aws_region) == ("phone-number-id-976c3c5e9d1e4c0f", "eu-west-1")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"aws_phone_number_id": "xyz"},
            {"aws_phone_number_id": "arn:aws:sns:eu-west-1:123456789012:phone-number-id/1"},
            {"aws_phone_number_id": ARN, "aws_region": "us-east-1"},
            {"aws_region": "Frankfurt"},
            {"new_token": CANARY},
        ],
    )
    def test_what_cannot_be_is_refused_with_a_sentence(
        self, signed_in: Client, number: PhoneNumber, wrong: dict[str, str]
    ) -> None:
        page = signed_in.post(address(number), form(number, provider="aws", **wrong))
        assert "errorlist" in page.content.decode()
        assert PhoneNumber.objects.get(pk=number.pk).provider == "meta"
