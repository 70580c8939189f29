"""What a message template asks for: the fields to fill in, or why it cannot be sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whatsapp import limits
from whatsapp.message_templates.reading import (
    PLACEHOLDER,
    as_text,
    button_list,
    component,
    objects,
    placeholders,
    sentence_around,
    word,
)

MEDIA_FORMATS = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}

#: Components that need nothing from us when the message template is sent.
_QUIET_COMPONENTS = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS", "CALL_PERMISSION_REQUEST"})
#: Buttons that need nothing from us.
_QUIET_BUTTONS = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL", "REQUEST_CONTACT_INFO"})
#: Why a message template with such a part cannot be sent from here.
_UNSENDABLE_COMPONENTS = {
    "CAROUSEL": "Message templates with a carousel can be looked at here, but not sent.",
    "LIMITED_TIME_OFFER": "Message templates with a limited-time offer can be looked at here, but not sent.",
}
_UNSENDABLE_BUTTONS = {
    "CATALOG": "Message templates that show a catalogue cannot be sent from here.",
    "MPM": "Message templates that show products cannot be sent from here.",
    "SPM": "Message templates that show a product cannot be sent from here.",
    "ORDER_DETAILS": "Message templates that ask for a payment cannot be sent from here.",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that has to be filled in.

    ``key`` names it in forms and in what `check` answers: "header.1", "body.first_name", "button.0", "header" for a
    file or a place. ``place`` is header, body or button, ``name`` the placeholder or the button's index. ``kind`` is
    text, image, video, document, location, url_suffix or copy_code. ``prefix`` is what stands before a URL's suffix.
    ``most`` is the number of characters that it may have. ``around`` is the sentence that it stands in, with a gap for
    it: "Hello ___, your … is ready."
    """

    key: str
    place: str
    name: str
    kind: str
    label: str
    example: str = ""
    most: int = 0
    prefix: str = ""
    around: str = ""


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """What a message template asks for, in the order of the message. ``refusal``: why it cannot be sent from here.

    ``header`` is the header's format (TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION) or empty. ``named``: placeholders have
    names rather than numbers. ``needs_phone``: WhatsApp takes it for a phone number only, not for a user id (131062).
    """

    fields: tuple[Field, ...] = ()
    refusal: str = ""
    header: str = ""
    named: bool = False
    needs_phone: bool = False
    header_text: str = ""
    body: str = ""
    body_most: int = limits.TEMPLATE_BODY

    @property
    def media_kind(self) -> str:
        """image, video or document when the header shows a file; else empty."""
        return MEDIA_FORMATS.get(self.header, "")


def parse(components: object, parameter_format: str = "") -> TemplateForm:
    """What the definition asks for. Never raises; what cannot be understood is a ``refusal``.

    ``parameter_format`` is Meta's NAMED or POSITIONAL; where it is empty the placeholders themselves tell.
    """
    parts = objects(components)
    header, body = component(parts, "HEADER"), component(parts, "BODY")
    header_format = word(header.get("format")) or ("TEXT" if header.get("text") else "")
    header_text = as_text(header.get("text")) if header_format == "TEXT" else ""
    body_text = as_text(body.get("text"))
    buttons = button_list(parts)
    authentication = any(is_code_button(button) for button in buttons)
    if authentication:
        fields = [Field("body.1", "body", "1", "text", "Code", most=limits.AUTHENTICATION_CODE)]
    else:
        fields = [
            *_header_fields(header, header_format, header_text),
            *_text_fields("body", body_text, _examples(body, "body_text"), limits.TEMPLATE_BODY),
            *(field for index, button in enumerate(buttons) for field in _button_fields(index, button)),
        ]
    names = [field.name for field in fields if field.kind == "text"]
    return TemplateForm(
        fields=tuple(fields),
        refusal=_refusal(parts, header_format, buttons),
        header=header_format,
        named=word(parameter_format) == "NAMED" or any(not name.isdigit() for name in names),
        needs_phone=authentication,
        header_text=header_text,
        body=body_text,
        body_most=limits.TEMPLATE_BODY_ALONE if len(parts) == 1 else limits.TEMPLATE_BODY,
    )


def is_code_button(button: Mapping[str, Any]) -> bool:
    """Whether it is the button of an authentication template. Meta's list shows it as a URL button to its own address,
    whether it copies the code, fills it in or needs no press; the same is sent for all three."""
    return (
        word(button.get("type")) == "OTP"
        or bool(button.get("otp_type"))
        or as_text(button.get("url")).startswith("https://www.whatsapp.com/otp/")
    )


def _refusal(parts: list[dict[str, Any]], header_format: str, buttons: list[dict[str, Any]]) -> str:
    if not parts:
        return "This message template has no content here; synchronise the message templates."
    for part in parts:
        kind = word(part.get("type"))
        if kind in _UNSENDABLE_COMPONENTS:
            return _UNSENDABLE_COMPONENTS[kind]
        if kind not in _QUIET_COMPONENTS:
            return "This message template has a part that cannot be sent from here."
    if header_format not in ("", "TEXT", "LOCATION", *MEDIA_FORMATS):
        return "This message template has a header that cannot be sent from here."
    for button in buttons:
        kind = word(button.get("type"))
        if kind in _UNSENDABLE_BUTTONS:
            return _UNSENDABLE_BUTTONS[kind]
        if kind not in _QUIET_BUTTONS | {"URL", "COPY_CODE", "FLOW", "OTP"}:
            return "This message template has a button that cannot be sent from here."
    return ""


def _examples(part: dict[str, Any], key: str) -> dict[str, str]:
    """Examples by placeholder: ``body_text`` is a list of lists, ``header_text`` a list, named ones are objects."""
    example = part.get("example")
    if not isinstance(example, Mapping):
        return {}
    named = {
        as_text(row.get("param_name")): as_text(row.get("example"))
        for row in objects(example.get(f"{key}_named_params"))
    }
    if named:
        return named
    listed = example.get(key)
    if isinstance(listed, list) and listed and isinstance(listed[0], list):
        listed = listed[0]
    names = placeholders(as_text(part.get("text")))
    return dict(zip(names, map(as_text, listed), strict=False)) if isinstance(listed, list) else {}


def _text_fields(place: str, text: str, examples: dict[str, str], most: int) -> list[Field]:
    return [
        Field(
            key=f"{place}.{name}",
            place=place,
            name=name,
            kind="text",
            label=name.replace("_", " ").capitalize() if not name.isdigit() else f"{place.capitalize()} {name}",
            example=examples.get(name, ""),
            most=most,
            around=sentence_around(text, name),
        )
        for name in placeholders(text)
    ]


def _header_fields(header: dict[str, Any], header_format: str, text: str) -> list[Field]:
    if header_format == "TEXT":
        return _text_fields("header", text, _examples(header, "header_text"), limits.TEMPLATE_HEADER)
    kind = MEDIA_FORMATS.get(header_format) or ("location" if header_format == "LOCATION" else "")
    if not kind:
        return []
    label = {"image": "Photo", "video": "Video", "document": "Document", "location": "Place"}[kind]
    return [Field(key="header", place="header", name="", kind=kind, label=label)]


def _button_fields(index: int, button: dict[str, Any]) -> list[Field]:
    kind, key, label = word(button.get("type")), f"button.{index}", as_text(button.get("text"))
    example = button.get("example")
    shown = as_text(example[0] if isinstance(example, list) and example else example)
    if kind == "COPY_CODE":
        return [Field(key, "button", str(index), "copy_code", label or "Code", shown, limits.COPY_CODE)]
    url = as_text(button.get("url"))
    found = PLACEHOLDER.search(url) if kind == "URL" else None
    if found is None:
        return []
    prefix = url[: found.start()]
    # Meta keeps the whole address as the example.
    shown = shown.removeprefix(prefix)
    return [Field(key, "button", str(index), "url_suffix", label, shown, limits.URL - len(prefix), prefix)]
