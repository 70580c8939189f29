"""The composer's form: what Send makes of it, what is refused, drafts, with and without scripts."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from inbox.changes import pages as page_changes
from inbox.media import uploads
from inbox.models import Agent, Conversation, Draft, Media, Message, OutboxEntry, Upload
from inbox.web.views import compose
from tests import samples
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import MessageTemplate, PhoneNumber

pytestmark = pytest.mark.django_db

SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return open_window(conversation(number))


@pytest.fixture
def signed_in(client: Client, alice: Agent) -> Client:
    client.force_login(alice)
    return client


def open_window(row: Conversation, hours: float = 20) -> Conversation:
    row.window_closes_at = timezone.now() + timedelta(hours=hours)
    row.save()
    return row


def send(client: Client, row: Conversation, *, script: bool = True, **form: object) -> HttpResponse:
    form.setdefault("token", str(uuid.uuid4()))
    query = urlencode({"since": page_changes.current_cursor(), "open": row.pk})
    answer: HttpResponse = client.post(f"/conversations/{row.pk}/send/?{query}", form, headers=SCRIPT if script else {})
    return answer


def texts(row: Conversation) -> list[str]:
    return list(row.messages.filter(direction="outbound").in_order().values_list("text", flat=True))


def picture(name: str = "bike.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, samples.picture("PNG"), "image/png")


def ready(client: Client, row: Conversation, name: str = "bike.png", **form: object) -> Upload:
    """An upload as the worker leaves it."""
    client.post(f"/conversations/{row.pk}/uploads/", {"file": picture(name)} | form, headers=SCRIPT)
    upload = Upload.objects.latest("created_at")
    uploads.prepare(upload.pk)
    upload.refresh_from_db()
    return upload


class SendTests:
    @pytest.mark.django_db(transaction=True)
    def test_it_makes_a_message_that_waits_to_leave(self, signed_in: Client, alice: Agent, amara: Conversation) -> None:
        answer = send(signed_in, amara, text="Hello\r\n*there*\r\n", preview_url="on")
        assert answer.status_code == 200
        made = Message.objects.get(direction="outbound")
        assert (made.text, made.status, made.agent, made.payload) == (
            "Hello\n*there*",
            "queued",
            alice,
            {"preview_url": True},
        )
        assert OutboxEntry.objects.filter(message=made).exists()
        html = answer.content.decode()
        assert f'id="message-{made.pk}"' in html
        assert "data-changes" in html

    def test_it_leads_back_to_the_thread_without_scripts(self, signed_in: Client, amara: Conversation) -> None:
        answer = send(signed_in, amara, script=False, text="Hello")
        assert answer.status_code == 302
        assert "Hello" in signed_in.get(answer["Location"]).content.decode()  # type: ignore[index]

    def test_the_same_form_twice_is_one_message(self, signed_in: Client, amara: Conversation) -> None:
        token = str(uuid.uuid4())
        for _ in range(2):
            assert send(signed_in, amara, text="Once", token=token).status_code == 200
        assert texts(amara) == ["Once"]

    def test_other_words_under_the_same_token_are_another_message(self, signed_in: Client, amara: Conversation) -> None:
        token = str(uuid.uuid4())
        send(signed_in, amara, text="One", token=token)
        send(signed_in, amara, text="Two", token=token)
        assert texts(amara) == ["One", "Two"]

    @pytest.mark.django_db(transaction=True)
    def test_the_bubble_carries_the_token_that_the_browser_knows(self, signed_in: Client, amara: Conversation) -> None:
        token, upload = str(uuid.uuid4()), ready(signed_in, amara)
        card = signed_in.get(f"/uploads/{upload.pk}/", headers=SCRIPT).content.decode()
        assert f'data-token="{token}"' in send(signed_in, amara, text="Hello", token=token).content.decode()
        html = send(signed_in, amara, upload=str(upload.pk)).content.decode()
        named = re.search(r'data-token="([^"]+)"', card)
        assert named
        assert named[0] in html

    def test_a_token_of_another_conversation_swallows_nothing(
        self, signed_in: Client, amara: Conversation, number: PhoneNumber
    ) -> None:
        token, bea = str(uuid.uuid4()), open_window(conversation(number, "Bea", phone="+351911111111"))
        for row in (amara, bea):
            send(signed_in, row, text="Hello", token=token)
        assert texts(amara) == texts(bea) == ["Hello"]

    def test_two_windows_with_the_same_draft_send_it_once(self, signed_in: Client, amara: Conversation) -> None:
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "From two windows"})
        pages = [signed_in.get(f"/conversations/{amara.pk}/").content.decode() for _ in range(2)]
        tokens = [re.search(r'name="token" value="([^"]+)"', page)[1] for page in pages]  # type: ignore[index]
        for token in tokens:
            send(signed_in, amara, text="From two windows", token=token)
        assert texts(amara) == ["From two windows"]
        send(signed_in, amara, text="From two windows")
        assert texts(amara) == ["From two windows"] * 2

    def test_it_answers_a_message(self, signed_in: Client, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        send(signed_in, amara, text="It is.", quoted=asked.pk)
        assert Message.objects.get(text="It is.").quoted == asked

    @pytest.mark.parametrize("kind", ["call", "system"])
    def test_it_quotes_no_call_and_no_line(self, signed_in: Client, amara: Conversation, kind: str) -> None:
        line = message(amara, kind=kind)
        send(signed_in, amara, text="Hello", quoted=line.pk)
        assert Message.objects.get(text="Hello").quoted is None

    def test_it_quotes_nothing_of_another_conversation(
        self, signed_in: Client, amara: Conversation, number: PhoneNumber
    ) -> None:
        elsewhere = message(conversation(number, "Bea", phone="+351911111111"), "Secret")
        send(signed_in, amara, text="Hello", quoted=elsewhere.pk)
        assert Message.objects.get(text="Hello").quoted is None

    def test_a_closed_window_is_said_and_nothing_is_lost(self, signed_in: Client, amara: Conversation) -> None:
        open_window(amara, hours=-1)
        answer = send(signed_in, amara, text="Too late")
        assert answer.status_code == 422
        assert answer["Reason"] == "window_closed"
        assert "window is closed" in answer.content.decode()
        assert texts(amara) == []

    def test_what_is_refused_is_still_in_the_field_without_scripts(
        self, signed_in: Client, amara: Conversation
    ) -> None:
        answer = send(signed_in, amara, script=False, text="x" * 5000)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "x" * 5000 in html
        assert "4,096" in re.search(r"data-problem-words>([^<]+)", html)[1]  # type: ignore[index]

    def test_nothing_is_no_message(self, signed_in: Client, amara: Conversation) -> None:
        assert send(signed_in, amara, text=" \r\n ").status_code == 422

    def test_a_nul_is_no_fault(self, signed_in: Client, amara: Conversation) -> None:
        send(signed_in, amara, text="a\x00b")
        assert texts(amara) == ["ab"]

    def test_another_numbers_conversation_does_not_exist(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        for path in ("send", "draft", "typing", "uploads", "location", "contact", "interactive"):
            assert client.post(f"/conversations/{amara.pk}/{path}/", {"text": "x"}).status_code == 404
        for path in ("compose", "templates", "location"):
            assert client.get(f"/conversations/{amara.pk}/{path}/").status_code == 404


class FileTests:
    @pytest.mark.parametrize("kind", ["image", "document"])
    def test_text_beside_a_file_is_its_caption(self, signed_in: Client, amara: Conversation, kind: str) -> None:
        upload = ready(signed_in, amara, kind=kind)
        asked = message(amara, "What does it look like?")
        assert send(signed_in, amara, text="Like this", upload=str(upload.pk), quoted=asked.pk).status_code == 200
        made = amara.messages.get(direction="outbound")
        assert (made.kind, made.text, made.quoted) == (kind, "Like this", asked)

    def test_text_beside_several_files_is_the_caption_of_the_first(
        self, signed_in: Client, amara: Conversation
    ) -> None:
        one, two = ready(signed_in, amara, "one.png"), ready(signed_in, amara, "two.png")
        form = {"text": "Both", "upload": [str(one.pk), str(two.pk)], f"caption-{two.pk}": "The second"}
        assert send(signed_in, amara, **form).status_code == 200
        assert texts(amara) == ["Both", "The second"]
        assert set(Media.objects.values_list("pk", flat=True)) == {one.pk, two.pk}

    def test_text_is_a_message_of_its_own_where_it_can_be_no_caption(
        self, signed_in: Client, amara: Conversation
    ) -> None:
        sticker = ready(signed_in, amara, kind="sticker")
        assert send(signed_in, amara, text="Ha", upload=str(sticker.pk)).status_code == 200
        photo = ready(signed_in, amara)
        assert send(signed_in, amara, text="x" * 1025, upload=str(photo.pk)).status_code == 200
        own = ready(signed_in, amara)
        form = {"text": "Look", "upload": str(own.pk), f"caption-{own.pk}": "Its own"}
        assert send(signed_in, amara, **form).status_code == 200
        assert texts(amara) == ["Ha", "", "x" * 1025, "", "Look", "Its own"]

    def test_the_same_press_twice_keeps_its_caption(self, signed_in: Client, amara: Conversation) -> None:
        upload, token = ready(signed_in, amara), str(uuid.uuid4())
        for _ in range(2):
            assert send(signed_in, amara, text="Once", upload=str(upload.pk), token=token).status_code == 200
        assert texts(amara) == ["Once"]

    def test_the_same_files_twice_are_sent_once(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        for _ in range(2):
            assert send(signed_in, amara, text="", upload=str(upload.pk)).status_code == 200
        assert amara.messages.filter(kind="image").count() == 1

    def test_none_of_many_files_stays_behind(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        ids = [upload.pk]
        for _ in range(compose.FILES + 1):
            upload.pk = uuid.uuid4()
            upload.save(force_insert=True)
            ids.append(upload.pk)
        assert send(signed_in, amara, upload=[str(each) for each in ids]).status_code == 200
        assert amara.messages.filter(kind="image").count() == len(ids)

    def test_a_plain_form_says_how_many_files_it_takes(self, signed_in: Client, amara: Conversation) -> None:
        files = [SimpleUploadedFile(f"{n}.txt", b"words", "text/plain") for n in range(compose.FILES + 1)]
        answer = send(signed_in, amara, script=False, files=files)
        assert answer.status_code == 422
        assert f"Send at most {compose.FILES} files at once." in answer.content.decode()
        assert not amara.messages.exists()

    def test_one_file_that_is_gone_holds_everything_back(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        answer = send(signed_in, amara, text="Both", upload=[str(upload.pk), str(uuid.uuid4())])
        assert answer.status_code == 422
        assert texts(amara) == []
        assert Upload.objects.filter(pk=upload.pk).exists()

    def test_a_plain_form_brings_its_files_along(self, signed_in: Client, amara: Conversation) -> None:
        answer = send(signed_in, amara, script=False, text="Look", files=[picture("a.png"), picture("b.png")])
        assert answer.status_code == 302
        assert list(amara.messages.in_order().values_list("kind", "text")) == [("image", "Look"), ("image", "")]

    def test_a_colleagues_file_cannot_be_sent(
        self, signed_in: Client, client: Client, bob: Agent, amara: Conversation
    ) -> None:
        upload = ready(signed_in, amara)
        client.force_login(bob)
        assert send(client, amara, upload=str(upload.pk)).status_code == 422


class DraftTests:
    def test_it_is_restored(self, signed_in: Client, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        form = {"text": "Half a <sentence", "quoted": asked.pk, "token": str(uuid.uuid4())}
        signed_in.post(f"/conversations/{amara.pk}/draft/", form)
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Half a &lt;sentence</textarea>" in html
        assert f'name="quoted" value="{asked.pk}"' in html
        assert f'name="token" value="{form["token"]}"' in html

    def test_it_is_each_agents_own(self, signed_in: Client, client: Client, bob: Agent, amara: Conversation) -> None:
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "Only mine"})
        client.force_login(bob)
        assert "Only mine" not in client.get(f"/conversations/{amara.pk}/").content.decode()

    def test_it_is_gone_once_sent_and_once_emptied(self, signed_in: Client, amara: Conversation) -> None:
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "Hello"})
        send(signed_in, amara, text="Hello")
        assert not Draft.objects.exists()
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "Again"})
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": ""})
        assert not Draft.objects.exists()

    def test_what_was_written_since_stays_when_the_same_press_comes_again(
        self, signed_in: Client, amara: Conversation
    ) -> None:
        first = str(uuid.uuid4())
        send(signed_in, amara, text="Hello", token=first)
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "And more", "token": str(uuid.uuid4())})
        send(signed_in, amara, text="Hello", token=first)
        assert texts(amara) == ["Hello"]
        assert Draft.objects.get().text == "And more"

    def test_captions_and_files_are_kept_with_it(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        signed_in.post(f"/conversations/{amara.pk}/draft/", {"text": "", f"caption-{upload.pk}": "Petrol"})
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert 'value="Petrol"' in html
        assert f'data-card="{upload.pk}"' in html

    def test_a_file_that_another_window_added_stays(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        send(signed_in, amara, text="Without it")
        assert list(Draft.objects.get().uploads.all()) == [upload]


class TypingTests:
    def test_it_is_told_once_while_it_waits_to_be_told(self, signed_in: Client, amara: Conversation) -> None:
        for _ in range(2):
            assert signed_in.post(f"/conversations/{amara.pk}/typing/").status_code == 204
        assert ProcrastinateJob.objects.filter(task_name="report_typing").count() == 1

    def test_a_number_without_read_receipts_tells_nothing(
        self, signed_in: Client, amara: Conversation, number: PhoneNumber
    ) -> None:
        PhoneNumber.objects.filter(pk=number.pk).update(read_receipts=False)
        signed_in.post(f"/conversations/{amara.pk}/typing/")
        assert not ProcrastinateJob.objects.filter(task_name="report_typing").exists()


class FaceTests:
    def test_a_closed_window_offers_templates(self, signed_in: Client, amara: Conversation) -> None:
        open_window(amara, hours=-1)
        body = {"type": "BODY", "text": "Your bike is ready."}
        MessageTemplate.objects.create(
            waba_id="100000000000001", name="ready", language="en", status="APPROVED", components=[body]
        )
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Your bike is ready." in html
        assert "<textarea" not in html

    def test_a_paused_number_says_so(self, signed_in: Client, amara: Conversation, number: PhoneNumber) -> None:
        PhoneNumber.objects.filter(pk=number.pk).update(state="paused")
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Nothing can be sent from" in html
        assert "<textarea" not in html

    def test_the_composer_comes_alone(self, signed_in: Client, amara: Conversation) -> None:
        asked = message(amara, "Is it in stock?")
        html = signed_in.get(f"/conversations/{amara.pk}/compose/?reply={asked.pk}", headers=SCRIPT).content.decode()
        assert html.lstrip().startswith("<section")
        assert f'name="quoted" value="{asked.pk}"' in html
