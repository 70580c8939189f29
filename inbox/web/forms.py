"""Forms for locations, contact cards and messages with buttons; each gives the payload of the message.

WhatsApp's own limits are not repeated here: whatsapp.compose refuses what exceeds them, with the reason.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp import phone_numbers

#: Fields that the forms offer. WhatsApp accepts any number of phones, three buttons and ten rows.
PHONES = 3
BUTTONS = 3
ROWS = 10

INTERACTIVE_TYPES = [
    ("buttons", gettext_lazy("Reply buttons")),
    ("list", gettext_lazy("List")),
    ("link", gettext_lazy("Link button")),
    ("location_request", gettext_lazy("Ask for a location")),
    ("contact_request", gettext_lazy("Ask for a phone number")),
    ("flow", gettext_lazy("Form (Flow)")),
]


class LocationForm(forms.Form):
    """A location: coordinates, and perhaps a name and an address."""

    latitude = forms.FloatField(label=gettext_lazy("Latitude"), min_value=-90, max_value=90, localize=False)
    longitude = forms.FloatField(label=gettext_lazy("Longitude"), min_value=-180, max_value=180, localize=False)
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=1000)
    address = forms.CharField(label=gettext_lazy("Address"), required=False, max_length=1000)

    def payload(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


class ContactForm(forms.Form):
    """A contact card with several phones."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    organization = forms.CharField(label=gettext_lazy("Organization"), required=False, max_length=200)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    url = forms.URLField(required=False, assume_scheme="https", label=gettext_lazy("Website"))

    def __init__(self, data: Any = None, *, country: str = "") -> None:
        """``country``: our own number's, for phone numbers without a country code."""
        super().__init__(data)
        self.country = country
        for index in range(1, PHONES + 1):
            label = _("Phone") if index == 1 else _("Phone %(number)d") % {"number": index}
            self.fields[f"phone_{index}"] = forms.CharField(required=index == 1, max_length=32, label=label)
        self.order_fields(["name", *(f"phone_{index}" for index in range(1, PHONES + 1))])

    def clean(self) -> dict[str, Any]:
        """Refuse numbers that could be read in two ways. Short numbers and others without an international form are
        kept as written."""
        data: dict[str, Any] = super().clean() or {}
        for name in [f"phone_{index}" for index in range(1, PHONES + 1)]:
            try:
                phone_numbers.read(data.get(name) or "", [self.country])
            except phone_numbers.AmbiguousPhoneError as error:
                self.add_error(name, str(error))
            except phone_numbers.NotAPhoneError:
                continue
        return data

    def payload(self) -> dict[str, Any]:
        data = self.cleaned_data
        numbers = [data[f"phone_{index}"] for index in range(1, PHONES + 1)]
        card: dict[str, Any] = {
            "name": data["name"],
            "phones": [self._phone(number) for number in numbers if number],
        }
        if data["organization"]:
            card["organization"] = data["organization"]
        if data["email"]:
            card["emails"] = [{"value": data["email"]}]
        if data["url"]:
            card["urls"] = [{"value": data["url"]}]
        return {"contacts": [card]}

    def _phone(self, number: str) -> dict[str, str]:
        """The phone, with its WhatsApp id if it is a complete number: then WhatsApp offers to message it."""
        try:
            known = {"wa_id": phone_numbers.read(number, [self.country]).removeprefix("+")}
        except phone_numbers.NotAPhoneError:
            known = {}
        return {"number": number.strip(), **known, "label": "CELL"}


class InteractiveForm(forms.Form):
    """A message with buttons, of one of INTERACTIVE_TYPES. Fields of other types are ignored."""

    type = forms.ChoiceField(choices=INTERACTIVE_TYPES)
    header = forms.CharField(label=gettext_lazy("Header"), required=False, max_length=200)
    text = forms.CharField(label=gettext_lazy("Text"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    footer = forms.CharField(label=gettext_lazy("Footer"), required=False, max_length=200)
    button = forms.CharField(
        required=False, max_length=100, label=gettext_lazy("Button text"), initial=gettext_lazy("Choose")
    )
    display_text = forms.CharField(required=False, max_length=100, label=gettext_lazy("Button text"))
    url = forms.CharField(required=False, max_length=3000, label=gettext_lazy("Link address"))
    flow_id = forms.CharField(required=False, max_length=200, label=gettext_lazy("Flow ID or name"))
    flow_cta = forms.CharField(required=False, max_length=100, label=gettext_lazy("Button text"))
    flow_screen = forms.CharField(required=False, max_length=200, label=gettext_lazy("First screen (optional)"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for index in range(1, BUTTONS + 1):
            label = _("Button %(number)d") % {"number": index}
            self.fields[f"button_{index}"] = forms.CharField(required=False, max_length=100, label=label)
        for index in range(1, ROWS + 1):
            labels = {
                "section": _("Section %(number)d"),
                "row": _("Row %(number)d"),
                "description": _("Description %(number)d"),
            }
            for part, label in labels.items():
                self.fields[f"{part}_{index}"] = forms.CharField(
                    required=False, max_length=200, label=label % {"number": index}
                )

    @property
    def chosen(self) -> str:
        chosen = str(self["type"].value() or "")
        return chosen if chosen in dict(INTERACTIVE_TYPES) else "buttons"

    def payload(self) -> dict[str, Any]:
        """The payload of what is filled in so far, valid or not: the preview shows it too."""
        kind = self.chosen
        payload: dict[str, Any] = {"type": kind}
        if kind not in ("location_request", "contact_request"):
            if header := self._text("header"):
                payload["header"] = {"type": "text", "text": header}
            if footer := self._text("footer"):
                payload["footer"] = footer
        match kind:
            case "buttons":
                titles = [self._text(f"button_{index}") for index in range(1, BUTTONS + 1)]
                payload["buttons"] = [
                    {"id": f"button-{index}", "title": title} for index, title in enumerate(titles, 1) if title
                ]
            case "list":
                payload |= {"button": self._text("button"), "sections": self._sections()}
            case "link":
                payload |= {"display_text": self._text("display_text"), "url": self._text("url")}
            case "flow":
                payload["flow"] = self._flow()
        return payload

    def _sections(self) -> list[dict[str, Any]]:
        """Rows in order, grouped: a row with a section name begins that section."""
        sections: list[dict[str, Any]] = []
        for index in range(1, ROWS + 1):
            title, name = self._text(f"row_{index}"), self._text(f"section_{index}")
            if not title:
                continue
            if name or not sections:
                sections.append({"title": name, "rows": []})
            row = {"id": f"row-{index}", "title": title}
            if description := self._text(f"description_{index}"):
                row["description"] = description
            sections[-1]["rows"].append(row)
        return sections

    def _flow(self) -> dict[str, str]:
        flow_id = self._text("flow_id")
        flow = {"id" if flow_id.isdigit() else "name": flow_id, "cta": self._text("flow_cta"), "action": "navigate"}
        if screen := self._text("flow_screen"):
            flow["screen"] = screen
        return flow

    def _text(self, name: str) -> str:
        return str(self[name].value() or "").replace("\x00", "").strip()
