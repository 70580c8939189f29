"""What compose writes and the provider sends is taken by the simulator, which refuses what Meta refuses."""

from __future__ import annotations

import io
from contextlib import nullcontext
from typing import Any

import pytest
from PIL import Image

from simulator.network import world
from tests.simulator.conftest import NUMBER, Api
from whatsapp import compose, message_templates
from whatsapp.compose import Outgoing
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import Provider, StoredFile, provider_for

PHONE = "+351915550123"
PLACE = {"latitude": 38.71, "longitude": -9.14, "name": "Workshop", "address": "Rua do Alecrim 40"}
CARD = {
    "name": "Amara Okafor",
    "organization": "Okafor Lda",
    "phones": [{"number": "+351 915 550 123", "wa_id": "351915550123", "label": "Mobile"}],
    "emails": [{"value": "amara@example.com", "label": ""}],
    "urls": [{"value": "https://example.com", "label": "Home"}],
    "addresses": [{"value": "Rua 1, Lisboa", "label": ""}],
    "birthday": "1990-12-31",
}
BUTTONS = {"type": "buttons", "buttons": [{"id": "1", "title": "Yes"}, {"id": "2", "title": "No"}], "footer": "Norte"}
SECTIONS = [
    {"title": "Cargo", "rows": [{"id": "1", "title": "Norte 1", "description": "For two"}]},
    {"title": "City", "rows": [{"id": "2", "title": "Norte 2"}]},
]
MESSAGES: dict[str, dict[str, Any]] = {
    "text": {"kind": Kind.TEXT, "text": "Olá *Amara* 🚲 " + "x" * 4000, "payload": {"preview_url": True}},
    "to a user id": {"kind": Kind.TEXT, "text": "Olá", "to": "", "user_id": world.PEOPLE[0].user_id},
    "location": {"kind": Kind.LOCATION, "payload": PLACE},
    "contacts": {"kind": Kind.CONTACTS, "payload": {"contacts": [CARD]}},
    "buttons": {"kind": Kind.INTERACTIVE, "payload": BUTTONS | {"header": {"type": "text", "text": "Order 7"}}},
    "list": {"kind": Kind.INTERACTIVE, "payload": {"type": "list", "button": "Bikes", "sections": SECTIONS}},
    "link": {
        "kind": Kind.INTERACTIVE,
        "payload": {"type": "link", "display_text": "Open", "url": "https://norte.example/"},
    },
    "location request": {"kind": Kind.INTERACTIVE, "payload": {"type": "location_request"}},
    "contact request": {"kind": Kind.INTERACTIVE, "payload": {"type": "contact_request"}},
    "flow": {"kind": Kind.INTERACTIVE, "payload": {"type": "flow", "flow": {"id": "1", "cta": "Book", "screen": "S"}}},
}


def picture(kind: str, side: int = 64) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(file, kind)
    return file.getvalue()


@pytest.fixture
def provider(api: Api, settings: Any) -> Provider:
    settings.WHATSAPP_GRAPH_URL = api.origin
    api.write(text="Hello?")
    return provider_for(
        PhoneNumber(phone_number_id=NUMBER.phone_number_id, waba_id=world.WABA_ID, access_token=world.ACCESS_TOKEN)
    )


def upload(provider: Provider, content: bytes, mime_type: str, name: str) -> str:
    file = io.BytesIO(content)
    return provider.upload_media(StoredFile(mime_type, name, lambda: nullcontext((file, len(content)))))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_of_every_kind_is_taken(provider: Provider, api: Api, name: str) -> None:
    outgoing = Outgoing(**({"to": PHONE, "text": "Which one?", "callback_data": "7"} | MESSAGES[name]))
    accepted = provider.send(compose.message(outgoing))
    messages = api.messages(person="amara", number=NUMBER.phone_number_id)
    assert accepted.wamid in [message["wamid"] for message in messages]


@pytest.mark.parametrize(
    ("kind", "content", "mime_type", "name"),
    [
        (Kind.IMAGE, picture("JPEG"), "image/jpeg", "föto.jpg"),
        (Kind.STICKER, picture("WEBP", 512), "image/webp", "s.webp"),
        (Kind.DOCUMENT, b"%PDF-1.7 x", "application/pdf", "fatura nº 7.pdf"),
        (Kind.DOCUMENT, b"a;b\n1;2\n", "text/plain", "prices.csv"),
    ],
)
def test_a_file_is_uploaded_and_taken(
    provider: Provider, kind: Kind, content: bytes, mime_type: str, name: str
) -> None:
    media_id = upload(provider, content, mime_type, name)
    assert provider.send(compose.message(Outgoing(kind=kind, to=PHONE, media_id=media_id, file_name=name))).wamid


def test_a_header_shows_an_uploaded_file(provider: Provider) -> None:
    media_id = upload(provider, picture("PNG"), "image/png", "a.png")
    payload = BUTTONS | {"header": {"type": "image"}}
    outgoing = Outgoing(kind=Kind.INTERACTIVE, to=PHONE, text="This one?", payload=payload, media_id=media_id)
    assert provider.send(compose.message(outgoing)).wamid


def test_every_approved_message_template_that_can_be_sent_is_taken(provider: Provider) -> None:
    files = {
        "image": upload(provider, picture("JPEG"), "image/jpeg", "a.jpg"),
        "document": upload(provider, b"%PDF-1.7 x", "application/pdf", "a.pdf"),
        "video": upload(provider, b"\0\0\0\x18ftypmp42" + bytes(100), "video/mp4", "a.mp4"),
    }
    sent = []
    for template in provider.templates():
        form = message_templates.parse(template.components, template.parameter_format)
        if template.status != "APPROVED" or form.refusal:
            continue
        examples = {place: {} for place in ("header", "body", "button")}
        for field in form.fields:
            examples[field.place][field.name] = field.example or "123456"
        values: dict[str, Any] = {"body": examples["body"], "buttons": examples["button"]}
        values["header"] = PLACE if form.header == "LOCATION" else examples["header"]
        payload = {
            "name": template.name,
            "language": template.language,
            "category": template.category,
            "parameter_format": template.parameter_format,
            "components": template.components,
            "values": values,
        }
        outgoing = Outgoing(
            kind=Kind.TEMPLATE, to=PHONE, payload=payload, media_id=files.get(form.media_kind, ""), file_name="a.pdf"
        )
        assert provider.send(compose.message(outgoing)).wamid
        sent.append(template.name)
    assert len(sent) > 5


def test_a_reaction_a_read_mark_and_typing_are_taken(provider: Provider, api: Api) -> None:
    wamid = api.write(text="Is it ready?")
    who = {"to": PHONE, "user_id": "", "group_id": ""}
    for emoji in ("👍🏽", ""):
        assert provider.send(compose.reaction(**who, target_wamid=wamid, emoji=emoji)).wamid
    provider.mark_read(wamid)
    provider.mark_read(wamid, typing=True)
