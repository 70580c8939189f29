"""The journal in the admin: the exact webhook, what it made, and replaying it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.models import Agent, Conversation, Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox import admin_rows
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal

LIST = "/admin/whatsapp/notification/"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def address(row: Notification, act: str = "change") -> str:
    return reverse(f"admin:whatsapp_notification_{act}", args=[row.pk])


def detail(client: Client, row: Notification) -> str:
    return client.get(address(row)).content.decode()


class DetailTests:
    def test_it_shows_the_body_indented_and_escaped(self, signed_in: Client, db: None) -> None:
        page = detail(signed_in, admin_rows.notification({"text": "<b>caf\u00e9</b>", "deep": {"a": [1]}}))
        assert "&lt;b&gt;café&lt;/b&gt;" in page
        assert "<b>caf" not in page
        assert "  &quot;deep&quot;: {\n" in page

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe\x00 not text",
            b"[" * 100_000,
            b'{"a": ' + b"9" * 5000 + b"}",
            b'{"text": "half an emoji \\ud83d and a \\u0000"}',
            b'{"n": NaN}',
        ],
    )
    def test_it_shows_what_no_parser_likes(self, signed_in: Client, db: None, body: bytes) -> None:
        row = admin_rows.notification(body, state="parked", error="It cannot be read.")
        answer = signed_in.get(address(row))
        assert answer.status_code == 200
        assert "It cannot be read." in answer.content.decode()

    def test_a_huge_body_is_cut_and_can_be_downloaded_whole(self, signed_in: Client, db: None) -> None:
        row = admin_rows.notification({"text": "x" * 3_000_000})
        page = detail(signed_in, row)
        assert len(page) < 300_000
        assert "more characters" in page
        answer = signed_in.get(address(row, "body"))
        assert answer.content == json.dumps({"text": "x" * 3_000_000}).encode()

    def test_the_download_is_the_exact_bytes_that_no_browser_interprets(
        self, signed_in: Client, db: None, admin: Agent
    ) -> None:
        body = b"<script>alert(1)</script>\0\xff"
        row = admin_rows.notification(body)
        answer = signed_in.get(address(row, "body"))
        assert answer.content == body
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == f'attachment; filename="notification-{row.pk}.bin"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert LogEntry.objects.get(user=admin).get_change_message() == "Downloaded the raw webhook."
        assert signed_in.get("/admin/whatsapp/notification/999999/body/").status_code == 404

    def test_it_names_the_leaves_that_were_left_out(self, signed_in: Client, db: None) -> None:
        problems = [{"path": "entry[0].changes[0].value.messages[2]", "reason": "It has no <id>."}]
        page = detail(signed_in, admin_rows.notification(state="processed", problems=problems))
        assert "entry[0].changes[0].value.messages[2]" in page
        assert "It has no &lt;id&gt;." in page

    def test_it_leads_to_the_messages_it_made(
        self, signed_in: Client, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        leaf = payloads.message(text={"body": "the one it made"})
        row = admin_rows.notification(payloads.notification(leaf))
        pipeline.drain()
        made = Message.objects.get()
        admin_rows.message(other_number, "the same id on another number", wamid=leaf["id"])
        page = detail(signed_in, row)
        assert f'href="/admin/inbox/message/{made.pk}/change/"' in page
        assert "the one it made" in page
        assert "another number" not in page

    def test_it_leads_to_the_message_a_status_is_about(self, signed_in: Client, number: PhoneNumber) -> None:
        sent = admin_rows.message(number, "our answer", direction="outbound", origin="agent")
        row = admin_rows.notification(payloads.notification(statuses=[payloads.status(sent.wamid, "delivered")]))
        assert f'href="/admin/inbox/message/{sent.pk}/change/"' in detail(signed_in, row)

    def test_it_leads_to_the_message_that_it_names_in_another_scope(
        self, signed_in: Client, number: PhoneNumber
    ) -> None:
        token = "3A6C31FEAAB9C32339DC"
        sent = admin_rows.message(number, "our answer", wamid=payloads.scoped_wamid(payloads.CUSTOMER, token))
        status = payloads.status(payloads.scoped_wamid("PT.7712", token), "delivered")
        row = admin_rows.notification(payloads.notification(statuses=[status]))
        assert f'href="/admin/inbox/message/{sent.pk}/change/"' in detail(signed_in, row)

    def test_it_is_found_by_id(self, signed_in: Client, db: None) -> None:
        wanted, other = admin_rows.notification(), admin_rows.notification()
        page = signed_in.get(LIST, {"q": str(wanted.pk)}).content.decode()
        assert address(wanted) in page
        assert address(other) not in page


class ReplayTests:
    def test_the_button_puts_it_back_and_wakes_a_worker(self, signed_in: Client, db: None, admin: Agent) -> None:
        row = admin_rows.notification(state="parked", error="It could not be applied.", attempts=3)
        page = signed_in.post(address(row, "replay"), follow=True)
        assert "1 webhook will be replayed" in page.content.decode()
        row.refresh_from_db()
        assert (row.state, row.error) == ("pending", "")
        assert ProcrastinateJob.objects.filter(task_name=journal.TASK).count() == 1
        assert LogEntry.objects.get(user=admin).get_change_message() == "Replayed."

    def test_the_result_is_the_same_message_once(self, signed_in: Client, number: PhoneNumber) -> None:
        row = admin_rows.notification(payloads.notification(payloads.message()))
        pipeline.drain()
        before = Message.objects.values().get()
        signed_in.post(address(row, "replay"))
        pipeline.drain()
        after = Message.objects.values().get()
        assert {**after, "changed_xid": 0} == {**before, "changed_xid": 0}
        assert Conversation.objects.get().unread_count == 1
        row.refresh_from_db()
        assert row.state == "processed"

    def test_the_action_takes_the_selected_ones(self, signed_in: Client, db: None) -> None:
        rows = [admin_rows.notification(state="parked") for _ in range(3)]
        selected = {"action": "replay_selected", "_selected_action": [rows[0].pk, rows[2].pk]}
        page = signed_in.post(LIST, selected, follow=True)
        assert "2 webhooks will be replayed" in page.content.decode()
        assert [row.state for row in Notification.objects.order_by("pk")] == ["pending", "parked", "pending"]
        assert LogEntry.objects.count() == 2

    def test_all_parked_ones_go_back_with_one_press(self, signed_in: Client, db: None) -> None:
        for state in ("parked", "processed", "parked"):
            admin_rows.notification(state=state)
        assert "Replay all parked" in signed_in.get(LIST).content.decode()
        page = signed_in.post(LIST + "replay-parked/", follow=True)
        assert "2 webhooks will be replayed" in page.content.decode()
        assert "Replay all parked" not in page.content.decode()
        assert sorted(Notification.objects.values_list("state", flat=True)) == ["pending", "pending", "processed"]
        assert LogEntry.objects.get().get_change_message() == "Replayed."
        assert signed_in.get("/admin/admin/logentry/").status_code == 200
        assert signed_in.get("/admin/").status_code == 200

    def test_those_with_parts_left_out_are_counted_listed_and_replayed(self, signed_in: Client, db: None) -> None:
        left = admin_rows.notification(state="processed", problems=[{"path": "p", "reason": "It has no <id>."}])
        fine, parked = admin_rows.notification(state="processed"), admin_rows.notification(state="parked")
        page = signed_in.get(LIST).content.decode()
        assert "1 with parts left out" in page
        assert "It has no &lt;id&gt;." in page
        for attention, wanted in (
            ("left_out", {left.pk}),
            ("parked", {parked.pk}),
            ("", {left.pk, fine.pk, parked.pk}),
        ):
            page = signed_in.get(LIST, {"attention": attention}).content.decode()
            assert {row.pk for row in (left, fine, parked) if address(row) in page} == wanted
        page = signed_in.post(LIST + "replay-left-out/", follow=True).content.decode()
        assert "1 webhook will be replayed" in page
        assert "with parts left out" not in page.split("changelist-filter")[0]
        left.refresh_from_db()
        assert (left.state, left.problems) == ("pending", [])

    def test_dismissed_ones_are_no_longer_counted(self, signed_in: Client, db: None, admin: Agent) -> None:
        left = admin_rows.notification(state="processed", problems=[{"path": "p", "reason": "r"}])
        parked = admin_rows.notification(state="parked")
        signed_in.post(address(left, "dismiss"))
        signed_in.post(LIST, {"action": "dismiss_selected", "_selected_action": [parked.pk]})
        page = signed_in.get(LIST).content.decode()
        assert "1 parked" not in page
        assert "1 with parts left out" not in page
        assert address(left) in signed_in.get(LIST, {"attention": "dismissed"}).content.decode()
        assert "Dismissed." in {entry.get_change_message() for entry in LogEntry.objects.filter(user=admin)}
        assert address(left, "dismiss") not in detail(signed_in, left)

    def test_what_waits_already_stays_as_it_is(self, signed_in: Client, db: None) -> None:
        row = admin_rows.notification()
        page = signed_in.post(address(row, "replay"), follow=True)
        assert "1 webhook was already pending" in page.content.decode()

    def test_it_takes_a_post(self, signed_in: Client, db: None) -> None:
        row = admin_rows.notification(state="parked")
        assert signed_in.get(address(row, "replay")).status_code == 405
        for place in ("replay-parked/", "replay-left-out/"):
            assert signed_in.get(LIST + place).status_code == 405
        row.refresh_from_db()
        assert row.state == "parked"

    def test_it_takes_a_token_against_forged_requests(self, admin: Agent) -> None:
        row = admin_rows.notification(state="parked")
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(admin)
        assert strict.post(address(row, "replay")).status_code == 403
        assert strict.post(LIST + "replay-parked/").status_code == 403

    def test_staff_with_every_permission_do_not_reach_it(self, client: Client, alice: Agent) -> None:
        from django.contrib.auth.models import Permission

        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.all())
        client.force_login(alice)
        row = admin_rows.notification(state="parked")
        assert client.get(LIST).status_code == 403
        assert client.get(address(row)).status_code == 403
        assert client.get(address(row, "body")).status_code == 403
        assert client.post(address(row, "replay")).status_code == 404
        assert client.post(address(row, "dismiss")).status_code == 404
        for place in ("replay-parked/", "replay-left-out/"):
            assert client.post(LIST + place).status_code == 403
        row.refresh_from_db()
        assert row.state == "parked"


class LogTests:
    def test_lines_hold_ids_and_no_words_of_customers(
        self, signed_in: Client, db: None, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        row = admin_rows.notification({"text": "CANARY text"}, state="parked")
        signed_in.get(address(row))
        signed_in.get(address(row, "body"))
        signed_in.post(address(row, "replay"))
        signed_in.get("/admin/inbox/message/?q=CANARY+search")
        said: Any = "".join(capfd.readouterr()) + caplog.text
        assert "journal_replayed" in said
        assert str(row.pk) in said
        assert "CANARY" not in said
