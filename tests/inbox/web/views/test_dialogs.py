"""Places, contact cards and messages with buttons: made by a form, checked, previewed, and drawn as they look."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inbox.models import Agent, Conversation, Message, Upload
from tests import samples
from tests.inbox.web.views.test_compose import SCRIPT, amara, picture, signed_in

__all__ = ["amara", "signed_in"]

pytestmark = pytest.mark.django_db

TOKEN = "5d0c3c52-0000-4000-8000-000000000001"


def post(client: Client, amara: Conversation, what: str, **form: object) -> Message | str:
    """The message that the form became, or the page that says why it did not."""
    form.setdefault("token", str(uuid.uuid4()))
    answer = client.post(f"/conversations/{amara.pk}/{what}/", form)
    if answer.status_code == 302:
        return Message.objects.latest("pk")
    assert answer.status_code == 422
    return answer.content.decode()


class LocationTests:
    def test_it_is_sent(self, signed_in: Client, amara: Conversation) -> None:
        form = {"latitude": "38.7167", "longitude": "-9.1333", "name": "Workshop", "address": ""}
        made = post(signed_in, amara, "location", **form)
        assert isinstance(made, Message)
        assert made.payload == {"latitude": 38.7167, "longitude": -9.1333, "name": "Workshop"}

    def test_a_place_that_is_none_is_said_at_its_field(self, signed_in: Client, amara: Conversation) -> None:
        html = post(signed_in, amara, "location", latitude="91", longitude="nan", name="<i>Here")
        assert isinstance(html, str)
        assert html.count('aria-invalid="true"') == 2
        assert "&lt;i&gt;Here" in html


class ContactTests:
    def test_several_phones_go_with_their_ids(self, signed_in: Client, amara: Conversation) -> None:
        phones = {"phone_1": "+351 912 345 678", "phone_2": "21 555 0100", "phone_3": "1520"}
        made = post(signed_in, amara, "contact", name="Bo Lind", **phones)
        assert isinstance(made, Message)
        [card] = made.payload["contacts"]
        assert card["name"] == "Bo Lind"
        # Whole; with our own country; a short number that nobody dials from abroad.
        assert [phone.get("wa_id") for phone in card["phones"]] == ["351912345678", "351215550100", None]

    def test_a_phone_that_can_be_one_of_two_is_asked_about(self, signed_in: Client, amara: Conversation) -> None:
        amara.number.display_number = "+1 415 555 2671"
        amara.number.save()
        html = post(signed_in, amara, "contact", name="Bo Lind", phone_1="5165024110")
        assert isinstance(html, str)
        assert "“5165024110” can be +15165024110 or +5165024110." in html
        assert isinstance(post(signed_in, amara, "contact", name="Bo Lind", phone_1="+51 65024110"), Message)

    def test_it_needs_a_name_and_a_phone(self, signed_in: Client, amara: Conversation) -> None:
        html = post(signed_in, amara, "contact", name="", phone_1="")
        assert isinstance(html, str)
        assert html.count('aria-invalid="true"') == 2


class InteractiveTests:
    def test_reply_buttons_are_sent_and_drawn(self, signed_in: Client, amara: Conversation) -> None:
        form = {"type": "buttons", "text": "When?", "header": "Delivery", "button_1": "9 to 12", "button_2": "<b>Later"}
        made = post(signed_in, amara, "interactive", **form)
        assert isinstance(made, Message)
        assert [button["title"] for button in made.payload["buttons"]] == ["9 to 12", "<b>Later"]
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert '<p class="template__title" dir="auto">Delivery</p>' in html
        assert "&lt;b&gt;Later" in html

    def test_a_list_without_rows_asks_for_one(self, signed_in: Client, amara: Conversation) -> None:
        html = post(signed_in, amara, "interactive", type="list", text="Choose", button="Bikes")
        assert isinstance(html, str)
        assert "Add at least one row." in html

    def test_buttons_without_any_ask_for_one(self, signed_in: Client, amara: Conversation) -> None:
        html = post(signed_in, amara, "interactive", type="buttons", text="When?")
        assert isinstance(html, str)
        assert "Add at least one button." in html

    def test_the_preview_of_a_list_shows_its_rows(self, signed_in: Client, amara: Conversation) -> None:
        form = {"type": "list", "text": "Choose", "button": "Bikes", "row_1": "Two wheels"}
        answer = signed_in.post(f"/conversations/{amara.pk}/interactive/preview/", form)
        html = answer.content.decode()
        assert '<details class="message__rows" open>' in html
        assert "Two wheels" in html

    def test_rows_of_a_list_go_under_their_sections(self, signed_in: Client, amara: Conversation) -> None:
        form = {
            "type": "list",
            "text": "Choose",
            "button": "Bikes",
            "section_1": "Cargo",
            "row_1": "Two",
            "row_2": "Four",
        }
        made = post(signed_in, amara, "interactive", **form, section_3="City", row_3="One", description_3="Light")
        assert isinstance(made, Message)
        assert [(part["title"], len(part["rows"])) for part in made.payload["sections"]] == [("Cargo", 2), ("City", 1)]

    @pytest.mark.parametrize(
        ("kind", "form"),
        [
            ("link", {"display_text": "Track it", "url": "https://norte.example/t/1"}),
            ("location_request", {}),
            ("contact_request", {}),
            ("flow", {"flow_id": "123456", "flow_cta": "Open the form"}),
        ],
    )
    def test_every_other_type_is_sent(
        self, signed_in: Client, amara: Conversation, kind: str, form: dict[str, str]
    ) -> None:
        made = post(signed_in, amara, "interactive", type=kind, text="Please", **form)
        assert isinstance(made, Message), made
        assert made.payload["type"] == kind
        assert "message__button" in signed_in.get(f"/conversations/{amara.pk}/").content.decode()

    def test_a_photo_stands_in_the_header(self, signed_in: Client, amara: Conversation) -> None:
        header = {"file": picture(), "header": "1"}
        signed_in.post(f"/conversations/{amara.pk}/uploads/", header, headers=SCRIPT)
        upload = Upload.objects.get()
        form = {"type": "buttons", "text": "This one?", "button_1": "Yes", "upload": str(upload.pk)}
        preview = signed_in.post(f"/conversations/{amara.pk}/interactive/preview/", form).content.decode()
        assert "template__header--image" in preview
        for _ in range(2):
            made = post(signed_in, amara, "interactive", **form, token=TOKEN)
            assert isinstance(made, Message)
        assert made.payload["header"] == {"type": "image"}
        assert made.media.pk == upload.pk
        assert amara.messages.count() == 1

    def test_a_sound_cannot_stand_in_the_header(self, signed_in: Client, amara: Conversation) -> None:
        file = SimpleUploadedFile("tone.ogg", samples.sound(), "audio/ogg")
        html = post(signed_in, amara, "interactive", type="buttons", text="Hear", button_1="Yes", file=file)
        assert isinstance(html, str)
        assert "Choose a photo, a video or a document for the header." in html

    def test_what_whatsapp_would_refuse_is_a_sentence(self, signed_in: Client, amara: Conversation) -> None:
        html = post(signed_in, amara, "interactive", type="buttons", text="When?", button_1="x" * 27)
        assert isinstance(html, str)
        assert "use at most 20 characters" in html
        html = post(
            signed_in, amara, "interactive", type="link", text="Go", display_text="Go", url="javascript:alert(1)"
        )
        assert isinstance(html, str)
        assert 'href="javascript' not in html
        assert not amara.messages.exists()

    def test_the_preview_draws_what_is_there_so_far(self, signed_in: Client, amara: Conversation) -> None:
        form = {"type": "buttons", "text": "When *may* we come?", "button_1": "9 to 12"}
        address = f"/conversations/{amara.pk}/interactive/preview/"
        html = signed_in.post(address, form, headers=SCRIPT).content.decode()
        assert "When <strong>may</strong> we come?" in html
        assert "9 to 12" in html
        assert "The text of the message" in signed_in.post(address, {"type": "nonsense"}).content.decode()

    def test_the_same_form_twice_is_one_message(self, signed_in: Client, amara: Conversation) -> None:
        form = {"type": "location_request", "text": "Where are you?", "token": str(uuid.uuid4())}
        for _ in range(2):
            post(signed_in, amara, "interactive", **form)
        assert amara.messages.count() == 1


def test_every_dialog_is_a_page_without_scripts(signed_in: Client, alice: Agent, amara: Conversation) -> None:
    for what in ("location", "contact", "interactive", "templates"):
        html = signed_in.get(f"/conversations/{amara.pk}/{what}/").content.decode()
        assert "<html" in html
        assert f'href="/conversations/{amara.pk}/"' in html
        assert "<html" not in signed_in.get(f"/conversations/{amara.pk}/{what}/", headers=SCRIPT).content.decode()
