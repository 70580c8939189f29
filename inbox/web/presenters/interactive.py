"""Messages of ours that are put together: templates and messages with buttons, drawn as the customer sees them.

Payloads are described at whatsapp.compose; a template that the phone app sent has only its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from inbox.formatting import markup
from inbox.web import icons
from inbox.web.presenters.base import Drawn
from inbox.web.presenters.message_content import dicts, web_address
from whatsapp import message_templates
from whatsapp.events import Kind

#: What stands on a button before its words, by Meta's word for a template's buttons and ours for the others.
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
#: What a header shows, and what holds its place while the file is not there.
HEADER_WORDS = {"image": "Photo", "video": "Video", "document": "Document", "location": "Location", "gif": "GIF"}


@dataclass(slots=True)
class Button(Drawn):
    words: str
    icon: SafeString = icons.NOTHING
    #: Where it leads, for colleagues to read.
    target: str = ""
    #: The same as a link, when it may be one.
    href: str = ""


@dataclass(slots=True)
class Slide(Drawn):
    """One card of a carousel."""

    header: str
    html: SafeString
    buttons: list[Button]


@dataclass(slots=True)
class Composed(Drawn):
    """``media`` is what the header shows (image, video, document, location), ``title`` its words."""

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
        return HEADER_WORDS.get(self.media, "")

    @property
    def html(self) -> SafeString:
        return markup.render(self.body)


def draw(kind: str, payload: dict[str, Any], text: str) -> Composed | None:
    """The message as it looks on the phone; None for what is not put together by us. Never raises."""
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
            Slide(HEADER_WORDS.get(card.header_format.lower(), ""), markup.render(card.body), _buttons(card.buttons))
            for card in rendered.cards
        ],
    )


def _buttons(buttons: Iterable[message_templates.Button]) -> list[Button]:
    drawn = []
    for button in buttons:
        url = web_address(button.target) if button.type == "URL" else ""
        icon = icons.icon(BUTTON_ICONS.get(button.type, "reply"), icons.SMALL)
        drawn.append(Button(button.text or "Button", icon, button.target, url))
    return drawn


def _interactive(payload: dict[str, Any], text: str) -> Composed:
    header = payload.get("header")
    header = header if isinstance(header, dict) else {}
    kind = str(header.get("type") or "")
    composed = Composed(
        body=text,
        title=str(header.get("text") or "") if kind == "text" else "",
        media=kind if kind in HEADER_WORDS else "",
        footer=str(payload.get("footer") or ""),
    )
    INTERACTIVE[payload["type"]](composed, payload)
    return composed


def _reply_buttons(composed: Composed, payload: dict[str, Any]) -> None:
    icon = icons.icon("reply", icons.SMALL)
    composed.buttons = [Button(str(button.get("title") or ""), icon) for button in dicts(payload.get("buttons"))]


def _list(composed: Composed, payload: dict[str, Any]) -> None:
    composed.buttons = [Button(str(payload.get("button") or ""), icons.icon("list", icons.SMALL))]
    composed.sections = [
        (
            str(section.get("title") or ""),
            [(str(row.get("title") or ""), str(row.get("description") or "")) for row in dicts(section.get("rows"))],
        )
        for section in dicts(payload.get("sections"))
    ]


def _link(composed: Composed, payload: dict[str, Any]) -> None:
    url = str(payload.get("url") or "")
    words = str(payload.get("display_text") or "")
    composed.buttons = [Button(words, icons.icon("link", icons.SMALL), url, web_address(url))]


def _flow(composed: Composed, payload: dict[str, Any]) -> None:
    flow = payload.get("flow")
    flow = flow if isinstance(flow, dict) else {}
    composed.buttons = [Button(str(flow.get("cta") or ""), icons.icon("list", icons.SMALL))]


def _location_request(composed: Composed, payload: dict[str, Any]) -> None:
    composed.buttons = [Button("Send location", icons.icon("place", icons.SMALL))]


def _contact_request(composed: Composed, payload: dict[str, Any]) -> None:
    composed.buttons = [Button("Share phone number", icons.icon("call", icons.SMALL))]


INTERACTIVE = {
    "buttons": _reply_buttons,
    "list": _list,
    "link": _link,
    "location_request": _location_request,
    "contact_request": _contact_request,
    "flow": _flow,
}
