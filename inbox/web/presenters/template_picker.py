"""The message templates that may be sent in a conversation, and the form of each."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from inbox.formatting import markup
from inbox.models import Conversation
from inbox.web.presenters.base import Drawn
from inbox.web.presenters.interactive import Composed, template
from whatsapp import message_templates
from whatsapp.models import MessageTemplate

#: Why a template cannot be sent, by its status at WhatsApp.
STATUSES = {
    "PENDING": gettext_lazy("Waiting for WhatsApp’s approval."),
    "REJECTED": gettext_lazy("Rejected by WhatsApp."),
    "PAUSED": gettext_lazy("Paused by WhatsApp because of low quality."),
    "DISABLED": gettext_lazy("Disabled by WhatsApp."),
    "IN_APPEAL": gettext_lazy("Rejected by WhatsApp; an appeal is pending."),
    "LIMIT_EXCEEDED": gettext_lazy("Not approved: the account has too many templates."),
}
#: The parts of a location, and what their fields are called.
PLACE = {
    "name": gettext_lazy("Name"),
    "address": gettext_lazy("Address"),
    "latitude": gettext_lazy("Latitude"),
    "longitude": gettext_lazy("Longitude"),
}
#: Recently sent ones first, then by name.
RECENT_FIRST = (F("used_at").desc(nulls_last=True), "name", "language")


@dataclass(slots=True)
class Choice(Drawn):
    """One template in the picker."""

    id: str
    name: str
    words: str
    facts: str
    language: str
    category: str
    #: Why it cannot be sent now; empty when it can.
    refusal: str = ""


@dataclass(slots=True)
class Blank(Drawn):
    """One field of a template's form."""

    key: str
    label: str
    kind: str
    value: str = ""
    example: str = ""
    most: int = 0
    prefix: str = ""
    error: str = ""
    #: The sentence it stands in, under a label that says something by itself.
    around: str = ""
    #: What it may well be: what the customer is called.
    offers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Form(Drawn):
    """A template being filled in. ``general`` is an error that belongs to no field."""

    template: MessageTemplate
    blanks: list[Blank]
    preview: Composed
    refusal: str
    media_kind: str = ""
    general: str = ""
    #: Of a header that shows a place: (name, label, value).
    place: list[tuple[str, str, str]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return not (self.refusal or self.general or any(blank.error for blank in self.blanks))

    @property
    def text(self) -> str:
        """Its words, kept on the message for the list and for whoever looks for it."""
        rendered = message_templates.render(self.template.components, self.values)
        return "\n".join(filter(None, [rendered.header, rendered.body, rendered.footer]))

    @property
    def payload(self) -> dict[str, Any]:
        """As whatsapp.compose describes it: the definition goes along, so that the message can be drawn for ever."""
        return {
            "name": self.template.name,
            "language": self.template.language,
            "category": self.template.category,
            "parameter_format": self.template.parameter_format,
            "components": self.template.components,
            "values": self.values,
        }


def language_words(code: str) -> str:
    """What a language is called, by WhatsApp's code for it (pt_BR)."""
    try:
        return str(get_language_info(code.lower().replace("_", "-"))["name_translated"])
    except KeyError:
        return code


def visible(conversation: Conversation) -> list[MessageTemplate]:
    """The templates of the number's account: the sendable ones first, those that were used lately before others."""
    waba_id = conversation.number.waba_id
    if not waba_id:
        return []
    found = list(MessageTemplate.objects.filter(waba_id=waba_id, gone_at=None).order_by(*RECENT_FIRST))
    return sorted(found, key=lambda one: one.status.upper() != "APPROVED")


def offered(conversation: Conversation, count: int) -> list[Choice]:
    """The first few templates that may be sent now."""
    waba_id = conversation.number.waba_id
    if not waba_id:
        return []
    templates = MessageTemplate.objects.filter(waba_id=waba_id, gone_at=None, status="APPROVED")
    drawn = [_choice(one) for one in templates.order_by(*RECENT_FIRST)[: count * 2]]
    return [choice for choice in drawn if not choice.refusal][:count]


def choices(conversation: Conversation, *, words: str = "", language: str = "", category: str = "") -> list[Choice]:
    """The picker's list, narrowed: ``words`` are looked for in names and texts."""
    words = words.strip().casefold()
    drawn = [_choice(one) for one in visible(conversation)]
    return [
        choice
        for choice in drawn
        if (not words or words in choice.name.casefold() or words in choice.words.casefold())
        and (not language or choice.language == language)
        and (not category or choice.category == category)
    ]


def refusal(template: MessageTemplate) -> str:
    """Why a template cannot be sent now, as a sentence; empty if it can be."""
    status = template.status.upper()
    if status != "APPROVED":
        return str(STATUSES.get(status) or _("Not approved by WhatsApp."))
    return message_templates.parse(template.components, template.parameter_format).refusal


def _choice(row: MessageTemplate) -> Choice:
    composed = template(row.components)
    extras = [
        composed.placeholder.lower(),
        _("buttons") if composed.buttons else "",
        _("carousel") if composed.slides else "",
    ]
    facts = [language_words(row.language), row.category.lower(), ", ".join(filter(None, extras))]
    return Choice(
        id=str(row.pk),
        name=row.name,
        words=" ".join(markup.plain(composed.body).split()),
        facts=" · ".join(filter(None, facts)),
        language=row.language,
        category=row.category,
        refusal=refusal(row),
    )


def used(row: MessageTemplate) -> None:
    """Record that the template was sent: it is offered first from now on."""
    MessageTemplate.objects.filter(pk=row.pk).update(used_at=timezone.now())


def form(row: MessageTemplate, data: QueryDict | None, *, has_media: bool, check: bool, name: str = "") -> Form:
    """A template's form with what was filled in. ``check``: report errors at their fields. ``name`` is offered for
    the first field: what the customer is called."""
    asked = message_templates.parse(row.components, row.parameter_format)
    written = {each.key: data.get(f"value-{each.key}", "").strip() if data is not None else "" for each in asked.fields}
    place = _place(data) if data is not None else {}
    values: dict[str, Any] = {"header": {}, "body": {}, "buttons": {}}
    for each in asked.fields:
        value = written[each.key]
        if each.kind == "location":
            values["header"] = place
        elif each.place == "button":
            values["buttons"][each.name] = value
        elif each.kind == "text":
            values[each.place][each.name] = value
    wrong = message_templates.check(asked, values, has_media=has_media) if check else {}
    blanks = [
        Blank(
            each.key,
            each.around if each.around and each.name.isdigit() else each.label,
            each.kind,
            written[each.key],
            each.example,
            each.most,
            each.prefix,
            wrong.pop(each.key, ""),
            around="" if each.name.isdigit() else each.around,
        )
        for each in asked.fields
    ]
    if first := next((blank for blank in blanks if blank.kind == "text"), None):
        first.offers = _names(name)
    shown = {place: _filled(given) for place, given in values.items()}
    return Form(
        template=row,
        blanks=blanks,
        preview=template(row.components, shown),
        refusal=refusal(row),
        media_kind=asked.media_kind,
        general=" ".join(wrong.values()),
        place=[(f"place-{name}", str(label), str(place.get(name, ""))) for name, label in PLACE.items()],
        values={place: given for place, given in values.items() if given},
    )


def _names(name: str) -> list[str]:
    """What somebody may be addressed by: the first name, and all of it. Nothing for a name without letters."""
    words = name.split()
    known = [words[0], " ".join(words)[:60]] if words and any(letter.isalpha() for letter in words[0]) else []
    return list(dict.fromkeys(known))


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    """Without what is still empty, so that the preview shows the placeholder there."""
    return {name: value for name, value in given.items() if value not in ("", None)}


def _place(data: QueryDict) -> dict[str, Any]:
    place: dict[str, Any] = {name: data.get(f"place-{name}", "").strip() for name in PLACE}
    for name in ("latitude", "longitude"):
        with contextlib.suppress(ValueError):
            place[name] = float(place[name].replace(",", "."))
    return place
