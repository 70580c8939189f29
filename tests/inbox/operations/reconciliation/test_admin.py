"""Reconciliations and imported items in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox import tasks
from inbox.models import Agent, ImportedItem, Reconciliation
from tests.inbox import admin_rows
from tests.inbox.admin_rows import HOSTILE
from whatsapp.models import PhoneNumber

LIST, ITEMS = "/admin/inbox/reconciliation/", "/admin/inbox/importeditem/"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def report(number: PhoneNumber) -> Reconciliation:
    lost = admin_rows.media(number, "failed")
    report = Reconciliation.objects.create(
        objects_seen=12_345,
        counts={"missing_lost": 1, "orphan_file": 2},
        days=[
            {"number": HOSTILE, "day": "2026-11-20", "received": 9, "sent": 1, "files": 5, "stored": 3, "complete": 2}
        ],
    )
    report.faults.create(code="missing_lost", key="media/gone.jpg", row=str(lost.pk))
    report.faults.create(code="orphan_file", key=f"media/{HOSTILE}")
    return report


def item(**columns: Any) -> ImportedItem:
    raw = json.dumps({"messageId": {"S": "m-1"}, "content": {"S": f"{HOSTILE} \ud800"}}).encode()
    defaults: dict[str, Any] = {"table": "message", "key": "m-1", "raw": raw, "digest": "d", "state": "held"}
    return ImportedItem.objects.create(**(defaults | columns))


class ReconciliationAdminTests:
    def test_it_says_what_is_wrong_and_leads_to_the_rows(self, signed_in: Client, report: Reconciliation) -> None:
        page = signed_in.get(f"{LIST}{report.pk}/change/").content.decode()
        assert "A stored file belongs to no message." in page
        assert f"/admin/inbox/media/{report.faults.first().row}/change/" in page  # type: ignore[union-attr]
        assert "2 not stored" in page
        assert "<script>alert" not in page
        assert "12,345" in signed_in.get(LIST).content.decode() or "12345" in signed_in.get(LIST).content.decode()

    def test_a_worker_looks_again_when_asked(self, signed_in: Client) -> None:
        page = signed_in.post(f"{LIST}look-again/", follow=True).content.decode()
        assert "The comparison has started" in page
        signed_in.post(f"{LIST}look-again/")
        assert ProcrastinateJob.objects.filter(task_name="reconcile").count() == 1
        assert LogEntry.objects.filter(change_message="Requested a reconciliation.").count() == 2
        tasks.reconcile(0)
        assert Reconciliation.objects.get().finished_at is not None

    def test_reading_the_address_does_nothing(self, signed_in: Client) -> None:
        assert signed_in.get(f"{LIST}look-again/").status_code == 405
        assert ProcrastinateJob.objects.count() == 0

    def test_it_is_for_superusers(self, client: Client, alice: Agent, report: Reconciliation) -> None:
        alice.is_staff = True
        alice.save()
        client.force_login(alice)
        for address in (LIST, f"{LIST}{report.pk}/change/", ITEMS, f"{ITEMS}{item().pk}/change/"):
            assert client.get(address).status_code in (302, 403)
        assert client.post(f"{LIST}look-again/").status_code == 403


class ImportedItemAdminTests:
    def test_what_was_held_back_is_shown_as_it_was(self, signed_in: Client) -> None:
        held = item(problems=["orphan_contact"])
        item(key="m-2", state="imported")
        page = signed_in.get(ITEMS, {"state__exact": "held"}).content.decode()
        assert "Its contact is in no table" in page
        assert "m-2" not in page
        detail = signed_in.get(f"{ITEMS}{held.pk}/change/").content.decode()
        assert "messageId" in detail
        assert "<script>alert" not in detail

    def test_what_is_no_json_is_shown_too(self, signed_in: Client) -> None:
        held = item(raw=b"\xff not json \x00", problems=["unreadable"])
        assert "not json" in signed_in.get(f"{ITEMS}{held.pk}/change/").content.decode()

    @pytest.mark.parametrize("term", ["m-1", "wamid.X"])
    def test_it_is_found_by_its_ids(self, signed_in: Client, term: str) -> None:
        item(wamid="wamid.X")
        item(key="m-2")
        page = signed_in.get(ITEMS, {"q": term}).content.decode()
        assert "m-1" in page
        assert "m-2" not in page
