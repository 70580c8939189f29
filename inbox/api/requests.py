"""The fields of requests that send: `POST /api/whatsapp/send`, uploads and reactions, as JSON or as a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from inbox.api.request_bodies import MAX_BASE64, MAX_BASE64_FILE
from whatsapp import phone_numbers

Word = Annotated[str, Field(max_length=512)]
Long = Annotated[str, Field(max_length=4096)]


def _as_text(value: Any) -> Any:
    """Ids are accepted as text and as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_phone(value: Any) -> Any:
    """A phone as written. Its country may depend on the number it is sent from, which is not known here."""
    if value in (None, ""):
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > phone_numbers.MAX_LENGTH:
        raise ValueError(phone_numbers.HOW)
    return text


Id = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{1,18}$")]
Phone = Annotated[
    str,
    BeforeValidator(_as_phone, json_schema_input_type=str),
    Field(
        description="As E.164: `+351912345678`. Without the plus, a complete international number is taken as it is, "
        "and a national number gets the country of our number; an ambiguous number is refused."
    ),
]


class _Strict(BaseModel):
    """Unknown fields are refused, so that misspelt ones are noticed."""

    model_config = ConfigDict(extra="forbid")


class Location(_Strict):
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)
    name: Word = ""
    address: Word = ""


class CardPhone(_Strict):
    number: Word
    wa_id: Word = ""
    label: Word = ""


class CardLine(_Strict):
    value: Word
    label: Word = ""


class Card(_Strict):
    name: Word
    organization: Word = ""
    phones: list[CardPhone] = Field([], max_length=20)
    emails: list[CardLine] = Field([], max_length=20)
    urls: list[CardLine] = Field([], max_length=20)
    addresses: list[CardLine] = Field([], max_length=20)
    birthday: str = Field("", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="YYYY-MM-DD")


class Button(_Strict):
    id: Word
    title: Word


class Row(_Strict):
    id: Word
    title: Word
    description: Word = ""


class Section(_Strict):
    title: Word = ""
    rows: list[Row] = Field(max_length=10)


class Header(_Strict):
    type: Literal["text", "image", "video", "document"] = Field(description="For a file: the message's file.")
    text: Word = ""


class Flow(_Strict):
    id: Word = ""
    name: Word = ""
    cta: Word = ""
    token: Word = ""
    action: Literal["navigate", "data_exchange"] = "navigate"
    screen: Word = ""
    data: dict[str, Any] = {}
    mode: Literal["published", "draft"] = "published"


class Interactive(_Strict):
    """Buttons, a list, a link or a question; the body is `content`."""

    type: Literal["buttons", "list", "link", "location_request", "contact_request", "flow"]
    header: Header | None = None
    footer: Word = ""
    buttons: list[Button] = Field([], max_length=10)
    button: Word = ""
    sections: list[Section] = Field([], max_length=10)
    display_text: Word = ""
    url: str = Field("", max_length=2000)
    flow: Flow | None = None


Values = list[Long] | dict[Word, Long]


class TemplateValues(_Strict):
    """Values of the placeholders: a list for {{1}}, {{2}}…, an object for {{first_name}}."""

    header: Values | Location = Field([], description="A location where the header is one.")
    body: Values = []
    buttons: dict[Word, Long] = Field({}, description="By the button's position, from 0.")


class Template(_Strict):
    """An approved message template of the number's account. A file for its header is the message's file."""

    name: Word = Field(min_length=1)
    language: str = Field(min_length=2, max_length=16, description="As WhatsApp writes it: `en_US`, `pt_PT`.")
    values: TemplateValues = Field(default_factory=lambda: TemplateValues.model_validate({}))


class SendRequest(_Strict):
    """One message to one person, named by `phone`, `contactId` or `conversationId`. Its content decides its kind.

    A file comes as one of `link`, `mediaFile`, `mediaId`, or as the field `file` of a form.
    """

    phone: Phone | None = Field(None, description="An unknown number creates a contact and a conversation.")
    contactId: Id | None = None
    conversationId: Id | None = None
    numberId: Id | None = Field(None, description="The number to send from. Optional for tokens with one number.")
    phoneNumberId: Word | None = Field(None, description="The same by Meta's id.")
    awsPhoneNumberId: Word | None = Field(None, description="The same by AWS's id.")

    content: str = Field("", max_length=65_536, description="The text, the caption, or the body of `interactive`.")
    kind: (
        Literal[
            "text", "image", "video", "audio", "document", "sticker", "location", "contacts", "interactive", "template"
        ]
        | None
    ) = Field(
        None, description="What to send it as. Optional: by default, the fields and the bytes of the file decide."
    )
    previewUrl: bool = Field(False, description="Show a preview of the first link in the text.")
    voice: bool = Field(False, description="Send an audio file as a voice note.")
    link: str | None = Field(None, max_length=2000, description="https address of a file, which is downloaded at once.")
    mediaFile: str | None = Field(
        None,
        max_length=MAX_BASE64,
        description=f"The file as base64, {MAX_BASE64_FILE // 2**20} MB at most; larger ones come as a form.",
    )
    mediaType: str | None = Field(
        None,
        max_length=255,
        description="Its type, such as `image/jpeg`, or a kind. Used where the bytes alone do not decide.",
    )
    mediaId: str | None = Field(None, max_length=64, description="`mediaId` from `POST /api/media`. Can be sent once.")
    fileName: str | None = Field(None, max_length=255, description="The name of a document as the receiver sees it.")
    template: Template | None = None
    location: Location | None = None
    contacts: list[Card] | None = Field(None, min_length=1, max_length=257)
    interactive: Interactive | None = None
    replyTo: Id | None = Field(None, description="`messageId` of the message to reply to.")


class UploadRequest(_Strict):
    """A form with the field `file`."""

    numberId: Id | None = None
    phoneNumberId: Word | None = None
    awsPhoneNumberId: Word | None = None
    kind: Literal["image", "video", "audio", "document", "sticker"] | None = None
    voice: bool = False
    fileName: str | None = Field(None, max_length=255)
    mediaType: str | None = Field(None, max_length=255)
    mediaFile: str | None = Field(None, max_length=MAX_BASE64)
    link: str | None = Field(None, max_length=2000)


class ReactionRequest(_Strict):
    emoji: str = Field(min_length=1, max_length=64, description="One emoji.")


def schema(model: type[BaseModel], file: bool = False) -> dict[str, Any]:
    """The JSON schema of a model without references; with ``file``, as a form."""
    inlined = _inlined(model.model_json_schema(), model.model_json_schema().get("$defs", {}))
    inlined.pop("$defs", None)
    if file:
        for name in ("template", "location", "contacts", "interactive"):
            if name in inlined["properties"]:
                inlined["properties"][name] = {"type": "string", "description": f"`{name}` as JSON."}
        inlined["properties"] = {
            name: {"type": "string", "format": "binary"} if name == "file" else field
            for name, field in {"file": {}, **inlined["properties"]}.items()
            if name not in ("mediaFile", "link")
        }
    return inlined  # type: ignore[no-any-return]  # has no types


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
        return {name: _inlined(part, definitions) for name, part in value.items() if name != "$defs"}
    if isinstance(value, list):
        return [_inlined(part, definitions) for part in value]
    return value
