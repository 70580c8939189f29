"""Message templates over HTTP: found, filled in with a preview, checked at their fields, sent once, drawn for ever."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from inbox.models import Contact, Conversation, Message, Upload
from simulator.network.message_templates import TEMPLATES
from tests.inbox.web.views.test_compose import SCRIPT, amara, open_window, picture, signed_in
from whatsapp.models import MessageTemplate, PhoneNumber

__all__ = ["amara", "signed_in"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(number: PhoneNumber) -> dict[str, MessageTemplate]:
    """What the simulated account lists, by name (the first language)."""
    rows = {}
    for one in TEMPLATES:
        row = MessageTemplate.objects.create(
            waba_id=number.waba_id,
            **{name: one[name] for name in ("name", "language", "category", "status", "components")},
            parameter_format=one.get("parameter_format", "POSITIONAL"),
        )
        rows.setdefault(row.name, row)
    return rows


def address(amara: Conversation, template: MessageTemplate) -> str:
    return f"/conversations/{amara.pk}/templates/{template.pk}/"


class PickerTests:
    def test_it_narrows_by_words_language_and_category(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        def names(query: str) -> str:
            return signed_in.get(f"/conversations/{amara.pk}/templates/?list&{query}").content.decode()

        assert "hello_world" in names("q=Norte Bicycles")
        assert "hello_world" not in names("q=shipped")
        assert "hello_world" not in names("language=pt_PT")
        assert "hello_world" not in names("category=MARKETING")
        assert "No templates match" in names("q=nothing like it")

    def test_it_says_what_cannot_be_sent_and_why(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        html = signed_in.get(f"/conversations/{amara.pk}/templates/").content.decode()
        assert "Message templates with a carousel can’t be sent from here." in html

    def test_templates_of_another_account_are_not_there(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        MessageTemplate.objects.update(waba_id="100000000000009")
        assert signed_in.get(address(amara, known["hello_world"])).status_code == 404

    def test_what_was_sent_lately_comes_first_also_under_a_closed_window(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        open_window(amara, hours=-1)
        pages = (f"/conversations/{amara.pk}/templates/", f"/conversations/{amara.pk}/compose/")
        assert not any(first_choice(signed_in, page) == "hello_world" for page in pages)
        signed_in.post(address(amara, known["hello_world"]), {"token": str(uuid.uuid4())})
        assert all(first_choice(signed_in, page) == "hello_world" for page in pages)


def first_choice(client: Client, page: str) -> str:
    html = client.get(page, headers=SCRIPT).content.decode()
    return re.findall(r'template-choice__name"><bdi>([^<]+)', html)[0]


class TemplateTests:
    def test_each_place_is_labelled_by_the_sentence_around_it(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        row = known["hello_world"]
        row.components = [{"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready. Come by until {{3}}!"}]
        row.save()
        html = signed_in.get(address(amara, row), headers=SCRIPT).content.decode()
        labels = re.findall(r'<label[^>]*for="value-[^>]*>([^<]+)', html)
        assert labels == [
            "Hello ___, your … is ready.",
            "Hello …, your ___ is ready.",
            "Come by until ___!",
        ]

    def test_the_customers_name_is_offered_for_the_first_place(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        def offers() -> list[tuple[str, str]]:
            html = signed_in.get(address(amara, known["appointment_reminder"]), headers=SCRIPT).content.decode()
            return re.findall(r'data-offer="([^"]+)"[^>]*><bdi>([^<]+)', html)

        place = "value-body.first_name"
        assert offers() == [(place, "Amara"), (place, "Amara Okafor")]
        for name in ("", "42", "+351 911"):
            Contact.objects.filter(pk=amara.contact_id).update(profile_name=name)
            assert offers() == []

    def test_it_goes_into_a_closed_window_and_is_drawn_as_it_looks(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        open_window(amara, hours=-1)
        template = known["appointment_reminder"]
        form = {"value-body.first_name": "Amara", "value-body.day": "Friday", "value-body.time": "<b>10:00"}
        answer = signed_in.post(address(amara, template), form | {"token": str(uuid.uuid4())})
        assert answer.status_code == 302, answer.content.decode()
        made = Message.objects.get()
        assert made.kind == "template"
        assert made.payload["name"] == "appointment_reminder"
        assert "Hi Amara, we look at your bike on Friday at <b>10:00" in made.text
        template.delete()
        html = signed_in.get(f"/conversations/{amara.pk}/").content.decode()
        assert "Hi Amara, we look at your bike on Friday at &lt;b&gt;10:00" in html

    def test_what_is_missing_is_said_at_its_field(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        form = {"value-body.first_name": "Amara", "value-body.day": "a\nb"}
        answer = signed_in.post(address(amara, known["appointment_reminder"]), form, headers=SCRIPT)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "Fill this in." in html
        assert "accept line breaks" in html
        assert 'value="Amara"' in html
        assert not Message.objects.exists()

    def test_the_preview_follows_the_values(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        html = signed_in.post(
            f"{address(amara, known['appointment_reminder'])}preview/", {"value-body.first_name": "{{day}}"}
        ).content.decode()
        assert "Hi {{day}}, we look at your bike on {{day}} at" in html

    def test_a_file_for_the_header_comes_with_a_plain_form(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        template = known["order_shipped"]
        values = {f"value-body.{index}": "x" for index in range(1, 5)}
        assert "Choose the" in signed_in.post(address(amara, template), values).content.decode()
        form = values | {"file": picture(), "token": str(uuid.uuid4())}
        answer = signed_in.post(address(amara, template), form)
        assert answer.status_code == 302, answer.content.decode()
        assert Message.objects.get().media.pk == Upload.objects.get().pk

    def test_the_same_form_twice_is_one_message_with_its_file(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        upload_form = {"file": picture(), "kind": "image", "header": "1"}
        signed_in.post(f"/conversations/{amara.pk}/uploads/", upload_form, headers=SCRIPT)
        form = {f"value-body.{index}": "x" for index in range(1, 5)}
        form |= {"upload": str(Upload.objects.get().pk), "token": str(uuid.uuid4())}
        for _ in range(2):
            answer = signed_in.post(address(amara, known["order_shipped"]), form)
            assert answer.status_code == 302, answer.content.decode()
        assert Message.objects.count() == 1

    def test_one_that_cannot_be_sent_is_looked_at_only(
        self, signed_in: Client, amara: Conversation, known: dict[str, MessageTemplate]
    ) -> None:
        template = known["new_bikes"]
        html = signed_in.get(address(amara, template)).content.decode()
        assert "carousel__card" in html
        assert "disabled" in html
        form = {"value-body.1": "x", "token": str(uuid.uuid4())}
        assert signed_in.post(address(amara, template), form).status_code == 422
        assert not Message.objects.exists()
