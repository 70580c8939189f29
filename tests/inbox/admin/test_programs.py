"""Programs in the admin: secrets are shown once, and what went wrong is in plain sight."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from inbox.api.webhooks import signing
from inbox.changes import webhooks
from inbox.models import Agent, ApiToken, Program, WebhookDelivery, WebhookEndpoint
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def program(number: PhoneNumber) -> Program:
    program = Program.objects.create(name="Shop")
    program.numbers.add(number)
    return program


@pytest.fixture
def endpoint(program: Program) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        program=program, url="https://shop.example/hooks", events=["message.received"], secret=signing.new_secret()
    )


def shown(page: Any, pattern: str) -> list[str]:
    return re.findall(pattern, page.content.decode())


class ProgramTests:
    def test_a_token_is_made_and_shown_once(self, signed_in: Client, program: Program) -> None:
        page = signed_in.post(reverse("admin:inbox_program_make_token", args=[program.pk]), follow=True)
        (token,) = shown(page, r"inbox_[\w-]{43}")
        assert Client(headers={"Authorization": f"Bearer {token}"}).get("/api/numbers").status_code == 200
        again = signed_in.get(reverse("admin:inbox_program_change", args=[program.pk]))
        assert token not in again.content.decode()
        assert token[:12] in again.content.decode()

    def test_a_token_is_taken_back(self, signed_in: Client, program: Program) -> None:
        signed_in.post(reverse("admin:inbox_program_make_token", args=[program.pk]))
        row = ApiToken.objects.get()
        page = signed_in.post(reverse("admin:inbox_apitoken_revoke", args=[row.pk]), follow=True)
        assert "no longer works" in page.content.decode()
        row.refresh_from_db()
        assert row.revoked_at

    def test_it_can_be_added_with_its_numbers(self, signed_in: Client, number: PhoneNumber) -> None:
        fields = {"name": "Robot", "numbers": [number.pk], "may_read": "on", "active": "on"}
        signed_in.post(reverse("admin:inbox_program_add"), fields)
        program = Program.objects.get(name="Robot")
        assert (program.may_send, list(program.numbers.all())) == (False, [number])

    @pytest.mark.parametrize("model", ["program", "apitoken", "webhookendpoint", "webhookdelivery"])
    def test_it_is_for_superusers(self, model: str, client: Client, alice: Agent) -> None:
        Agent.objects.filter(pk=alice.pk).update(is_staff=True)
        client.force_login(alice)
        assert client.get(reverse(f"admin:inbox_{model}_changelist")).status_code == 403


class EndpointTests:
    def add(self, signed_in: Client, program: Program, url: str) -> Any:
        fields = {"program": program.pk, "url": url, "events": ["message.received", "media.ready"], "active": "on"}
        return signed_in.post(reverse("admin:inbox_webhookendpoint_add"), fields, follow=True)

    def test_its_secret_is_shown_once_and_stored_encrypted(self, signed_in: Client, program: Program) -> None:
        page = self.add(signed_in, program, "https://93.184.216.34/hooks")
        (secret,) = shown(page, r"whsec_[\w+/=]+")
        endpoint = WebhookEndpoint.objects.get()
        assert endpoint.secret == secret
        assert endpoint.events == ["message.received", "media.ready"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM inbox_webhookendpoint")
            assert secret not in cursor.fetchone()[0]
        again = signed_in.get(reverse("admin:inbox_webhookendpoint_change", args=[endpoint.pk]))
        assert not shown(again, "whsec_")

    def test_it_refuses_an_address_in_our_own_network(self, signed_in: Client, program: Program, settings: Any) -> None:
        settings.WEBHOOK_PRIVATE_HOSTS = []
        for url in ("https://127.0.0.1/", "http://93.184.216.34/"):
            assert "WEBHOOK_PRIVATE_HOSTS" in self.add(signed_in, program, url).content.decode()
        assert not WebhookEndpoint.objects.exists()
        settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
        self.add(signed_in, program, "http://127.0.0.1:9000/hooks")
        assert WebhookEndpoint.objects.exists()

    def test_its_secret_is_replaced(self, signed_in: Client, endpoint: WebhookEndpoint) -> None:
        page = signed_in.post(reverse("admin:inbox_webhookendpoint_rotate", args=[endpoint.pk]), follow=True)
        (secret,) = shown(page, r"whsec_[\w+/=]+")
        old = endpoint.secret
        endpoint.refresh_from_db()
        assert (endpoint.secret, endpoint.previous_secret) == (secret, old)

    def test_one_that_was_switched_off_is_on_every_page_until_it_is_on(
        self, signed_in: Client, endpoint: WebhookEndpoint
    ) -> None:
        WebhookEndpoint.objects.update(active=False, disabled_reason="Nothing was taken for 5 days.", failures=7)
        assert "Nothing was taken for 5 days." in signed_in.get(reverse("admin:index")).content.decode()
        fields = {"program": endpoint.program_id, "url": "https://93.184.216.34/", "active": "on"}
        address = reverse("admin:inbox_webhookendpoint_change", args=[endpoint.pk])
        signed_in.post(address, fields | {"events": ["message.received"]})
        endpoint.refresh_from_db()
        assert (endpoint.active, endpoint.disabled_reason, endpoint.failures) == (True, "", 0)
        assert "Nothing was taken" not in signed_in.get(reverse("admin:index")).content.decode()


class DeliveryTests:
    def test_its_attempts_are_shown_and_it_is_sent_again(
        self, signed_in: Client, endpoint: WebhookEndpoint, number: PhoneNumber
    ) -> None:
        webhooks.record(received=[message(conversation(number)).pk])
        log = [{"at": "2026-11-20T12:00:00Z", "status": 500, "seconds": 0.2, "error": "The endpoint answered 500."}]
        WebhookDelivery.objects.update(state="failed", attempts=10, log=log, response_status=500)
        row = WebhookDelivery.objects.get()
        page = signed_in.get(reverse("admin:inbox_webhookdelivery_changelist"))
        assert "500" in page.content.decode()
        address = reverse("admin:inbox_webhookdelivery_change", args=[row.pk])
        assert "The endpoint answered 500." in signed_in.get(address).content.decode()
        signed_in.post(reverse("admin:inbox_webhookdelivery_send_again", args=[row.pk]))
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("pending", 0)
        changelist = reverse("admin:inbox_webhookdelivery_changelist")
        assert address in signed_in.get(changelist, {"endpoint": endpoint.pk}).content.decode()
        assert address not in signed_in.get(changelist, {"endpoint": endpoint.pk + 1}).content.decode()
