"""Files on their way into a message, over HTTP: received, looked at, changed, removed, and nobody else's."""

from __future__ import annotations

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inbox import drafts
from inbox.media import uploads
from inbox.models import Agent, Conversation, Upload
from tests import samples
from tests.inbox.web.views.test_compose import SCRIPT, amara, ready, signed_in

__all__ = ["amara", "signed_in"]

pytestmark = pytest.mark.django_db


class UploadTests:
    def test_it_is_received_and_prepared(self, signed_in: Client, amara: Conversation) -> None:
        file = SimpleUploadedFile("<b>.png", samples.picture("PNG"), "image/png")
        answer = signed_in.post(f"/conversations/{amara.pk}/uploads/", {"file": file}, headers=SCRIPT)
        html = answer.content.decode()
        assert 'data-state="preparing"' in html
        assert "&lt;b&gt;.png" in html
        upload = Upload.objects.get()
        assert upload.kind == "image"
        assert upload.draft is not None
        assert upload.draft.conversation == amara

    def test_its_card_says_when_it_is_ready(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        html = signed_in.get(f"/uploads/{upload.pk}/", headers=SCRIPT).content.decode()
        assert 'data-state="ready"' in html
        assert f'src="/uploads/{upload.pk}/file/"' in html
        assert signed_in.get(f"/uploads/{upload.pk}/file/").status_code == 302

    def test_it_says_why_it_cannot_be_sent_and_offers_the_way_out(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        Upload.objects.filter(pk=upload.pk).update(state="refused", error="A photo may have 5 MB.", as_document=True)
        html = signed_in.get(f"/uploads/{upload.pk}/", headers=SCRIPT).content.decode()
        assert "A photo may have 5 MB." in html
        assert "Send as a document" in html
        html = signed_in.post(f"/uploads/{upload.pk}/document/", headers=SCRIPT).content.decode()
        assert "Send as a document" not in html
        upload.refresh_from_db()
        assert upload.kind == "document"

    @pytest.mark.parametrize(
        ("name", "content", "kind", "offered"),
        [
            ("broken.jpg", samples.picture()[:300], "image", False),  # damaged in whatever form
            ("noise.mp3", b"ID3" + b"\xff" * 4000, "audio", False),
            ("moves-not.webp", samples.picture("WEBP"), "video", True),
            ("scan.tiff", samples.picture("TIFF"), "video", False),  # no document of WhatsApp's
            ("bell.wav", samples.sound("wav", "pcm_s16le"), "image", False),
            ("bell.mp3", samples.sound("mp3", "libmp3lame"), "image", True),
        ],
    )
    def test_it_is_offered_as_a_document_only_where_whatsapp_takes_it(
        self, signed_in: Client, amara: Conversation, name: str, content: bytes, kind: str, offered: bool
    ) -> None:
        file = SimpleUploadedFile(name, content)
        signed_in.post(f"/conversations/{amara.pk}/uploads/", {"file": file, "kind": kind}, headers=SCRIPT)
        upload = Upload.objects.get()
        uploads.prepare(upload.pk)

        html = signed_in.get(f"/uploads/{upload.pk}/", headers=SCRIPT).content.decode()

        assert 'data-state="refused"' in html
        assert ("Send as a document" in html) is offered
        assert ("document" in html.partition("data-facts")[2].partition("</span>")[0]) is offered

    def test_it_is_removed_once_or_twice(self, signed_in: Client, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        for _ in range(2):
            assert signed_in.post(f"/uploads/{upload.pk}/discard/", headers=SCRIPT).status_code == 204
        assert not Upload.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_a_draft_that_was_sent_while_the_file_was_on_its_way_is_begun_anew(
        self, alice: Agent, amara: Conversation
    ) -> None:
        draft = drafts.opened(amara, alice)

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                drafts.sent(amara, alice, uuid.uuid4(), "")
                return super().read(size)

        file = Slow(samples.picture())
        upload = uploads.receive(file, number=amara.number, file_name="a.jpg", agent=alice, draft=draft)
        assert Upload.objects.get().draft == upload.draft == drafts.of(amara, alice) != draft

    def test_an_empty_file_is_refused_with_a_sentence(self, signed_in: Client, amara: Conversation) -> None:
        file = SimpleUploadedFile("nothing.png", b"", "image/png")
        answer = signed_in.post(f"/conversations/{amara.pk}/uploads/", {"file": file}, headers=SCRIPT)
        assert answer.status_code == 422
        assert answer.content.decode().endswith(".")
        assert not Upload.objects.exists()

    def test_it_is_nobody_elses(self, signed_in: Client, client: Client, bob: Agent, amara: Conversation) -> None:
        upload = ready(signed_in, amara)
        client.force_login(bob)
        assert client.get(f"/uploads/{upload.pk}/").status_code == 404
        assert client.get(f"/uploads/{upload.pk}/file/").status_code == 404
        assert client.post(f"/uploads/{upload.pk}/document/").status_code == 404
        client.post(f"/uploads/{upload.pk}/discard/")
        assert Upload.objects.filter(pk=upload.pk).exists()
        assert client.get(f"/uploads/{uuid.uuid4()}/").status_code == 404
