"""Acts on one message over HTTP: react, take back, send again; and the details that say what became of it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from inbox.changes import pages
from inbox.formatting import humanize
from inbox.models import Agent, Conversation, Message, Reaction
from inbox.sending import queue
from tests.inbox.thread_rows import NOON, message
from tests.inbox.web.views.test_compose import SCRIPT, amara, signed_in, texts

__all__ = ["amara", "signed_in"]

pytestmark = pytest.mark.django_db


def failed(amara: Conversation, **fields: object) -> Message:
    columns = {"status": "failed", "error_code": 131026, "failed_at": NOON, "wamid": ""} | fields
    return message(amara, "Hello", direction="outbound", **columns)


class ReactTests:
    def test_it_is_put_changed_and_taken_back(self, signed_in: Client, alice: Agent, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        for emoji in ("👍", "❤️", ""):
            assert signed_in.post(f"/messages/{asked.pk}/react/", {"emoji": emoji}).status_code == 302
            reaction = Reaction.objects.get()
            assert (reaction.emoji, reaction.agent, reaction.status) == (emoji, alice, "queued")

    def test_words_are_no_reaction(self, signed_in: Client, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        answer = signed_in.post(f"/messages/{asked.pk}/react/", {"emoji": "ok"}, headers=SCRIPT)
        assert answer.status_code == 422
        assert not Reaction.objects.exists()

    def test_ours_is_a_button_that_takes_it_back(self, signed_in: Client, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        signed_in.post(f"/messages/{asked.pk}/react/", {"emoji": "👍"})
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert f'action="/messages/{asked.pk}/react/"' in html

    def test_the_details_name_who_reacted_and_when(self, signed_in: Client, alice: Agent, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        fields = {"number": asked.number, "target_wamid": asked.wamid, "message": asked, "at": NOON}
        Reaction.objects.create(contact=amara.contact, emoji="🎉", **fields)
        Reaction.objects.create(agent=alice, emoji="👍", status="failed", error="Too late.", **fields)
        html = signed_in.get(f"/messages/{asked.pk}/").content.decode()
        moment = humanize.moment(timezone.localtime(NOON))
        assert f"<dt>Reaction 🎉</dt><dd><bdi>{amara.contact} · {moment}</bdi>" in html
        assert f"<dt>Reaction 👍</dt><dd><bdi>{alice} · {moment} · not delivered: Too late.</bdi>" in html


class ResendTests:
    def test_a_failed_message_is_sent_again_once(self, signed_in: Client, amara: Conversation) -> None:
        row = failed(amara)
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Send again" in html
        for _ in range(2):
            assert signed_in.post(f"/messages/{row.pk}/resend/").status_code == 302
        assert texts(amara) == ["Hello", "Hello"]
        assert "Sent again" in signed_in.get(f"/conversations/{amara.pk}/").content.decode()

    @pytest.mark.parametrize(
        ("fields", "open_now", "offered"),
        [
            ({"error_code": 131026}, True, True),  # the customer may have updated WhatsApp
            ({"error_code": None, "error": "Cancelled before sending."}, True, True),
            ({"error_code": 131000}, False, False),
            ({"error_code": 131047}, False, False),
            ({"error_code": 131047}, True, True),
            ({"error_code": 131000, "kind": "template"}, False, True),
            ({"error_code": 132000, "kind": "template"}, True, False),
            ({"error_code": 131053, "kind": "document"}, True, False),
            ({"error_code": 131000, "kind": "document"}, True, False),  # its file is not here
        ],
    )
    def test_it_is_offered_only_where_it_can_succeed(
        self, signed_in: Client, amara: Conversation, fields: dict[str, object], open_now: bool, offered: bool
    ) -> None:
        row = failed(amara, **fields)
        closes = timezone.now() + timedelta(hours=5 if open_now else -5)
        Conversation.objects.filter(pk=amara.pk).update(window_closes_at=closes)
        button = f'action="/messages/{row.pk}/resend/"'
        for address in (f"/conversations/{amara.pk}/", f"/messages/{row.pk}/"):
            assert (button in signed_in.get(address).content.decode()) is offered

    def test_a_message_in_doubt_asks_first(self, signed_in: Client, amara: Conversation) -> None:
        failed(amara, status="unknown", error_code=None, failed_at=None)
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Send again anyway" in html
        assert "data-confirm" in html

    def test_what_arrived_is_not_sent_again(self, signed_in: Client, amara: Conversation) -> None:
        row = failed(amara, status="delivered", error_code=None, failed_at=None)
        assert signed_in.post(f"/messages/{row.pk}/resend/").status_code == 422
        assert texts(amara) == ["Hello"]


class DismissTests:
    def test_it_takes_the_conversation_out_of_failed_once_nothing_is_left(
        self, signed_in: Client, amara: Conversation
    ) -> None:
        one, other = failed(amara), failed(amara, status="unknown", failed_at=None, error_code=None)
        address = f"/conversations/{amara.pk}/"
        assert f'action="/messages/{one.pk}/dismiss/"' in signed_in.get(address).content.decode()
        signed_in.post(f"/messages/{one.pk}/dismiss/")
        amara.refresh_from_db()
        assert amara.oldest_failure_at == other.sent_at
        for _ in range(2):
            assert signed_in.post(f"/messages/{other.pk}/dismiss/").status_code == 302
        amara.refresh_from_db()
        assert amara.oldest_failure_at is None
        html = signed_in.get(address).content.decode()
        assert "/dismiss/" not in html
        assert "Send again" in html
        assert "<dt>Dismissed</dt>" in signed_in.get(f"/messages/{one.pk}/").content.decode()

    @pytest.mark.django_db(transaction=True)
    def test_open_pages_are_told(self, signed_in: Client, amara: Conversation) -> None:
        row = failed(amara)
        cursor = pages.current_cursor()
        page = {"since": cursor, "open": amara.pk, "filter": "failed"}
        answer = signed_in.post(f"/messages/{row.pk}/dismiss/?{urlencode(page)}", headers=SCRIPT).content.decode()
        assert f'data-gone="{amara.pk}"' in answer
        assert "problem--settled" in answer

    def test_sending_again_settles_it_too(self, signed_in: Client, amara: Conversation) -> None:
        row = failed(amara)
        signed_in.post(f"/messages/{row.pk}/resend/")
        amara.refresh_from_db()
        assert amara.oldest_failure_at is None

    def test_what_did_not_fail_cannot_be_dismissed(self, signed_in: Client, amara: Conversation) -> None:
        row = message(amara, "Hello", direction="outbound", status="queued")
        assert signed_in.post(f"/messages/{row.pk}/dismiss/").status_code == 422
        row.refresh_from_db()
        assert row.dismissed_at is None

    def test_other_colleagues_cannot(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        row = failed(amara)
        client.force_login(charlie)
        assert client.post(f"/messages/{row.pk}/dismiss/").status_code == 404


class CancelTests:
    def test_a_waiting_message_says_why_and_is_taken_back(
        self, signed_in: Client, alice: Agent, amara: Conversation
    ) -> None:
        signed_in.post(f"/conversations/{amara.pk}/send/", {"text": "Hello"})
        row = amara.messages.get(text="Hello")
        Message.objects.filter(pk=row.pk).update(error_code=130429)
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Waiting to be sent: The number reached the sending rate" in html
        assert signed_in.post(f"/messages/{row.pk}/cancel/").status_code == 302
        row.refresh_from_db()
        assert row.status == "failed"
        assert not queue.cancel(row)
        amara.refresh_from_db()
        assert amara.oldest_failure_at is None  # it was wanted

    def test_it_is_too_late_for_what_has_left(self, signed_in: Client, amara: Conversation) -> None:
        row = message(amara, "Gone", direction="outbound")
        answer = signed_in.post(f"/messages/{row.pk}/cancel/")
        assert answer.status_code == 422
        assert "Too late" in answer.content.decode()


class DetailsTests:
    def test_it_tells_each_step_the_cost_and_the_id(self, signed_in: Client, amara: Conversation) -> None:
        row = message(
            amara,
            "Hello",
            direction="outbound",
            status="read",
            accepted_at=NOON,
            delivered_at=NOON + timedelta(seconds=2),
            read_at=NOON + timedelta(minutes=1),
            pricing={"billable": True, "model": "PMP", "type": "regular", "category": "marketing"},
        )
        html = signed_in.get(f"/messages/{row.pk}/", headers=SCRIPT).content.decode()
        for words in ("Delivered", "12:00:02", "12:01:00", "Marketing · billed · PMP", row.wamid):
            assert words in html

    def test_the_providers_error_is_text(self, signed_in: Client, amara: Conversation) -> None:
        row = failed(amara, error="<b>no</b>")
        html = signed_in.get(f"/messages/{row.pk}/").content.decode()
        assert "131026 · &lt;b&gt;no&lt;/b&gt;" in html


def test_nobody_acts_on_another_numbers_message(client: Client, charlie: Agent, amara: Conversation) -> None:
    row = failed(amara)
    client.force_login(charlie)
    for act in ("react", "resend", "cancel"):
        assert client.post(f"/messages/{row.pk}/{act}/", {"emoji": "👍"}).status_code == 404
    assert texts(amara) == ["Hello"]
    assert row.sent_at < timezone.now()
