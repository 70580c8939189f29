"""What programs may not send: without a right, to strangers, and whatever they make up."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.wsgi_bridge import Pages
from inbox.models import Conversation, Message, Program
from tests import samples
from tests.inbox import thread_rows
from tests.inbox.api.conftest import AMARA, Shop
from tests.servers import WebServer
from tests.simulated import Phone
from whatsapp.models import PhoneNumber


class RightsTests:
    def test_it_may_not_send_without_the_right(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes()
        Program.objects.update(may_send=False)
        for path in ("whatsapp/send", "media", f"messages/{uuid.uuid4().int % 10**9}/reaction"):
            assert shop.post(path, {}).status_code == 403
        assert shop.post(f"conversations/{conversation.pk}/read").status_code == 403

    def test_it_cannot_reach_the_conversations_of_others(self, phone: Phone, web_server: WebServer) -> None:
        conversation = phone.writes()
        message = conversation.messages.get()
        program = Program.objects.create(name="Other")
        program.numbers.add(PhoneNumber.objects.get(name="Norte Lisboa"))
        other = Shop(web_server.url, program)
        tries: list[tuple[str, Any]] = [
            ("whatsapp/send", {"conversationId": str(conversation.pk), "content": "Hi"}),
            ("whatsapp/send", {"contactId": str(conversation.contact_id), "content": "Hi"}),
            ("whatsapp/send", {"phone": AMARA, "content": "Hi", "phoneNumberId": phone.number.phone_number_id}),
            (f"messages/{message.pk}/reaction", {"emoji": "👍"}),
            (f"conversations/{conversation.pk}/read", None),
        ]
        for path, body in tries:
            assert other.post(path, body).status_code in (404, 422), path
        assert Conversation.objects.count() == 1


HOSTILE: list[Callable[[], bytes]] = [
    lambda: b"",
    lambda: b"null",
    lambda: b"[]",
    lambda: b"{",
    lambda: b"\xff\xfe{}",
    lambda: b'{"phone": "+351915550123", "content": "a\\u0000b"}',
    lambda: b'{"phone": "+351915550123", "content": "\\ud800"}',
    lambda: b'{"phone": "+351915550123", "\\u0000": 1}',
    lambda: b'{"phone": NaN}',
    lambda: b'{"location": {"latitude": 1e999, "longitude": 0}, "phone": "+351915550123"}',
    lambda: b'{"conversationId": ' + b"9" * 5000 + b"}",
    lambda: b'{"contactId": 99999999999999999999}',
    lambda: b'{"contactId": true, "content": "x"}',
    lambda: b"[" * 200_000,
    lambda: b'{"a":' * 5000 + b"1" + b"}" * 5000,
    lambda: b'{"phone": {"a": {}}}',
    lambda: b'{"phone": "+351915550123", "mediaFile": "not base64!"}',
    lambda: b'{"phone": "+351915550123", "mediaId": "\\ud83d\\ude00"}',
    lambda: b'{"phone": "+351915550123", "link": "https://\\u2603.example/"}',
    lambda: b'{"phone": "+351915550123", "template": {"name": "", "language": ""}}',
    lambda: b'{"phone": "+351915550123", "interactive": {"type": "buttons", "buttons": 7}}',
    lambda: b'{"phone": "+351915550123", "contact": "misspelt", "content": "x"}',
    lambda: b'{"phone": "+0", "content": "x"}',
    lambda: b'{"phone": "+999999999999999999999", "content": "x"}',
    lambda: json.dumps({"phone": AMARA, "content": "x" * 70_000}).encode(),
]


class RoomTests:
    @pytest.mark.django_db
    def test_a_file_that_the_server_has_no_room_for_may_come_again(
        self, api: Client, settings: Any, tmp_path: Path
    ) -> None:
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "unmounted")
        film = SimpleUploadedFile("film.mp4", b"0" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1))
        answer = api.post("/api/whatsapp/send", {"phone": AMARA, "file": film})
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_away")
        assert answer.headers["Retry-After"]


class BrokenOffTests:
    @pytest.mark.parametrize("form", [True, False])
    def test_a_request_that_breaks_off_does_nothing(self, form: bool, shop: Shop, phone: Phone) -> None:
        """A form whose file is on its way, and JSON that happens to be whole: who sent them will send them again."""
        phone.writes()
        body = json.dumps({"phone": AMARA, "content": "Your invoice"})
        if form:
            body = (
                f'--X\r\nContent-Disposition: form-data; name="phone"\r\n\r\n{AMARA}\r\n'
                '--X\r\nContent-Disposition: form-data; name="content"\r\n\r\nYour invoice\r\n'
                '--X\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.4' + 50_000 * "x"
            )
        headers = {
            **shop.session.headers,
            "Host": "127.0.0.1",
            "Content-Type": "multipart/form-data; boundary=X" if form else "application/json",
            "Content-Length": str(len(body) + 1000),
        }
        coming = [{"type": "http.request", "body": body.encode(), "more_body": True}, {"type": "http.disconnect"}]
        answered: list[Any] = []

        async def receive() -> Any:
            return coming.pop(0)

        async def send(message: Any) -> None:
            answered.append(message)

        async def call() -> None:
            pages = Pages(threads=1)
            scope = {
                "type": "http",
                "http_version": "1.1",
                "method": "POST",
                "scheme": "http",
                "path": "/api/whatsapp/send",
                "query_string": b"",
                "headers": [(name.lower().encode(), str(value).encode()) for name, value in headers.items()],
            }
            await pages(scope, receive, send)
            await pages.close()

        asyncio.run(call())
        assert answered[0]["status"] == 400
        assert not Message.objects.filter(direction="outbound").exists()


class DoubtfulTests:
    def test_a_message_to_two_people_goes_to_neither(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes()
        whom = {"conversationId": str(conversation.pk), "contactId": str(conversation.contact_id), "phone": AMARA}
        for left_out in whom:
            two = {name: value for name, value in whom.items() if name != left_out}
            answer = shop.post("whatsapp/send", {**two, "content": "Hi"})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert not Message.objects.filter(direction="outbound").exists()

    def test_words_that_would_not_reach_the_customer_are_refused(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        for beside in ({"location": {"latitude": 38.7, "longitude": -9.1}}, {"contacts": [{"name": "Rui"}]}):
            answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Meet me here", **beside})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "content")
        assert not Message.objects.filter(direction="outbound").exists()


class DatabaseTests:
    @pytest.mark.django_db
    def test_a_job_that_cannot_be_queued_is_the_database_s_fault(self, api: Client, number: PhoneNumber) -> None:
        conversation = thread_rows.conversation(number)
        Conversation.objects.filter(pk=conversation.pk).update(window_closes_at=timezone.now() + timedelta(hours=9))
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE procrastinate_jobs RENAME TO jobs_that_are_away")
        body = {"conversationId": str(conversation.pk), "content": "Hi"}
        answer = api.post("/api/whatsapp/send", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        assert not Message.objects.exists()


class HostileTests:
    def test_nothing_breaks_it(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        for make in HOSTILE:
            raw = make()
            answer = shop.post("whatsapp/send", data=raw, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 422), (raw[:80], answer.status_code, answer.text)
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert not Message.objects.filter(direction="outbound").exists()

    def test_it_refuses_a_body_that_is_too_large_or_of_another_type(self, shop: Shop, phone: Phone) -> None:
        def post(content_type: str, **headers: str) -> requests.Response:
            return shop.post("whatsapp/send", data=b"x", headers={"Content-Type": content_type, **headers})

        assert post("text/plain").status_code == 415
        assert post("multipart/form-data").status_code == 400
        assert post("application/x-www-form-urlencoded").status_code == 415
        large = shop.post("whatsapp/send", data=b" " * 24_000_000, headers={"Content-Type": "application/json"})
        assert (large.status_code, large.json()["code"]) == (413, "too_large")

        def pieces() -> Any:
            yield b"{}"

        answer = shop.post("whatsapp/send", data=pieces(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 411

    def test_a_file_name_of_a_stranger_is_cleaned(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        sent = shop.send(data={"phone": AMARA, "fileName": "../../a\x01\u202efdp.exe"}, files={"file": samples.pdf()})
        assert "/" not in sent["fileName"]
        assert "\u202e" not in sent["fileName"]
