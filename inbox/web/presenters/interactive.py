"""Message templates and messages with buttons as the customer sees them.

Payloads are described at whatsapp.compose; a template that the phone app sent has only its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.formatting import markup
from inbox.web import icons
from inbox.web.presenters.base import Drawn
from inbox.web.presenters.message_content import dicts, web_address
from whatsapp import message_templates
from whatsapp.events import Kind

#: The icon of a button, by Meta's word for the buttons of a template and ours for the others.
BUTTON_ICONS = {
    "QUICK_REPLY": "reply",
    "URL": "link",
    "PHONE_NUMBER": "call",
    "VOICE_CALL": "call",
    "COPY_CODE": "copy",
    "OTP": "copy",
    "CATALOG": "order",
    "MPM": "order",
    "SPM": "order",
    "FLOW": "list",
}
#: What a header shows, and what holds its place while the file is missing.
HEADERS = {
    "image": gettext_lazy("Photo"),
    "video": gettext_lazy("Video"),
    "document": gettext_lazy("Document"),
    "location": gettext_lazy("Location"),
    "gif": gettext_lazy("GIF"),
}


@dataclass(frozen=True, slots=True)
class Button(Drawn):
    text: str
    icon: SafeString = icons.NOTHING
    #: Where it leads, for agents to read.
    target: str = ""
    #: The same as a link, where that is safe.
    href: str = ""


@dataclass(frozen=True, slots=True)
class Slide(Drawn):
    """One card of a carousel."""

    header: str
    html: SafeString
    buttons: list[Button]


@dataclass(frozen=True, slots=True)
class Composed(Drawn):
    """``media`` is what the header shows (image, video, document, location), ``title`` its text."""

    body: str
    title: str = ""
    media: str = ""
    footer: str = ""
    offer: str = ""
    buttons: list[Button] = field(default_factory=list)
    #: Of a list: (section, [(title, description)]).
    sections: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    slides: list[Slide] = field(default_factory=list)

    @property
    def placeholder(self) -> str:
        """What the header would show, in a word."""
        return str(HEADERS.get(self.media, ""))

    @property
    def html(self) -> SafeString:
        return markup.render(self.body)


def draw(kind: str, payload: dict[str, Any], text: str) -> Composed | None:
    """The message as it looks on the phone; None if it is no template and has no buttons. Never raises."""
    if kind == Kind.TEMPLATE and payload.get("components"):
        return template(payload.get("components"), payload.get("values"))
    if kind == Kind.INTERACTIVE and payload.get("type") in INTERACTIVE:
        return _interactive(payload, text)
    return None


def template(components: object, values: object = None) -> Composed:
    """A message template with these values; placeholders without one stay as they are written."""
    rendered = message_templates.render(components, values if isinstance(values, dict) else None)
    media = rendered.header_format.lower() if rendered.header_format != "TEXT" else ""
    return Composed(
        body=rendered.body,
        title=rendered.header,
        media=media,
        footer=rendered.footer,
        offer=rendered.offer,
        buttons=_buttons(rendered.buttons),
        slides=[
            Slide(str(HEADERS.get(card.header_format.lower(), "")), markup.render(card.body), _buttons(card.buttons))
            for card in rendered.cards
        ],
    )


def _buttons(buttons: Iterable[message_templates.Button]) -> list[Button]:
    drawn = []
    for button in buttons:
        url = web_address(button.target) if button.type == "URL" else ""
        icon = icons.icon(BUTTON_ICONS.get(button.type, "reply"), icons.SMALL)
        drawn.append(Button(button.text or _("Button"), icon, button.target, url))
    return drawn


def _interactive(payload: dict[str, Any], text: str) -> Composed:
    header = payload.get("header")
    header = header if isinstance(header, dict) else {}
    kind = str(header.get("type") or "")
    parts = INTERACTIVE[payload["type"]](payload)
    return Composed(
        body=text,
        title=str(header.get("text") or "") if kind == "text" else "",
        media=kind if kind in HEADERS else "",
        footer=str(payload.get("footer") or ""),
        buttons=parts.buttons,
        sections=parts.sections,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What one type of interactive message adds."""

    buttons: list[Button]
    sections: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)


def _reply_buttons(payload: dict[str, Any]) -> Parts:
    icon = icons.icon("reply", icons.SMALL)
    return Parts([Button(str(button.get("title") or ""), icon) for button in dicts(payload.get("buttons"))])


def _list(payload: dict[str, Any]) -> Parts:
    sections = [
        (
            str(section.get("title") or ""),
            [(str(row.get("title") or ""), str(row.get("description") or "")) for row in dicts(section.get("rows"))],
        )
        for section in dicts(payload.get("sections"))
    ]
    return Parts([Button(str(payload.get("button") or ""), icons.icon("list", icons.SMALL))], sections)


def _link(payload: dict[str, Any]) -> Parts:
    url = str(payload.get("url") or "")
    text = str(payload.get("display_text") or "")
    return Parts([Button(text, icons.icon("link", icons.SMALL), url, web_address(url))])


def _flow(payload: dict[str, Any]) -> Parts:
    flow = payload.get("flow")
    flow = flow if isinstance(flow, dict) else {}
    return Parts([Button(str(flow.get("cta") or ""), icons.icon("list", icons.SMALL))])


def _location_request(payload: dict[str, Any]) -> Parts:
    return Parts([Button(_("Send location"), icons.icon("place", icons.SMALL))])


def _contact_request(payload: dict[str, Any]) -> Parts:
    return Parts([Button(_("Share phone number"), icons.icon("call", icons.SMALL))])


INTERACTIVE = {
    "buttons": _reply_buttons,
    "list": _list,
    "link": _link,
    "location_request": _location_request,
    "contact_request": _contact_request,
    "flow": _flow,
}
