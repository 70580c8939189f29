"""A WhatsApp client that nobody here wrote takes the simulator for Meta."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pywa import WhatsApp, handlers
from pywa import types as pywa_types
from pywa.errors import WhatsAppError
from pywa.types import templates

from simulator.control import everything
from simulator.network import message_templates, world
from simulator.samples import catalog
from simulator.server import Simulator
from tests.simulator.conftest import AMARA, NUMBER, Api, Endpoint

AMARA_ID = "PT.71204458190233751"


class SendingTests:
    def test_it_sends_a_text_and_learns_that_it_was_delivered(self, client: WhatsApp, chat: Endpoint) -> None:
        sent = client.send_message(to=AMARA, text="Good morning", tracker="row-7")

        assert sent.id.startswith("wamid.")
        assert sent.input == AMARA
        chat.wait(lambda: len(chat.statuses()) == 2)
        assert [(status["id"], status["status"]) for status in chat.statuses()] == [
            (sent.id, "sent"),
            (sent.id, "delivered"),
        ]
        assert {status["biz_opaque_callback_data"] for status in chat.statuses()} == {"row-7"}

    def test_it_sends_to_a_user_id(self, client: WhatsApp, chat: Endpoint) -> None:
        sent = client.send_message(to=AMARA_ID, text="Good morning")

        assert sent.input == AMARA_ID
        chat.wait(lambda: "delivered" in [status["status"] for status in chat.statuses()])

    @pytest.mark.parametrize("kind", ["image", "video", "voice", "audio", "document", "sticker"])
    def test_it_uploads_and_sends_a_file(self, client: WhatsApp, api: Api, chat: Endpoint, kind: str) -> None:
        sample = catalog.make(kind)
        send = getattr(client, f"send_{kind}")
        more = {"filename": sample.file_name} if kind == "document" else {}

        # pywa would call a voice note "audio.mp3", which WhatsApp takes for the type that the name says.
        content = sample.content
        if kind == "voice":
            content = client.upload_media(content, mime_type=sample.mime_type, filename=sample.file_name)

        sent = send(AMARA, content, mime_type=sample.mime_type, **more)

        chat.wait(lambda: "delivered" in [status["status"] for status in chat.statuses()])
        shown = next(message for message in api.messages() if message["wamid"] == sent.id)
        assert shown["kind"] == ("audio" if kind == "voice" else kind)
        assert shown["leaf"]["type"] == shown["kind"]
        assert client.get_media_bytes(url=client.get_media_url(shown["media_id"]).url) == sample.content

    def test_it_sends_what_has_no_file(self, client: WhatsApp, api: Api, chat: Endpoint) -> None:
        first = client.send_message(to=AMARA, text="Which day?", buttons=[
            pywa_types.Button("Friday", callback_data="fri"), pywa_types.Button("Monday", callback_data="mon")
        ])  # fmt: skip
        client.send_message(
            to=AMARA,
            text="Or by list",
            buttons=pywa_types.SectionList(
                button_title="Days",
                sections=[
                    pywa_types.Section("Week", rows=[pywa_types.SectionRow("Monday", callback_data="mon")]),
                ],
            ),
        )
        client.send_location(AMARA, latitude=38.71, longitude=-9.14, name="Workshop", address="Rua do Alecrim 40")
        client.send_contact(
            AMARA,
            pywa_types.Contact(
                name=pywa_types.Contact.Name(formatted_name="Norte"),
                phones=[pywa_types.Contact.Phone(phone="+351215550100")],
            ),
        )
        client.request_location(AMARA, text="Where are you?")
        client.send_reaction(AMARA, emoji="👍", message_id=first.id)

        kinds = [message["kind"] for message in api.messages() if not message["mine"]]
        assert kinds == ["interactive", "interactive", "location", "contacts", "interactive", "reaction"]

    def test_it_sends_a_template(self, client: WhatsApp, chat: Endpoint) -> None:
        photo = client.upload_media(catalog.make("image").content, mime_type="image/jpeg", filename="box.jpg")

        sent = client.send_template(
            AMARA,
            name="order_shipped",
            language=templates.TemplateLanguage.ENGLISH_US,
            params=[
                templates.HeaderImage.params(image=photo.id),
                templates.BodyText.params("Amara", "Norte Cargo 2", "Friday", "Rua do Alecrim 12"),
                templates.QuickReplyButton.params(callback_data="same", index=0),
            ],
        )

        assert sent.id.startswith("wamid.")
        chat.wait(lambda: "delivered" in [status["status"] for status in chat.statuses()])
        assert chat.statuses()[0]["pricing"]["category"] == "utility"

    def test_it_reads_metas_errors(self, client: WhatsApp, chat: Endpoint) -> None:
        with pytest.raises(WhatsAppError) as caught:
            client.send_template(AMARA, name="no_such", language=templates.TemplateLanguage.ENGLISH_US, params=[])
        assert caught.value.code == 132001

        with pytest.raises(WhatsAppError) as caught:
            client.send_image(AMARA, "1234567890123456")
        assert caught.value.code == 100

    def test_it_marks_as_read_and_types(self, client: WhatsApp, api: Api, endpoint: Endpoint) -> None:
        wamid = api.write(text="Anybody there?")

        assert client.mark_message_as_read(wamid).success
        assert client.indicate_typing(wamid).success
        assert api.messages()[0]["status"] == "read"


class FileTests:
    def test_it_downloads_what_a_customer_sent(
        self, client: WhatsApp, api: Api, endpoint: Endpoint, tmp_path: Path
    ) -> None:
        api.write(kind="image", text="The box", sample="photo-box")
        endpoint.wait(endpoint.messages)
        received: list[pywa_types.Message] = []
        client.add_handlers(handlers.MessageHandler(lambda _, message: received.append(message)))

        _take(client, endpoint)

        image = received[0].image
        assert received[0].caption == "The box"
        path = client.download_media(url=image.get_media_url(), path=tmp_path, filename="box.jpg")
        assert path.read_bytes() == catalog.make("photo-box").content

    def test_it_looks_up_and_deletes(self, client: WhatsApp) -> None:
        media = client.upload_media(catalog.make("invoice").content, mime_type="application/pdf", filename="a.pdf")

        found = client.get_media_url(media.id)
        assert (found.mime_type, found.file_size) == ("application/pdf", len(catalog.make("invoice").content))
        assert client.delete_media(media.id).success
        with pytest.raises(WhatsAppError) as caught:
            client.get_media_url(media.id)
        assert caught.value.code == 100


class AccountTests:
    def test_it_reads_the_numbers(self, client: WhatsApp) -> None:
        assert [number.id for number in client.get_business_phone_numbers()] == [
            number.phone_number_id for number in world.NUMBERS if not number.aws_id
        ]
        assert client.get_business_phone_number().display_phone_number == NUMBER.display

    def test_it_pages_through_the_templates(self, client: WhatsApp) -> None:
        page = client.get_templates(pagination=pywa_types.Pagination(limit=3))
        names = [template.name for template in page]
        while page.has_next:
            page = client.get_templates(pagination=pywa_types.Pagination(limit=3, after=page.after))
            names += [template.name for template in page]

        assert names == [template["name"] for template in message_templates.TEMPLATES]
        assert page.total_count == len(message_templates.TEMPLATES)
        back = client.get_templates(pagination=pywa_types.Pagination(limit=3, before=page.before))
        last = (len(names) - 1) // 3 * 3
        assert [template.name for template in back] == names[last - 3 : last]

    def test_it_reads_and_changes_the_profile(self, client: WhatsApp) -> None:
        assert client.update_business_profile(about="Closed on Sundays").success

        assert client.get_business_profile().about == "Closed on Sundays"


def _take(client: WhatsApp, endpoint: Endpoint) -> None:
    """Feed pywa what was posted, its signature check on."""
    for post in list(endpoint.posts):
        assert client.webhook_update_validator(post.body, post.headers["X-Hub-Signature-256"]) is None
        client.webhook_update_handler(post.body)


class WebhookTests:
    def test_it_understands_every_kind_of_message(
        self, client: WhatsApp, simulator: Simulator, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        for person in simulator.exchange.store.people()[:2]:
            everything.send(simulator.exchange, person, NUMBER)
        count = 2 * (len(everything.drafts()) + 6)
        endpoint.wait(lambda: len(endpoint.posts) == count, seconds=30)
        understood: list[object] = []
        for handler in (
            handlers.MessageHandler,
            handlers.CallbackButtonHandler,
            handlers.FlowCompletionHandler,
            handlers.EditedMessageHandler,
            handlers.DeletedMessageHandler,
        ):
            client.add_handlers(handler(lambda _, update: understood.append(update)))

        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="pywa"):
            _take(client, endpoint)

        assert [record.getMessage() for record in caplog.records if record.name.startswith("pywa")] == []
        assert len(understood) == count
        found = {update.type for update in understood if isinstance(update, pywa_types.Message)}
        words = "text image video audio document sticker location contacts order unsupported reaction"
        assert set(words.split()) <= {str(word) for word in found}

    def test_it_understands_statuses_calls_echoes_and_new_numbers(
        self, client: WhatsApp, api: Api, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.write(text="Hello")
        client.send_message(to=AMARA, text="Good morning")
        api.write(kind="call")
        api.write(text="From the phone in the shop", echo=True)
        api.write(kind="system")
        endpoint.wait(lambda: len(endpoint.posts) == 7)
        understood: list[object] = []
        for handler in (
            handlers.MessageStatusHandler,
            handlers.CallConnectHandler,
            handlers.CallTerminateHandler,
            handlers.OutgoingMessageHandler,
            handlers.PhoneNumberChangeHandler,
        ):
            client.add_handlers(handler(lambda _, update: understood.append(update)))

        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="pywa"):
            _take(client, endpoint)

        assert [record.getMessage() for record in caplog.records if record.name.startswith("pywa")] == []
        assert sorted(type(update).__name__ for update in understood) == [
            "CallConnect",
            "CallTerminate",
            "MessageStatus",
            "MessageStatus",
            "OutgoingMessage",
            "PhoneNumberChange",
        ]

    def test_it_refuses_a_body_that_was_changed(self, client: WhatsApp, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Pay 10")
        endpoint.wait(endpoint.messages)
        post = endpoint.posts[0]

        changed = post.body.replace(b"Pay 10", b"Pay 99")

        assert client.webhook_update_validator(changed, post.headers["X-Hub-Signature-256"]) == ("Forbidden", 403)
