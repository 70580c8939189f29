"""The fields of a message template that have to be filled in, or why it can't be sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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

#: Components that need no parameters when the template is sent.
_QUIET_COMPONENTS = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS", "CALL_PERMISSION_REQUEST"})
#: Buttons that need no parameters.
_QUIET_BUTTONS = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL", "REQUEST_CONTACT_INFO"})
#: Why a template with such a part can't be sent from here.
_UNSENDABLE_COMPONENTS = {
    "CAROUSEL": gettext_lazy("Message templates with a carousel can’t be sent from here."),
    "LIMITED_TIME_OFFER": gettext_lazy("Message templates with a limited-time offer can’t be sent from here."),
}
_UNSENDABLE_BUTTONS = {
    "CATALOG": gettext_lazy("Message templates with a catalog can’t be sent from here."),
    "MPM": gettext_lazy("Message templates with products can’t be sent from here."),
    "SPM": gettext_lazy("Message templates with a product can’t be sent from here."),
    "ORDER_DETAILS": gettext_lazy("Message templates with a payment request can’t be sent from here."),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field that has to be filled in.

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
    """The fields of a message template, in the order of the message. ``refusal``: why it can't be sent from here.

    ``header`` is the header's format (TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION) or empty. ``named``: placeholders have
    names rather than numbers. ``needs_phone``: it can be sent to a phone number only, not to a user ID (131062).
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
    """The fields of a definition. Never raises; an unknown definition has a ``refusal``.

    ``parameter_format`` is Meta's NAMED or POSITIONAL; when empty, the placeholders tell.
    """
    parts = objects(components)
    header, body = component(parts, "HEADER"), component(parts, "BODY")
    header_format = word(header.get("format")) or ("TEXT" if header.get("text") else "")
    header_text = as_text(header.get("text")) if header_format == "TEXT" else ""
    body_text = as_text(body.get("text"))
    buttons = button_list(parts)
    authentication = any(is_code_button(button) for button in buttons)
    if authentication:
        fields = [Field("body.1", "body", "1", "text", _("Code"), most=limits.AUTHENTICATION_CODE)]
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
        return _("This message template has no content here. Synchronize the message templates.")
    for part in parts:
        kind = word(part.get("type"))
        if kind in _UNSENDABLE_COMPONENTS:
            return str(_UNSENDABLE_COMPONENTS[kind])
        if kind not in _QUIET_COMPONENTS:
            return _("Message templates with this kind of content can’t be sent from here.")
    if header_format not in ("", "TEXT", "LOCATION", *MEDIA_FORMATS):
        return _("Message templates with this kind of header can’t be sent from here.")
    for button in buttons:
        kind = word(button.get("type"))
        if kind in _UNSENDABLE_BUTTONS:
            return str(_UNSENDABLE_BUTTONS[kind])
        if kind not in _QUIET_BUTTONS | {"URL", "COPY_CODE", "FLOW", "OTP"}:
            return _("Message templates with this kind of button can’t be sent from here.")
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
            label=_label(place, name),
            example=examples.get(name, ""),
            most=most,
            around=sentence_around(text, name),
        )
        for name in placeholders(text)
    ]


def _label(place: str, name: str) -> str:
    if not name.isdigit():
        return name.replace("_", " ").capitalize()
    label = _("Header %(number)s") if place == "header" else _("Body %(number)s")
    return label % {"number": name}


def _header_fields(header: dict[str, Any], header_format: str, text: str) -> list[Field]:
    if header_format == "TEXT":
        return _text_fields("header", text, _examples(header, "header_text"), limits.TEMPLATE_HEADER)
    kind = MEDIA_FORMATS.get(header_format) or ("location" if header_format == "LOCATION" else "")
    if not kind:
        return []
    label = {"image": _("Photo"), "video": _("Video"), "document": _("Document"), "location": _("Location")}[kind]
    return [Field(key="header", place="header", name="", kind=kind, label=label)]


def _button_fields(index: int, button: dict[str, Any]) -> list[Field]:
    kind, key, label = word(button.get("type")), f"button.{index}", as_text(button.get("text"))
    example = button.get("example")
    shown = as_text(example[0] if isinstance(example, list) and example else example)
    if kind == "COPY_CODE":
        return [Field(key, "button", str(index), "copy_code", label or _("Code"), shown, limits.COPY_CODE)]
    url = as_text(button.get("url"))
    found = PLACEHOLDER.search(url) if kind == "URL" else None
    if found is None:
        return []
    prefix = url[: found.start()]
    # Meta keeps the whole address as the example.
    shown = shown.removeprefix(prefix)
    return [Field(key, "button", str(index), "url_suffix", label, shown, limits.URL - len(prefix), prefix)]
