"""What programs are told: each thing once, signed, again until it is taken, and never into our own network."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from inbox.api.webhooks import delivery, signing
from inbox.changes import webhooks
from inbox.models import Message, Program, WebhookDelivery, WebhookEndpoint
from inbox.receiving import pipeline
from tests.inbox.thread_rows import conversation, message
from tests.simulated import Phone, deliver_all, queue_text
from whatsapp.models import PhoneNumber

Event = WebhookEndpoint.Event
ALL = [event.value for event in Event]


@dataclass
class Listener:
    """A program's server: answers ``status``, and keeps what came."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.told]


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    with listening() as known:
        settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]
        yield known


@contextmanager
def listening() -> Iterator[Listener]:
    known = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            known.posts.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(known.status)
            for name, value in known.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass  # tests are quiet

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    known.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()


def endpoint_of(listener: Listener, number: PhoneNumber, **fields: Any) -> WebhookEndpoint:
    program = Program.objects.create(name=f"Program {Program.objects.count()}")
    program.numbers.add(number)
    return WebhookEndpoint.objects.create(
        **{"program": program, "url": listener.url, "events": ALL, "secret": signing.new_secret()} | fields
    )


def due_now() -> None:
    """As if the waits were over."""
    now = timezone.now()
    WebhookDelivery.objects.filter(state="pending").update(next_try_at=now)
    WebhookEndpoint.objects.update(held_until=None)


@pytest.mark.django_db
class RecordTests:
    def test_it_works(self, number: PhoneNumber, listener: Listener) -> None:
        endpoint = endpoint_of(listener, number)
        row = message(conversation(number), "Hello")
        webhooks.record(received=[row.pk])
        assert delivery.deliver(endpoint.pk) == 1
        ((headers, body),) = listener.posts
        told = Webhook(endpoint.secret).verify(body.decode(), headers)
        assert told["type"] == "message.received"
        assert told["data"]["messageId"] == str(row.pk)
        assert told["data"]["content"] == "Hello"
        settled = WebhookDelivery.objects.get()
        assert headers["webhook-id"] == str(settled.webhook_id)
        assert (settled.state, settled.response_status, settled.attempts) == ("delivered", 204, 1)

    def test_it_costs_one_query_when_nobody_listens(self, number: PhoneNumber, django_assert_num_queries: Any) -> None:
        row = message(conversation(number))
        with django_assert_num_queries(1):
            webhooks.record(received=[row.pk], changed=[row.pk])
        with django_assert_num_queries(0):
            webhooks.record()

    def test_it_tells_each_program_what_it_asked_for_of_its_own_numbers(
        self, number: PhoneNumber, other_number: PhoneNumber, listener: Listener
    ) -> None:
        wanted = endpoint_of(listener, number, events=["message.received"])
        endpoint_of(listener, number, events=["message.status"])
        endpoint_of(listener, number, active=False)
        endpoint_of(listener, other_number)
        blind = endpoint_of(listener, number)
        Program.objects.filter(pk=blind.program_id).update(may_read=False)
        everything = endpoint_of(listener, other_number)
        Program.objects.filter(pk=everything.program_id).update(all_numbers=True)
        webhooks.record(received=[message(conversation(number)).pk])
        told = set(WebhookDelivery.objects.values_list("endpoint", flat=True))
        assert told == {wanted.pk, everything.pk}

    def test_it_tells_a_repeated_status_once(self, number: PhoneNumber, listener: Listener) -> None:
        endpoint_of(listener, number)
        row = message(conversation(number), direction="outbound", status="delivered")
        for status in ("delivered", "delivered", "read", "read"):
            Message.objects.filter(pk=row.pk).update(status=status)
            webhooks.record(changed=[row.pk])
        assert list(WebhookDelivery.objects.order_by("created_at").values_list("status", flat=True)) == [
            "delivered",
            "read",
        ]

    def test_it_tells_once_that_a_message_was_sent(self, number: PhoneNumber, listener: Listener) -> None:
        endpoint_of(listener, number)
        statuses_only = endpoint_of(listener, number, events=["message.status"])
        row = message(conversation(number), direction="outbound", status="sent")
        webhooks.record(sent=[row.pk])
        webhooks.record(changed=[row.pk])
        unsure = message(row.conversation, direction="outbound", status="sent")
        webhooks.record(changed=[unsure.pk])
        told = WebhookDelivery.objects.exclude(endpoint=statuses_only).values_list("event", "message")
        assert set(told) == {("message.sent", row.pk), ("message.status", unsure.pk)}
        assert len(told) == 2
        assert WebhookDelivery.objects.filter(endpoint=statuses_only).count() == 2

    def test_it_says_nothing_of_history(self, number: PhoneNumber, listener: Listener) -> None:
        endpoint_of(listener, number)
        webhooks.record(received=[message(conversation(number), historic=True).pk])
        assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db
class DeliveryTests:
    @pytest.fixture
    def endpoint(self, number: PhoneNumber, listener: Listener) -> WebhookEndpoint:
        endpoint = endpoint_of(listener, number)
        webhooks.record(received=[message(conversation(number), "Hello").pk])
        return endpoint

    def test_it_tries_again_with_the_same_id_until_it_is_taken(
        self, endpoint: WebhookEndpoint, listener: Listener
    ) -> None:
        listener.status = 500
        for _ in range(3):
            assert delivery.deliver(endpoint.pk) == 1
            assert delivery.deliver(endpoint.pk) == 0  # its time has not come
            due_now()
        row = WebhookDelivery.objects.get()
        assert (row.state, row.error, row.attempts) == ("pending", "The endpoint answered 500.", 3)
        listener.status = 200
        delivery.deliver(endpoint.pk)
        row.refresh_from_db()
        endpoint.refresh_from_db()
        assert (row.state, row.error, len(row.log)) == ("delivered", "", 4)
        assert (endpoint.failures, endpoint.failing_since, endpoint.held_until) == (0, None, None)
        assert len({headers["webhook-id"] for headers, _ in listener.posts}) == 1
        assert len(listener.posts) == 4

    def test_it_gives_up_after_three_days_and_can_be_sent_again(
        self, endpoint: WebhookEndpoint, listener: Listener
    ) -> None:
        listener.status = 400
        waited = 0.0
        for _ in range(10):
            delivery.deliver(endpoint.pk)
            row = WebhookDelivery.objects.get()
            if row.next_try_at:
                waited += (row.next_try_at - timezone.now()).total_seconds()
            due_now()
        assert row.state == "failed"
        assert 2.9 < waited / 86400 < 3.5
        listener.status = 200
        assert delivery.send_again(row)
        assert not delivery.send_again(row)
        delivery.deliver(endpoint.pk)
        row.refresh_from_db()
        assert row.state == "delivered"

    def test_an_endpoint_that_is_away_is_left_alone_for_a_while(
        self, endpoint: WebhookEndpoint, number: PhoneNumber, listener: Listener
    ) -> None:
        for _ in range(5):
            webhooks.record(received=[message(conversation(number)).pk])
        listener.status = 503
        listener.headers = {"Retry-After": "900"}
        assert delivery.deliver(endpoint.pk) == 1
        assert delivery.deliver(endpoint.pk) == 0
        endpoint.refresh_from_db()
        assert endpoint.held_until is not None
        assert endpoint.held_until > timezone.now() + timedelta(seconds=800)
        due_now()
        listener.status = 200
        assert delivery.deliver(endpoint.pk) == 6

    def test_days_of_failures_switch_it_off(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        listener.status = 500
        WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=6), failures=9)
        delivery.deliver(endpoint.pk)
        endpoint.refresh_from_db()
        assert not endpoint.active
        assert "5 days" in endpoint.disabled_reason
        due_now()
        assert delivery.deliver(endpoint.pk) == 0

    def test_gone_switches_it_off_at_once(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        listener.status = 410
        delivery.deliver(endpoint.pk)
        endpoint.refresh_from_db()
        assert not endpoint.active

    def test_it_asks_nothing_private(self, endpoint: WebhookEndpoint, listener: Listener, settings: Any) -> None:
        settings.WEBHOOK_PRIVATE_HOSTS = []
        delivery.deliver(endpoint.pk)
        assert listener.posts == []
        assert "https" in WebhookDelivery.objects.get().error
        WebhookEndpoint.objects.update(url="https://127.0.0.1/", held_until=None)
        due_now()
        delivery.deliver(endpoint.pk)
        assert "private network" in WebhookDelivery.objects.get().error

    def test_it_follows_no_redirect(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        listener.status, listener.headers = 302, {"Location": listener.url + "/elsewhere"}
        delivery.deliver(endpoint.pk)
        assert len(listener.posts) == 1
        assert WebhookDelivery.objects.get().error == "The endpoint answered 302."

    def test_both_secrets_sign_while_one_replaces_the_other(
        self, endpoint: WebhookEndpoint, listener: Listener
    ) -> None:
        old, new = endpoint.secret, signing.rotate(endpoint)
        delivery.deliver(endpoint.pk)
        ((headers, body),) = listener.posts
        for secret in (old, new):
            Webhook(secret).verify(body.decode(), headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(signing.new_secret()).verify(body.decode(), headers)
        WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
        endpoint.refresh_from_db()
        assert len(signing.headers(endpoint, "id", b"")["webhook-signature"].split()) == 1

    def test_the_signature_is_the_hmac_of_id_time_and_body(self, endpoint: WebhookEndpoint) -> None:
        body = '{"text":"Olá 😀"}'.encode()
        headers = signing.headers(endpoint, "msg_1", body)
        key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"msg_1.{headers['webhook-timestamp']}.".encode() + body, "sha256")
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()

    def test_one_that_cannot_be_signed_says_so_and_comes_to_an_end(
        self, endpoint: WebhookEndpoint, listener: Listener, settings: Any
    ) -> None:
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        for _ in range(len(delivery.SCHEDULE) + 1):
            delivery.deliver(endpoint.pk)
            due_now()
        row = WebhookDelivery.objects.get()
        assert row.state == "failed"
        assert "could not be prepared" in row.error
        assert listener.posts == []

    def test_a_deleted_message_is_told_to_nobody(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        Message.objects.all().delete()
        assert delivery.deliver(endpoint.pk) == 0
        assert listener.posts == []

    def test_a_dead_workers_delivery_is_free_again(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        assert delivery._claim(endpoint.pk) is not None
        assert delivery.deliver(endpoint.pk) == 0
        due_now()
        assert delivery.deliver(endpoint.pk) == 1

    def test_old_ones_are_forgotten(self, endpoint: WebhookEndpoint, listener: Listener) -> None:
        delivery.deliver(endpoint.pk)
        assert delivery.forget() == 0
        WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))
        assert delivery.forget() == 1


class WholeWayTests:
    """From WhatsApp to the program, through the journal, the worker and the sender."""

    def test_a_conversation(self, phone: Phone, listener: Listener) -> None:
        endpoint = endpoint_of(listener, phone.number)
        thread = phone.writes("Hello")
        sent = queue_text(thread)
        deliver_all()
        sent.refresh_from_db()
        phone.receipt(sent.wamid, "read")
        phone.settle()
        while delivery.deliver(endpoint.pk):
            pass
        assert {"message.received", "message.sent", "message.status"} <= set(listener.types)
        statuses = [one["status"] for one in listener.told if one["type"] == "message.status"]
        assert statuses[-1] == "read"
        assert all(one["data"]["mediaUrl"] is None for one in listener.told)

    @pytest.mark.parametrize("code", [131008, 131047])
    def test_a_failure(self, code: int, phone: Phone, listener: Listener) -> None:
        """In WhatsApp's answer to the request, and later in a status."""
        endpoint = endpoint_of(listener, phone.number, events=["message.status"])
        phone.writes()
        phone.faults(refuse=code)
        queue_text(Message.objects.get().conversation)
        deliver_all()
        phone.settle()
        delivery.deliver(endpoint.pk)
        told = listener.told[-1]
        assert told["status"] == "failed"
        assert told["data"]["error"]["code"] == code

    def test_a_photo(self, phone: Phone, listener: Listener, settings: Any) -> None:
        from inbox.media import fetch

        endpoint = endpoint_of(listener, phone.number)
        thread = phone.writes("", kind="image")
        fetch.fetch(thread.messages.get().media.pk)
        delivery.deliver(endpoint.pk)
        ready = [one["data"] for one in listener.told if one["type"] == "media.ready"]
        assert ready[0]["mediaState"] == "stored"
        assert ready[0]["s3Key"].startswith("media/")

    def test_what_is_rolled_back_is_not_told(self, phone: Phone, listener: Listener) -> None:
        endpoint = endpoint_of(listener, phone.number)
        phone.writes("Hello")
        pipeline.drain()
        before = WebhookDelivery.objects.count()
        pipeline.drain()
        assert WebhookDelivery.objects.count() == before == 1
        assert delivery.deliver(endpoint.pk) == 1
