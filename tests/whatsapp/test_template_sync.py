"""Copying message templates: every page, what left the list, what a webhook told meanwhile, a list that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Agent
from whatsapp import template_sync
from whatsapp.models import MessageTemplate, PhoneNumber
from whatsapp.providers.base import ProviderError

pytestmark = pytest.mark.django_db

LIST = "https://graph.facebook.com/v26.0/100000000000001/message_templates"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def listed(name: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
    body = {"type": "BODY", "text": text}
    return {"id": "1", "name": name, "language": "en", "status": "APPROVED", "category": "UTILITY"} | {
        "components": [body],
        **more,
    }


def answer(wire: responses.RequestsMock, *rows: dict[str, Any], after: str = "") -> None:
    paging = {"cursors": {"after": after}, "next": LIST} if after else {}
    wire.get(LIST, json={"data": list(rows), "paging": paging})


class SyncTests:
    def test_it_copies_every_page(self, wire: responses.RequestsMock, number: PhoneNumber) -> None:
        answer(wire, listed("one"), after="A")
        answer(wire, listed("two", parameter_format="NAMED"))
        assert template_sync.sync(number.waba_id) == 2
        rows = list(MessageTemplate.objects.order_by("name").values_list("name", "status", "parameter_format"))
        assert rows == [("one", "APPROVED", "POSITIONAL"), ("two", "APPROVED", "NAMED")]

    def test_it_follows_changes_and_marks_what_is_gone(self, wire: responses.RequestsMock, number: PhoneNumber) -> None:
        answer(wire, listed("kept"), listed("leaving"))
        template_sync.sync(number.waba_id)
        wire.reset()
        answer(wire, listed("kept", "Good day", status="PAUSED"))
        template_sync.sync(number.waba_id)
        kept, leaving = MessageTemplate.objects.order_by("name")
        assert (kept.components[0]["text"], kept.status, kept.gone_at) == ("Good day", "PAUSED", None)
        assert leaving.gone_at is not None
        wire.reset()
        answer(wire, listed("kept"), listed("leaving"))
        template_sync.sync(number.waba_id)
        assert not MessageTemplate.objects.exclude(gone_at=None).exists()

    def test_a_list_that_breaks_changes_nothing(self, wire: responses.RequestsMock, number: PhoneNumber) -> None:
        MessageTemplate.objects.create(waba_id=number.waba_id, name="kept", language="en")
        answer(wire, listed("one"), after="A")
        wire.get(LIST, status=500)
        with pytest.raises(ProviderError):
            template_sync.sync(number.waba_id)
        assert list(MessageTemplate.objects.values_list("name", "gone_at")) == [("kept", None)]

    def test_what_a_webhook_told_meanwhile_stays(self, wire: responses.RequestsMock, number: PhoneNumber) -> None:
        soon = timezone.now() + timedelta(minutes=1)
        MessageTemplate.objects.create(
            waba_id=number.waba_id, name="one", language="en", status="PAUSED", updated_at=soon
        )
        answer(wire, listed("one", "New words"))
        template_sync.sync(number.waba_id)
        row = MessageTemplate.objects.get()
        assert (row.status, row.components[0]["text"]) == ("PAUSED", "New words")

    def test_one_account_that_cannot_be_reached_holds_back_no_other(
        self, wire: responses.RequestsMock, number: PhoneNumber
    ) -> None:
        PhoneNumber.objects.create(phone_number_id="2", waba_id="100000000000000", access_token="T")
        wire.get(LIST.replace("100000000000001", "100000000000000"), status=400, json={"error": {"code": 190}})
        answer(wire, listed("one"))
        assert template_sync.sync_all() == 1

    def test_two_who_ask_make_one_job(self, number: PhoneNumber) -> None:
        for _ in range(2):
            template_sync.enqueue(number.waba_id)
        assert ProcrastinateJob.objects.filter(task_name="sync_templates_of").count() == 1


class AdminTests:
    ADDRESS = "/admin/whatsapp/messagetemplate/sync/"

    def test_the_button_copies_them(
        self, wire: responses.RequestsMock, client: Client, admin: Agent, number: PhoneNumber
    ) -> None:
        answer(wire, listed("one"))
        client.force_login(admin)
        assert "Sync templates" in client.get("/admin/whatsapp/messagetemplate/").content.decode()
        page = client.post(self.ADDRESS, follow=True).content.decode()
        assert "WhatsApp lists 1 template." in page

    def test_agents_may_not(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.post(self.ADDRESS).status_code == 302
        assert not MessageTemplate.objects.exists()
