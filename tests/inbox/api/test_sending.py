"""What programs send: over real HTTP, through the worker, to the simulator's phone."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

from inbox.models import Contact, Conversation, KeptAnswer, Media, Message, Program, Upload
from tests import samples
from tests.core.test_safe_http import says, server
from tests.inbox.api.conftest import AMARA, Shop
from tests.servers import WebServer
from tests.simulated import Phone, deliver_all
from whatsapp.models import MessageTemplate, PhoneNumber

TEMPLATE = [{"type": "BODY", "text": "Hello {{1}}", "example": {"body_text": [["Amara"]]}}]


@pytest.fixture
def template(phone: Phone) -> MessageTemplate:
    return MessageTemplate.objects.create(
        waba_id=phone.number.waba_id, name="hello", language="en_US", status="APPROVED", components=TEMPLATE
    )


def shown(phone: Phone) -> dict[str, Any]:
    """The one message that is on the customer's phone, as WhatsApp's JSON."""
    deliver_all()
    (leaf,) = [one["leaf"] for one in phone.shows()]
    found: dict[str, Any] = leaf
    return found


class TextTests:
    def test_it_works(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes()
        sent = shop.send({"phone": AMARA, "content": "Good morning!"})
        assert sent["conversationId"] == str(conversation.pk)
        assert (sent["direction"], sent["origin"], sent["kind"]) == ("outbound", "api", "text")
        assert sent["receivingPhone"] == AMARA

        assert shown(phone)["text"]["body"] == "Good morning!"
        phone.settle()
        now = shop.get(f"messages/{sent['messageId']}")
        assert now["status"] in ("sent", "delivered")
        assert now["wamid"].startswith("wamid.")
        assert Message.objects.get(pk=sent["messageId"]).program == shop.program

    def test_it_finds_the_person_by_contact_and_by_conversation(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes()
        for to in ({"contactId": str(conversation.contact_id)}, {"conversationId": conversation.pk}):
            assert shop.send({**to, "content": "Hi"})["conversationId"] == str(conversation.pk)

    def test_it_answers_a_message(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes("Are you open?")
        asked = conversation.messages.get()
        sent = shop.send({"conversationId": str(conversation.pk), "content": "Yes", "replyTo": str(asked.pk)})
        assert sent["replyTo"] == str(asked.pk)
        assert shown(phone)["context"]["message_id"] == asked.wamid

    def test_a_call_or_a_line_that_nobody_wrote_is_neither_answered_nor_reacted_to(
        self, shop: Shop, phone: Phone
    ) -> None:
        conversation = phone.writes()
        line = Message.objects.create(
            conversation=conversation,
            number=conversation.number,
            direction="inbound",
            kind="system",
            origin="customer",
            wamid="line.handover.1",
            sent_at=timezone.now(),
        )
        assert shop.get(f"messages/{line.pk}")["wamid"] is None
        wanted = {"conversationId": str(conversation.pk), "content": "Yes", "replyTo": str(line.pk)}
        assert shop.post("whatsapp/send", wanted).status_code == 422
        assert shop.post(f"messages/{line.pk}/reaction", {"emoji": "👍"}).status_code == 422

    def test_a_template_shows_a_place(self, shop: Shop, phone: Phone, template: MessageTemplate) -> None:
        phone.writes()
        MessageTemplate.objects.update(components=[{"type": "HEADER", "format": "LOCATION"}, *TEMPLATE])
        values = {"header": {"latitude": 38.7139, "longitude": -9.1394, "name": "Workshop"}, "body": ["Amara"]}
        sent = shop.send({"phone": AMARA, "template": {"name": "hello", "language": "en_US", "values": values}})
        assert sent["payload"]["values"] == {**values, "buttons": {}}
        assert Message.objects.get(pk=sent["messageId"]).status == "queued"

    def test_a_stranger_gets_a_template_and_nothing_else(
        self, shop: Shop, phone: Phone, template: MessageTemplate
    ) -> None:
        answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Hi"})
        assert (answer.status_code, answer.json()["code"]) == (409, "window_closed")
        assert not Contact.objects.exists()
        assert not Conversation.objects.exists()

        to = {"phone": "351 915 550 123", "template": {"name": "hello", "language": "en_US"}}
        answer = shop.post("whatsapp/send", to)
        assert answer.status_code == 422  # its value is missing
        to["template"]["values"] = {"body": ["Amara"]}
        shop.send(to)
        deliver_all()
        (contact,) = Contact.objects.all()
        assert contact.phone == AMARA

    @pytest.mark.parametrize(
        ("written", "reached"),
        [("915 550 123", AMARA), ("+5215512345678", "+5215512345678"), ("551187654321", "+551187654321")],
        ids=["without its country", "Mexico with its 1", "Brazil without its 9"],
    )
    def test_a_phone_is_taken_as_it_is_printed_or_with_our_country(
        self, shop: Shop, phone: Phone, template: MessageTemplate, written: str, reached: str
    ) -> None:
        hello = {"name": "hello", "language": "en_US", "values": {"body": ["Amara"]}}
        sent = shop.send({"phone": written, "template": hello})
        assert sent["receivingPhone"] == reached
        assert sent["senderPhone"] == "+" + "".join(filter(str.isdigit, phone.number.display_number))
        assert len(shop.get(f"messages?phone={reached.replace('+', '%2B')}")["messages"]) == 1

    def test_a_phone_that_can_be_one_of_two_is_refused_with_both(self, shop: Shop, phone: Phone) -> None:
        phone.number.display_number = "+1 415 555 2671"
        phone.number.save()
        for answer in (
            shop.post("whatsapp/send", {"phone": "5165024110", "content": "Hi"}),
            shop.session.get(f"{shop.origin}/api/contacts?phone=5165024110", timeout=20),
        ):
            assert answer.status_code == 422
            assert answer.json()["detail"] == (
                "“5165024110” can be +15165024110 or +5165024110. Write it with a plus and its country code."
            )
        assert not Contact.objects.exists()

    def test_it_says_which_template_is_missing_or_not_approved(
        self, shop: Shop, phone: Phone, template: MessageTemplate
    ) -> None:
        body = {"phone": AMARA, "template": {"name": "nothing", "language": "en_US"}}
        assert "no message template" in shop.post("whatsapp/send", body).json()["detail"]
        MessageTemplate.objects.update(status="REJECTED")
        body["template"]["name"] = "hello"
        assert shop.post("whatsapp/send", body).status_code == 409

    def test_it_needs_the_number_when_the_program_has_several(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        shop.program.all_numbers = True
        shop.program.save()
        other = PhoneNumber.objects.get(name="Norte Lisboa")
        other.aws_phone_number_id = "phone-number-id-2"
        other.save()
        answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Hi"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "numberId")
        for name, value in (("numberId", str(phone.number.pk)), ("phoneNumberId", phone.number.phone_number_id)):
            shop.send({"phone": AMARA, "content": "Hi", name: value})
        answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Hi", "awsPhoneNumberId": "phone-number-id-2"})
        assert answer.json()["code"] == "window_closed"  # found, and nobody wrote to that one


class OtherKindsTests:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"location": {"latitude": 38.7, "longitude": -9.1, "name": "Shop"}}, "location"),
            ({"contacts": [{"name": "Rui", "phones": [{"number": "+351 21 555 0100"}]}]}, "contacts"),
            (
                {"content": "Sure?", "interactive": {"type": "buttons", "buttons": [{"id": "y", "title": "Yes"}]}},
                "interactive",
            ),
            (
                {
                    "content": "Which?",
                    "interactive": {
                        "type": "list",
                        "button": "Choose",
                        "sections": [{"title": "All", "rows": [{"id": "1", "title": "One"}]}],
                    },
                },
                "interactive",
            ),
        ],
    )
    def test_it_sends_it(self, body: dict[str, Any], kind: str, shop: Shop, phone: Phone) -> None:
        phone.writes()
        assert shop.send({"phone": AMARA, **body})["kind"] == kind
        assert shown(phone)["type"] == kind


class FileTests:
    """Each way to give a file ends the same: in storage, known to WhatsApp, on the phone, in the answers."""

    def assert_it_arrived(self, sent: dict[str, Any], shop: Shop, phone: Phone, kind: str) -> dict[str, Any]:
        leaf = shown(phone)
        assert leaf["type"] == kind
        now: dict[str, Any] = shop.get(f"messages/{sent['messageId']}")
        media = Media.objects.get(message_id=sent["messageId"])
        assert now["mediaState"] == "stored"
        assert now["s3Key"] == media.file.name
        assert now["mediaId"] == media.media_id != ""
        assert len(requests.get(now["mediaUrl"], timeout=10).content) == now["size"]
        return now

    def test_a_form(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        file = {"file": ("invoice.pdf", samples.pdf(), "application/pdf")}
        sent = shop.send(data={"phone": AMARA, "content": "Your invoice"}, files=file)
        now = self.assert_it_arrived(sent, shop, phone, "document")
        assert (now["fileName"], now["content"], now["mimeType"]) == ("invoice.pdf", "Your invoice", "application/pdf")

    @pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:image/png;base64,\r\n"])
    @pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
    def test_base64(self, prefix: str, encode: Callable[[bytes], bytes], shop: Shop, phone: Phone) -> None:
        """In one line, or in lines of 76 characters, as many encoders make it."""
        phone.writes()
        picture = prefix + encode(samples.picture("PNG")).decode()
        sent = shop.send({"phone": AMARA, "mediaFile": picture, "mediaType": "image/png", "content": "Look"})
        self.assert_it_arrived(sent, shop, phone, "image")

    def test_base64_of_many_megabytes(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        content = samples.pdf(extra="%" + "x" * 12_000_000)
        sent = shop.send({"phone": AMARA, "mediaFile": base64.b64encode(content).decode(), "fileName": "big.pdf"})
        assert self.assert_it_arrived(sent, shop, phone, "document")["size"] == len(content)

    def test_a_link(self, shop: Shop, phone: Phone, settings: Any) -> None:
        phone.writes()
        with server(says(samples.pdf())) as place:
            settings.DEBUG, settings.WHATSAPP_SIMULATOR_URL = True, f"http://{place}"
            sent = shop.send({"phone": AMARA, "link": f"http://{place}/papers/a%20b.pdf?x=1"})
        assert self.assert_it_arrived(sent, shop, phone, "document")["fileName"] == "a b.pdf"

    def test_a_link_into_our_own_network_is_refused(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        for link in ("https://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "hello"):
            answer = shop.post("whatsapp/send", {"phone": AMARA, "link": link})
            assert (answer.status_code, answer.json()["code"]) == (422, "link_failed")
        assert not Message.objects.filter(direction="outbound").exists()

    def test_an_earlier_upload(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        answer = shop.post("media", files={"file": ("photo.jpg", samples.picture())})
        assert answer.status_code == 201
        upload = answer.json()
        assert shop.get(f"media/{upload['mediaId']}")["mediaState"] in ("preparing", "ready")
        sent = shop.send({"phone": AMARA, "mediaId": upload["mediaId"]})
        assert sent["fileId"] == upload["fileId"]
        self.assert_it_arrived(sent, shop, phone, "image")
        assert shop.get(f"media/{upload['mediaId']}")["messageId"] == sent["messageId"]
        again = shop.post("whatsapp/send", {"phone": AMARA, "mediaId": upload["mediaId"]})
        assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "mediaId")

    def test_a_voice_note(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        sent = shop.send(data={"phone": AMARA, "voice": "true"}, files={"file": ("a.ogg", samples.sound())})
        self.assert_it_arrived(sent, shop, phone, "audio")

    def test_what_cannot_be_sent_leaves_nothing_behind(self, shop: Shop, phone: Phone) -> None:
        answer = shop.post("whatsapp/send", data={"phone": AMARA}, files={"file": ("a.jpg", samples.picture())})
        assert answer.json()["code"] == "window_closed"
        assert not Upload.objects.exists()
        answer = shop.post("whatsapp/send", data={"phone": AMARA}, files={"file": ("a.jpg", b"")})
        assert answer.status_code == 422
        assert not Upload.objects.exists()

    def test_another_programs_upload_is_not_there(self, shop: Shop, phone: Phone, web_server: WebServer) -> None:
        phone.writes()
        program = Program.objects.create(name="Other", all_numbers=True)
        other = Shop(web_server.url, program)
        body = {"phoneNumberId": phone.number.phone_number_id}
        upload = other.post("media", data=body, files={"file": ("a.pdf", samples.pdf())}).json()
        answer = shop.post("whatsapp/send", {"phone": AMARA, "mediaId": upload["mediaId"]})
        assert answer.status_code == 422
        assert shop.session.get(f"{shop.origin}/api/media/{upload['mediaId']}", timeout=10).status_code == 404


class RepetitionTests:
    def test_the_same_key_and_body_send_once_and_answer_the_same(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        first = shop.post("whatsapp/send", {"phone": AMARA, "content": "Once"}, key="order-1")
        deliver_all()
        second = shop.post("whatsapp/send", {"phone": AMARA, "content": "Once"}, key="order-1")
        assert (first.status_code, second.status_code) == (202, 202)
        assert second.json() == first.json()
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(phone.shows()) == 1

    def test_the_same_form_repeated_sends_once(self, shop: Shop, phone: Phone) -> None:
        """Its boundary is another one each time."""
        phone.writes()
        answers = [
            shop.post("whatsapp/send", key="form", data={"phone": AMARA}, files={"file": ("a.pdf", samples.pdf())})
            for _ in range(2)
        ]
        assert answers[0].json() == answers[1].json()
        assert Message.objects.filter(direction="outbound").count() == 1

    def test_the_same_key_for_another_body_is_refused(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        shop.send({"phone": AMARA, "content": "One"}, key="k")
        answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Two"}, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    def test_a_refusal_is_not_kept(self, shop: Shop, phone: Phone) -> None:
        body = {"phone": AMARA, "content": "Hi"}
        assert shop.post("whatsapp/send", body, key="k").status_code == 409
        phone.writes()
        shop.send(body, key="k")

    def test_two_programs_may_use_the_same_key(self, shop: Shop, phone: Phone, web_server: WebServer) -> None:
        phone.writes()
        other = Shop(web_server.url, Program.objects.create(name="Other", all_numbers=True))
        body = {"phone": AMARA, "content": "Hi", "phoneNumberId": phone.number.phone_number_id}
        assert shop.send(body, key="k")["messageId"] != other.send(body, key="k")["messageId"]

    def test_the_same_request_many_times_at_once_sends_once(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        answers: list[requests.Response] = []
        headers = {**shop.session.headers, "Idempotency-Key": "at-once"}

        def send() -> None:
            body = {"phone": AMARA, "content": "Once"}
            answers.append(requests.post(f"{shop.origin}/api/whatsapp/send", json=body, headers=headers, timeout=20))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["messageId"] for answer in answers}) == 1
        deliver_all()
        assert len(phone.shows()) == 1

    def test_of_two_at_once_with_one_uploaded_file_the_slower_gets_the_same_answer(
        self, shop: Shop, phone: Phone
    ) -> None:
        phone.writes()
        upload = shop.post("media", files={"file": ("a.pdf", samples.pdf())}).json()
        body, quicker = {"phone": AMARA, "mediaId": upload["mediaId"]}, []

        def overtake(execute: Any, sql: str, *rest: Any) -> Any:
            if not quicker and 'FROM "inbox_upload"' in sql:
                quicker.append("")
                quicker[0] = shop.send(body, key="k")["messageId"]
            return execute(sql, *rest)

        slower = Client(headers={**shop.session.headers, "Idempotency-Key": "k"})
        with connection.execute_wrapper(overtake):
            answer = slower.post("/api/whatsapp/send", body, content_type="application/json")
        assert (answer.status_code, answer.json()["messageId"]) == (202, quicker[0])
        assert Message.objects.filter(direction="outbound").count() == 1

    def test_a_crash_between_sending_and_answering_sends_nothing_again(self, shop: Shop, phone: Phone) -> None:
        phone.writes()
        first = shop.send({"phone": AMARA, "content": "Once"}, key="k")
        # The process died before it could keep the answer.
        KeptAnswer.objects.update(status=None, body={})
        answer = shop.post("whatsapp/send", {"phone": AMARA, "content": "Once"}, key="k")
        assert answer.json()["messageId"] == first["messageId"]
        assert Message.objects.filter(direction="outbound").count() == 1

    @pytest.mark.parametrize("key", ["", "x" * 256, "with space", "é"])
    def test_it_refuses_a_strange_key(self, key: str, shop: Shop, phone: Phone) -> None:
        headers = {"Idempotency-Key": key.encode("latin-1")}
        assert shop.post("whatsapp/send", {"phone": AMARA}, headers=headers).status_code in (400, 422)


class ReactionTests:
    def test_it_reacts_and_takes_it_back(self, shop: Shop, phone: Phone) -> None:
        message = phone.writes().messages.get()
        answer = shop.post(f"messages/{message.pk}/reaction", {"emoji": "👍"})
        assert answer.status_code == 202
        assert answer.json()["reactions"][0]["emoji"] == "👍"
        answer = shop.session.delete(f"{shop.origin}/api/messages/{message.pk}/reaction", timeout=10)
        assert answer.json()["reactions"] == []

    def test_it_refuses_what_is_no_emoji(self, shop: Shop, phone: Phone) -> None:
        message = phone.writes().messages.get()
        for body in ({"emoji": "hello"}, {"emoji": ""}, {}, {"emoji": 5}, {"emoji": "👍", "more": 1}):
            assert shop.post(f"messages/{message.pk}/reaction", body).status_code == 422


class ReadTests:
    def test_it_marks_a_conversation_as_read(self, shop: Shop, phone: Phone) -> None:
        conversation = phone.writes()
        assert shop.get(f"conversations/{conversation.pk}")["unreadCount"] == 1
        answer = shop.post(f"conversations/{conversation.pk}/read")
        assert (answer.status_code, answer.json()["unreadCount"]) == (200, 0)
        assert shop.get(f"conversations/{conversation.pk}")["unreadCount"] == 0


def test_the_connection_is_not_left_in_a_transaction(shop: Shop, phone: Phone) -> None:
    shop.post("whatsapp/send", {"phone": AMARA, "content": "Hi"})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] == 0
