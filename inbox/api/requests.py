"""What a program may ask to be sent: the fields of `POST /api/whatsapp/send` and its like, as JSON or as a form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from inbox.api.request_bodies import MAX_BASE64, MAX_BASE64_FILE
from whatsapp import phone_numbers

Word = Annotated[str, Field(max_length=512)]
Long = Annotated[str, Field(max_length=4096)]


def _as_text(value: Any) -> Any:
    """Ids come as text or as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_phone(value: Any) -> Any:
    """A phone as it is written. Whose country it lacks is known only with the number of ours that it is for."""
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
        description="As E.164: `+351912345678`. Without the plus, a whole number is taken as it is and another gets "
        "the country of our own number; where both make sense, it is refused."
    ),
]


class _Strict(BaseModel):
    """Unknown fields are refused: a misspelt one would be lost in silence."""

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
    """What fills the placeholders: a list for {{1}}, {{2}}…, an object for {{first_name}}."""

    header: Values | Location = Field([], description="A place for a header that shows one.")
    body: Values = []
    buttons: dict[Word, Long] = Field({}, description="By the button's position, from 0.")


class Template(_Strict):
    """An approved message template of the number's account; a file for its header is the message's file."""

    name: Word = Field(min_length=1)
    language: str = Field(min_length=2, max_length=16, description="As WhatsApp writes it: `en_US`, `pt_PT`.")
    values: TemplateValues = Field(default_factory=lambda: TemplateValues.model_validate({}))


class SendRequest(_Strict):
    """One message to one person: `phone`, `contactId` or `conversationId` says to whom; what it holds says what it is.

    A file comes as one of `link`, `mediaFile`, `mediaId`, or as the field `file` of a form.
    """

    phone: Phone | None = Field(None, description="A stranger's number makes a contact and a conversation.")
    contactId: Id | None = None
    conversationId: Id | None = None
    numberId: Id | None = Field(None, description="Our number to send from. Not needed when the token has one.")
    phoneNumberId: Word | None = Field(None, description="The same by Meta's id.")
    awsPhoneNumberId: Word | None = Field(None, description="The same by AWS's id.")

    content: str = Field("", max_length=65_536, description="The text, the caption, or the body of `interactive`.")
    kind: (
        Literal[
            "text", "image", "video", "audio", "document", "sticker", "location", "contacts", "interactive", "template"
        ]
        | None
    ) = Field(None, description="What it is sent as. Not needed: found from the fields and the bytes of the file.")
    previewUrl: bool = Field(False, description="Show a preview of the first link in the text.")
    voice: bool = Field(False, description="Send a sound as a voice note.")
    link: str | None = Field(None, max_length=2000, description="https address of a file, which is fetched once, now.")
    mediaFile: str | None = Field(
        None,
        max_length=MAX_BASE64,
        description=f"The file as base64, {MAX_BASE64_FILE // 2**20} MB at most; larger ones come as a form.",
    )
    mediaType: str | None = Field(
        None, max_length=255, description="Its type: `image/jpeg`, or a kind. The bytes decide; this breaks ties."
    )
    mediaId: str | None = Field(None, max_length=64, description="What `POST /api/media` answered. Sent once.")
    fileName: str | None = Field(None, max_length=255, description="What the receiver sees of a document.")
    template: Template | None = None
    location: Location | None = None
    contacts: list[Card] | None = Field(None, min_length=1, max_length=257)
    interactive: Interactive | None = None
    replyTo: Id | None = Field(None, description="`messageId` of the message that this answers.")


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
    """A model's JSON schema with everything in place, for the API's reference; with a file for forms."""
    found = _inlined(model.model_json_schema(), model.model_json_schema().get("$defs", {}))
    found.pop("$defs", None)
    if file:
        for name in ("template", "location", "contacts", "interactive"):
            if name in found["properties"]:
                found["properties"][name] = {"type": "string", "description": f"`{name}` as JSON."}
        found["properties"] = {
            name: {"type": "string", "format": "binary"} if name == "file" else words
            for name, words in {"file": {}, **found["properties"]}.items()
            if name not in ("mediaFile", "link")
        }
    return found


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _inlined(definitions[value["$ref"].rpartition("/")[2]], definitions)
        return {name: _inlined(part, definitions) for name, part in value.items() if name != "$defs"}
    if isinstance(value, list):
        return [_inlined(part, definitions) for part in value]
    return value
