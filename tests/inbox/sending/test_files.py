"""The chain that the replaced system broke: in storage, registered with WhatsApp, sent, kept with both ids, shown."""

from __future__ import annotations

import io
import uuid
import zipfile

import pytest
from django.utils import timezone

from core.sandbox import child_process
from inbox.media import uploads
from inbox.media.storage import media_storage
from inbox.models import Media, OutboxEntry, Upload
from inbox.sending import outbox, queue
from inbox.sending.queue import Intent
from tests import samples
from tests.simulated import Phone, deliver_all, due_now, queue_text
from whatsapp.events import Kind


def receive(phone: Phone, content: bytes, name: str, **options: object) -> Upload:
    upload = uploads.receive(io.BytesIO(content), number=phone.number, file_name=name, **options)  # type: ignore[arg-type]
    uploads.prepare(upload.pk)
    upload.refresh_from_db()
    return upload


def keys() -> set[str | None]:
    return {item.key for item in media_storage().objects()}


def send(phone: Phone, upload: Upload, text: str = "") -> Media:
    conversation = phone.writes()
    intent = Intent(kind=Kind(upload.kind), text=text, upload=upload)
    message = queue.queue(conversation, intent, client_token=uuid.uuid4())
    deliver_all()
    message.refresh_from_db()
    assert message.status == "sent", message.error
    return Media.objects.get(message=message)


class SentFileTests:
    @pytest.mark.parametrize(
        ("content", "name", "kind"),
        [
            (samples.picture(), "shop.jpg", "image"),
            (samples.pdf(), "Invoice 117.pdf", "document"),
            (samples.sound("mp3", "libmp3lame"), "jingle.mp3", "audio"),
            (samples.video(), "ride.mp4", "video"),
        ],
        ids=["image", "document", "audio", "video"],
    )
    def test_each_kind_is_stored_registered_sent_and_kept_with_both_ids(
        self, phone: Phone, content: bytes, name: str, kind: str
    ) -> None:
        upload = receive(phone, content, name)
        assert (upload.state, upload.kind) == ("ready", kind)

        media = send(phone, upload)

        assert media.state == "stored"
        assert media.media_id
        assert media.registered_at is not None
        assert media.file.name == upload.file.name
        assert media.content_type == upload.content_type
        (shown,) = phone.shows()
        held = phone.simulator.exchange.store.media(shown["media_id"])
        assert held is not None
        with media.file.open("rb") as file:
            assert phone.simulator.exchange.store.media_path(held).read_bytes() == file.read()
        assert media.sha256 == held.sha256
        assert not Upload.objects.exists()

    @pytest.mark.parametrize(
        ("content", "name", "options", "uploaded", "type_sent"),
        [
            (samples.sound("webm", "libopus"), "voice.webm", {"voice": True}, "voice.ogg", "audio/ogg"),
            (samples.picture("TIFF"), "photo.tiff", {}, "photo.jpg", "image/jpeg"),
            (samples.picture("WEBP"), "", {}, "file.jpg", "image/jpeg"),
            (samples.video(), "film.mov", {}, "film.mp4", "video/mp4"),
            (samples.sound("wav", "pcm_s16le"), "bell.wav", {}, "bell.m4a", "audio/mp4"),
            (samples.picture(), "photo.bin", {"kind": Kind.DOCUMENT}, "photo.jpg", "image/jpeg"),
            (b"name;price\nChain;12", "prices.csv", {}, "prices.txt", "text/plain"),
        ],
        ids=["voice", "tiff", "nameless", "film", "sound", "document", "table"],
    )
    def test_a_file_is_uploaded_under_a_name_and_type_that_agree(
        self, phone: Phone, content: bytes, name: str, options: dict[str, object], uploaded: str, type_sent: str
    ) -> None:
        send(phone, receive(phone, content, name, **options))
        phone.settle()

        (shown,) = phone.shows()
        held = phone.simulator.exchange.store.media(shown["media_id"])
        assert held is not None
        assert (held.file_name, held.mime_type) == (uploaded, type_sent)
        assert shown["status"] == "delivered"

    def test_the_customer_sees_a_document_under_a_name_that_opens(self, phone: Phone) -> None:
        for name in ("prices.csv", "notes", "offer.txt"):
            send(phone, receive(phone, b"name;price", name))
        send(phone, receive(phone, samples.pdf(), "Offer No. 7"))

        names = [shown["leaf"]["document"]["filename"] for shown in phone.shows()]
        assert names == ["prices.csv", "notes.txt", "offer.txt", "Offer No. 7.pdf"]

    def test_a_converted_file_is_called_what_it_has_become(self, phone: Phone) -> None:
        media = send(phone, receive(phone, samples.picture("WEBP"), "roof.webp"))

        assert media.file_name == "roof.jpg"
        assert (media.file.name or "").endswith(".jpg")

    def test_a_picture_loses_where_it_was_taken(self, phone: Phone) -> None:
        media = send(phone, receive(phone, samples.photo_from_a_phone(), "IMG_1.jpg"), "Look!")

        with media.file.open("rb") as file:
            assert b"Exif" not in file.read()
        assert phone.shows()[0]["leaf"]["image"]["caption"] == "Look!"

    def test_a_recording_of_the_browser_becomes_a_voice_message(self, phone: Phone) -> None:
        upload = receive(phone, samples.sound("webm", "libopus"), "voice.webm", voice=True)
        assert upload.content_type == "audio/ogg"

        media = send(phone, upload)

        assert media.voice
        assert phone.shows()[0]["leaf"]["audio"]["voice"] is True

    def test_a_file_sent_before_it_was_prepared_is_prepared_first(self, phone: Phone) -> None:
        content = samples.picture("WEBP")
        upload = uploads.receive(io.BytesIO(content), number=phone.number, file_name="a.webp")
        assert upload.state == "preparing"

        media = send(phone, upload)

        assert (media.state, media.content_type) == ("stored", "image/jpeg")
        assert not Upload.objects.exists()

    def test_one_that_turns_out_not_to_be_sendable_fails_with_its_sentence(self, phone: Phone) -> None:
        conversation = phone.writes()
        broken = samples.picture()[:200]
        upload = uploads.receive(io.BytesIO(broken), number=phone.number, file_name="broken.jpg")
        message = queue.queue(conversation, Intent(kind=Kind.IMAGE, upload=upload), client_token=uuid.uuid4())

        deliver_all()

        message.refresh_from_db()
        assert message.status == "failed"
        assert message.error
        assert message.media.state == "failed"
        assert phone.shows() == []

    def test_the_file_is_not_uploaded_twice_when_the_send_is_tried_again(self, phone: Phone) -> None:
        conversation = phone.writes()
        upload = receive(phone, samples.picture(), "a.jpg")
        queue.queue(conversation, Intent(kind=Kind.IMAGE, upload=upload), client_token=uuid.uuid4())
        phone.faults(refuse=131056)
        deliver_all()
        first = Media.objects.get(pk=upload.pk).media_id
        assert first

        phone.faults(refuse=0)
        due_now()
        deliver_all()

        assert phone.shows()[0]["media_id"] == first

    def test_a_file_is_sent_once(self, phone: Phone) -> None:
        upload = receive(phone, samples.picture(), "a.jpg")
        send(phone, upload)

        with pytest.raises(uploads.FileRefusedError, match="sent or removed"):
            queue.queue(phone.writes(), Intent(kind=Kind.IMAGE, upload=upload), client_token=uuid.uuid4())


class ResendTests:
    def test_a_failed_file_is_sent_again_from_the_same_object(self, phone: Phone) -> None:
        conversation = phone.writes()
        upload = receive(phone, samples.picture(), "a.jpg")
        message = queue.queue(conversation, Intent(kind=Kind.IMAGE, upload=upload), client_token=uuid.uuid4())
        phone.faults(refuse=131026)
        deliver_all()
        phone.settle()
        message.refresh_from_db()
        assert message.status == "failed"
        phone.faults(refuse=0)

        again = queue.resend(message)
        assert queue.resend(message).pk == again.pk
        deliver_all()

        again.refresh_from_db()
        message.refresh_from_db()
        assert again.status == "sent"
        assert message.resent_at is not None
        assert again.media.file.name == message.media.file.name
        assert again.media.pk != message.media.pk

    def test_a_sent_message_is_not_sent_again(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        deliver_all()
        message.refresh_from_db()

        with pytest.raises(queue.NotSendableError, match="Only a message that failed"):
            queue.resend(message)

    def test_one_that_has_not_left_can_be_taken_back(self, phone: Phone) -> None:
        message = queue_text(phone.writes())

        assert queue.cancel(message)
        deliver_all()

        message.refresh_from_db()
        assert message.status == "failed"
        assert phone.shows() == []
        assert not queue.cancel(message)


class UploadTests:
    @pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
    def test_a_text_in_an_older_encoding_is_sent_as_it_is(self, phone: Phone, encoding: str) -> None:
        content = "peça;preço\nCorreia;12 €\n".encode(encoding)

        media = send(phone, receive(phone, content, "peças.csv"))

        (shown,) = phone.shows()
        held = phone.simulator.exchange.store.media(shown["media_id"])
        assert held is not None
        assert (media.content_type, held.mime_type) == ("text/plain", "text/plain")
        assert phone.simulator.exchange.store.media_path(held).read_bytes() == content
        assert shown["leaf"]["document"]["filename"] == "peças.csv"

    def test_a_document_with_a_password_is_sent_as_what_its_name_says(self, phone: Phone) -> None:
        send(phone, receive(phone, samples.protected(), "salaries.xlsx"))

        held = phone.simulator.exchange.store.media(phone.shows()[0]["media_id"])
        assert held is not None
        assert (held.file_name, held.mime_type.rpartition(".")[2]) == ("salaries.xlsx", "sheet")

    def test_an_office_file_is_told_although_its_list_of_parts_is_far_from_both_ends(self, phone: Phone) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("media/photo.jpg", bytes(100_000))
            archive.writestr("word/document.xml", "<w/>")
            archive.writestr("media/notes.bin", bytes(100_000))

        media = send(phone, receive(phone, file.getvalue(), "Offer.docx"))

        assert media.extension == ".docx"
        assert phone.shows()[0]["leaf"]["document"]["filename"] == "Offer.docx"

    def test_an_empty_file_is_a_sentence(self, phone: Phone) -> None:
        with pytest.raises(uploads.FileRefusedError, match="empty"):
            uploads.receive(io.BytesIO(b""), number=phone.number, file_name="a.txt")

    def test_a_type_that_whatsapp_does_not_take_is_refused_with_a_sentence(self, phone: Phone) -> None:
        upload = receive(phone, samples.archive(**{"a.txt": b"a"}), "a.zip")

        assert upload.state == "refused"
        assert upload.error

    def test_a_moving_gif_goes_as_a_film_and_a_still_one_as_a_picture(self, phone: Phone) -> None:
        moving = receive(phone, samples.animation(), "party.gif")
        still = receive(phone, samples.picture("GIF"), "logo.gif")

        assert (moving.state, moving.kind, moving.content_type) == ("ready", "video", "video/mp4")
        assert (still.state, still.kind, still.content_type) == ("ready", "image", "image/jpeg")

    def test_a_still_gif_sent_at_once_arrives_as_a_picture(self, phone: Phone) -> None:
        upload = uploads.receive(io.BytesIO(samples.picture("GIF")), number=phone.number, file_name="logo.gif")
        assert upload.kind == "video"

        media = send(phone, upload)

        assert media.message.kind == "image"
        assert phone.shows()[0]["kind"] == "image"

    def test_it_can_go_as_a_document_instead(self, phone: Phone) -> None:
        upload = receive(phone, samples.photo_from_a_phone(), "a.jpg")
        uploads.change_kind(upload, Kind.DOCUMENT)
        uploads.prepare(upload.pk)
        upload.refresh_from_db()
        assert upload.state == "ready"

        media = send(phone, upload)

        with media.file.open("rb") as file:
            assert file.read() == samples.photo_from_a_phone()
        assert phone.shows()[0]["leaf"]["document"]["filename"] == "a.jpg"

    def test_a_long_conversion_keeps_the_message_from_other_workers(
        self, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each would convert it as well, and the slower they all were, the more would come."""
        monkeypatch.setattr(child_process, "WAIT_SECONDS", 0.01)
        upload = uploads.receive(io.BytesIO(samples.picture("WEBP")), number=phone.number, file_name="a.webp")
        queue.queue(phone.writes(), Intent(kind=Kind.IMAGE, upload=upload), client_token=uuid.uuid4())
        lease = outbox.claim()
        assert lease is not None
        until: set[object] = set()

        def renew() -> None:
            lease.renew()
            until.add(OutboxEntry.objects.get().leased_until)

        uploads.prepare(upload.pk, on_progress=renew)
        assert len(until) > 2  # not only before and after

    def test_one_that_is_lost_before_it_is_prepared_says_so(self, phone: Phone) -> None:
        upload = uploads.receive(io.BytesIO(samples.picture()), number=phone.number, file_name="a.jpg")
        media_storage().discard(upload.original.name or "")
        uploads.prepare(upload.pk)
        upload.refresh_from_db()
        assert (upload.state, upload.error) == ("refused", "The file was lost. Attach it again.")

    def test_a_slow_conversion_does_not_replace_what_was_sent_meanwhile(self, phone: Phone) -> None:
        original, before = samples.photo_from_a_phone(), keys()
        upload = uploads.receive(io.BytesIO(original), number=phone.number, file_name="a.jpg")
        steps: list[Media | None] = []

        def meanwhile() -> None:
            steps.append(None)
            if len(steps) == 2:  # converted, not stored yet
                document = uploads.change_kind(upload, Kind.DOCUMENT)
                uploads.prepare(document.pk)
                document.refresh_from_db()
                steps[1] = send(phone, document)

        uploads.prepare(upload.pk, on_progress=meanwhile)

        sent = steps[1]
        assert sent is not None
        with sent.file.open("rb") as file:
            assert file.read() == original
        assert keys() - before == {sent.file.name}

    def test_what_was_sent_from_another_window_can_no_longer_be_removed_or_changed(self, phone: Phone) -> None:
        upload = uploads.receive(io.BytesIO(samples.picture()), number=phone.number, file_name="a.jpg")
        intent = Intent(kind=Kind.IMAGE, upload=upload)
        message = queue.queue(phone.writes(), intent, client_token=uuid.uuid4())
        uploads.discard(upload)
        assert uploads.change_kind(upload, Kind.DOCUMENT).kind == "image"

        deliver_all()

        message.refresh_from_db()
        assert (message.status, phone.shows()[0]["kind"]) == ("sent", "image")

    def test_what_nobody_sends_is_forgotten_with_its_object(self, phone: Phone) -> None:
        upload = receive(phone, samples.picture(), "a.jpg")
        storage = upload.file.storage
        Upload.objects.update(created_at=timezone.now() - uploads.FORGET_AFTER)

        assert uploads.forget() == 1

        assert not storage.exists(upload.file.name)
        assert not storage.exists(upload.original.name)
