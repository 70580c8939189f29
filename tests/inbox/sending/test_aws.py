"""A number at AWS from the customer's phone to the bubble and back, beside one at Meta, through the simulated AWS."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.media import fetch, uploads
from inbox.media.storage import media_storage
from inbox.models import Media, Message, Upload
from inbox.operations.demo import people
from inbox.sending import queue, read_receipts
from inbox.sending.queue import Intent
from simulator.network import world
from simulator.server import Simulator
from tests import samples
from tests.object_storage import ObjectStorage, object_storage
from tests.servers import serve
from tests.simulated import Phone, deliver_all, queue_text
from whatsapp.events import Kind, Status
from whatsapp.models import Notification, PhoneNumber
from whatsapp.providers.aws import client
from whatsapp.providers.base import provider_for

__all__ = ["object_storage"]

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = next(number for number in world.NUMBERS if number.aws_id)


@pytest.fixture(params=["a folder", "S3"])
def storage(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    if request.param == "S3":
        server: ObjectStorage = request.getfixturevalue("object_storage")
        default = {
            "BACKEND": "inbox.media.storage.s3.PrivateS3Storage",
            "OPTIONS": server.options | {"location": f"some/{uuid.uuid4()}"},
        }
    else:
        default = {
            "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files"), "bucket_name": "on-this-machine"},
        }
    settings.STORAGES = settings.STORAGES | {"default": default}
    return str(request.param)


@pytest.fixture
def phone(
    transactional_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, storage: str
) -> Iterator[Phone]:
    """A simulator that publishes as AWS does, and a product that takes it for AWS and for Meta."""
    settings.DEBUG = True
    settings.AWS_SNS_TOPICS = [world.AWS_TOPIC]
    settings.WHATSAPP_AWS_ACCESS_KEY_ID = settings.WHATSAPP_AWS_SECRET_ACCESS_KEY = "simulator"
    monkeypatch.setattr(client, "_clients", {})
    with serve() as server:
        running = Simulator(
            folder=tmp_path / "simulator",
            webhook_url=f"{server.url}/webhooks/meta/",
            app_secret=settings.WHATSAPP_APP_SECRETS[0],
        )
        settings.WHATSAPP_GRAPH_URL = settings.WHATSAPP_SIMULATOR_URL = running.origin
        settings.WHATSAPP_AWS_URL = f"{running.origin}/aws"
        for number in world.NUMBERS:
            PhoneNumber.objects.create(
                phone_number_id=number.phone_number_id,
                waba_id=number.waba_id,
                display_number=number.display,
                name=number.name,
                **people.at_provider(number),
            )
        found = Phone(running)
        found.number = PhoneNumber.objects.get(provider="aws")
        running.start()
        yield found
        running.stop()


def fetched(kind: str, **fields: Any) -> Media:
    row = Media.objects.get(message__kind=kind, **fields)
    fetch.fetch(row.pk)
    row.refresh_from_db()
    return row


class ReceivingTests:
    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_a_message_comes_through_sns(self, phone: Phone) -> None:
        conversation = phone.writes("Through AWS")
        assert conversation.number == phone.number
        assert [(row.provider, row.state) for row in Notification.objects.all()] == [("aws", "processed")]
        assert Message.objects.get().aws_phone_number_id == NUMBER.aws_id

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_numbers_of_both_providers_live_in_one_inbox(self, phone: Phone) -> None:
        phone.writes("Through AWS")
        phone.send("amara", world.NUMBERS[0].phone_number_id, "text", text="Through Meta")
        phone.settle()
        assert {(m.text, m.number.provider) for m in Message.objects.select_related("number")} == {
            ("Through AWS", "aws"),
            ("Through Meta", "meta"),
        }

    @pytest.mark.parametrize("kind", ["image", "voice", "document"])
    def test_a_file_is_found_under_the_name_that_aws_gave_it(self, phone: Phone, kind: str) -> None:
        phone.writes("", kind=kind)
        row = fetched("audio" if kind == "voice" else kind)
        assert (row.state, row.error) == (Media.State.STORED, "")
        assert (row.file.name or "").startswith(f"media/{row.pk}/{row.media_id}.")
        copy = io.BytesIO()
        media_storage().copy_to(row.file.name or "", copy)
        assert samples.sha256(copy.getvalue()) == row.sha256
        assert row.size == len(copy.getvalue())
        assert row.content_type

    def test_a_file_that_is_not_the_announced_one_is_refused_and_not_kept(self, phone: Phone) -> None:
        phone.writes("", kind="image", faults=["media_wrong_hash"])
        row = fetched("image")
        assert (row.state, "not the one" in row.error) == (Media.State.RETRYING, True)
        assert [item.key for item in media_storage().objects(f"media/{row.pk}/")] == []

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    @pytest.mark.parametrize(
        ("column", "wrong", "words"),
        [("aws_phone_number_id", "none", "AWS phone number ID"), ("aws_region", "Frankfurt", "AWS Region")],
    )
    def test_a_number_that_is_not_entered_as_it_has_to_be_loses_no_file(
        self, phone: Phone, column: str, wrong: str, words: str
    ) -> None:
        phone.writes("", kind="image")
        right = getattr(phone.number, column)
        PhoneNumber.objects.filter(pk=phone.number.pk).update(**{column: wrong})
        row = fetched("image")
        assert (row.state, row.attempts, words in row.error) == (Media.State.RETRYING, 0, True)

        PhoneNumber.objects.filter(pk=phone.number.pk).update(**{column: right})
        assert fetch.fetch_waiting(phone.number) == 1
        assert fetched("image").state == Media.State.STORED

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_an_id_that_is_none_is_not_asked_for(self, phone: Phone) -> None:
        phone.writes("", kind="image")
        Media.objects.update(media_id="../42")
        assert fetched("image").state == Media.State.FAILED

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_a_file_that_whatsapp_lost_ends_as_expired(self, phone: Phone) -> None:
        phone.writes("", kind="image", faults=["media_gone"])
        row = fetched("image")
        for _ in range(4):
            Media.objects.filter(pk=row.pk, next_try_at__isnull=False).update(next_try_at=row.created_at)
            fetch.fetch(row.pk)
        row.refresh_from_db()
        assert row.state == Media.State.EXPIRED

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_without_a_bucket_it_waits_and_says_why(self, phone: Phone, settings: Any, tmp_path: Path) -> None:
        default = {
            "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "x")},
        }
        settings.STORAGES = settings.STORAGES | {"default": default}
        phone.writes("", kind="image")
        row = fetched("image")
        assert row.state == Media.State.RETRYING
        assert "S3_BUCKET" in row.error


class SendingTests:
    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_a_send_has_a_uuid_and_learns_its_wamid_from_a_status(self, phone: Phone) -> None:
        message = queue_text(phone.writes())
        deliver_all()
        message.refresh_from_db()
        assert str(uuid.UUID(message.provider_message_id)) == message.provider_message_id
        phone.settle()
        message.refresh_from_db()
        (shown,) = phone.shows()
        assert message.wamid == shown["wamid"] != message.provider_message_id
        assert message.status in (Status.SENT, Status.DELIVERED)
        assert message.accepted_at is not None

    def test_a_file_is_given_from_the_bucket(self, phone: Phone) -> None:
        conversation = phone.writes()
        upload = uploads.receive(
            io.BytesIO(samples.picture()), file_name="box.jpg", number=phone.number, kind=Kind.IMAGE
        )
        uploads.prepare(upload.pk)
        intent = Intent(kind=Kind.IMAGE, text="Here", upload=Upload.objects.get(pk=upload.pk))
        message = queue.queue(conversation, intent, client_token=uuid.uuid4())
        deliver_all()
        message.refresh_from_db()
        assert (message.status, message.error) == (Status.SENT, "")
        assert phone.shows()[0]["kind"] == "image"
        assert Media.objects.get(message=message).media_id

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_a_closed_window_comes_back_as_a_failed_status(self, phone: Phone) -> None:
        conversation = phone.writes()
        phone.faults(window_closed_at=2_000_000_000)
        message = queue_text(conversation)
        deliver_all()
        phone.settle()
        message.refresh_from_db()
        assert (message.status, message.error_code) == (Status.FAILED, 131047)

    @pytest.mark.parametrize("storage", ["a folder"], indirect=True)
    def test_a_read_mark_reaches_the_phone(self, phone: Phone) -> None:
        conversation = phone.writes()
        read_receipts.report_read(conversation.pk)
        (written,) = [one for one in phone.messages(person="amara", number=NUMBER.phone_number_id) if one["mine"]]
        assert written["status"] == "read"


@pytest.mark.parametrize("storage", ["a folder"], indirect=True)
class AccountTests:
    def test_the_number_and_where_its_events_go_are_told(self, phone: Phone) -> None:
        provider = provider_for(phone.number)
        assert provider.number_info().verified_name == NUMBER.name
        assert provider.subscribed_apps() == [world.AWS_TOPIC]

    def test_templates_come_with_their_content(self, phone: Phone) -> None:
        at_aws = list(provider_for(phone.number).templates())
        at_meta = list(provider_for(PhoneNumber.objects.filter(provider="meta")[0]).templates())
        assert {(each.name, each.language) for each in at_aws} == {(each.name, each.language) for each in at_meta}
        assert all(each.components for each in at_aws)
