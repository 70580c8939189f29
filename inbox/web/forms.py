"""What agents fill in for a place, a contact card or a message with buttons; each form gives what is sent.

WhatsApp's own limits are not repeated here: whatsapp.compose refuses what breaks them, with a sentence.
"""

from __future__ import annotations

from typing import Any

from django import forms

from whatsapp import phone_numbers

#: Rows that a form offers; WhatsApp takes as many phones as one likes, three buttons and ten rows.
PHONES = 3
BUTTONS = 3
ROWS = 10

INTERACTIVE_TYPES = [
    ("buttons", "Reply buttons"),
    ("list", "List"),
    ("link", "Link button"),
    ("location_request", "Ask for a location"),
    ("contact_request", "Ask for the phone number"),
    ("flow", "Form (Flow)"),
]


class LocationForm(forms.Form):
    """A place: its coordinates, and how people call it."""

    latitude = forms.FloatField(min_value=-90, max_value=90, localize=False)
    longitude = forms.FloatField(min_value=-180, max_value=180, localize=False)
    name = forms.CharField(required=False, max_length=1000)
    address = forms.CharField(required=False, max_length=1000)

    def payload(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


class ContactForm(forms.Form):
    """A contact card with several phones."""

    name = forms.CharField(max_length=200)
    organization = forms.CharField(required=False, max_length=200)
    email = forms.EmailField(required=False)
    url = forms.URLField(required=False, assume_scheme="https", label="Website")

    def __init__(self, data: Any = None, *, country: str = "") -> None:
        """``country``: that of our own number, for phones without one."""
        super().__init__(data)
        self.country = country
        for index in range(1, PHONES + 1):
            label = "Phone" if index == 1 else f"Phone {index}"
            self.fields[f"phone_{index}"] = forms.CharField(required=index == 1, max_length=32, label=label)
        self.order_fields(["name", *(f"phone_{index}" for index in range(1, PHONES + 1))])

    def clean(self) -> dict[str, Any]:
        """Ask which number is meant where two make sense. Short numbers and others that nobody dials from abroad stay
        as they are written."""
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
        """With its id on WhatsApp where it is a whole number: then the phone offers to write to them."""
        try:
            known = {"wa_id": phone_numbers.read(number, [self.country]).removeprefix("+")}
        except phone_numbers.NotAPhoneError:
            known = {}
        return {"number": number.strip(), **known, "label": "CELL"}


class InteractiveForm(forms.Form):
    """A message with buttons, of one of INTERACTIVE_TYPES. Fields of other types are there and ignored."""

    type = forms.ChoiceField(choices=INTERACTIVE_TYPES)
    header = forms.CharField(required=False, max_length=200)
    text = forms.CharField(max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    footer = forms.CharField(required=False, max_length=200)
    button = forms.CharField(required=False, max_length=100, label="Button text", initial="Choose")
    display_text = forms.CharField(required=False, max_length=100, label="Button text")
    url = forms.CharField(required=False, max_length=3000, label="Address")
    flow_id = forms.CharField(required=False, max_length=200, label="Flow’s id or name")
    flow_cta = forms.CharField(required=False, max_length=100, label="Button text")
    flow_screen = forms.CharField(required=False, max_length=200, label="First screen (may be empty)")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for index in range(1, BUTTONS + 1):
            self.fields[f"button_{index}"] = forms.CharField(required=False, max_length=100, label=f"Button {index}")
        for index in range(1, ROWS + 1):
            for part, words in (("section", "Section"), ("row", "Row"), ("description", "Description")):
                self.fields[f"{part}_{index}"] = forms.CharField(
                    required=False, max_length=200, label=f"{words} {index}"
                )

    @property
    def chosen(self) -> str:
        word = str(self["type"].value() or "")
        return word if word in dict(INTERACTIVE_TYPES) else "buttons"

    def payload(self) -> dict[str, Any]:
        """Of what is filled in so far, valid or not: the preview draws it too."""
        kind = self.chosen
        payload: dict[str, Any] = {"type": kind}
        if kind not in ("location_request", "contact_request"):
            if header := self._word("header"):
                payload["header"] = {"type": "text", "text": header}
            if footer := self._word("footer"):
                payload["footer"] = footer
        match kind:
            case "buttons":
                titles = [self._word(f"button_{index}") for index in range(1, BUTTONS + 1)]
                payload["buttons"] = [
                    {"id": f"button-{index}", "title": title} for index, title in enumerate(titles, 1) if title
                ]
            case "list":
                payload |= {"button": self._word("button"), "sections": self._sections()}
            case "link":
                payload |= {"display_text": self._word("display_text"), "url": self._word("url")}
            case "flow":
                payload["flow"] = self._flow()
        return payload

    def _sections(self) -> list[dict[str, Any]]:
        """Rows in their order; a row with a section's name begins that section."""
        sections: list[dict[str, Any]] = []
        for index in range(1, ROWS + 1):
            title, name = self._word(f"row_{index}"), self._word(f"section_{index}")
            if not title:
                continue
            if name or not sections:
                sections.append({"title": name, "rows": []})
            row = {"id": f"row-{index}", "title": title}
            if description := self._word(f"description_{index}"):
                row["description"] = description
            sections[-1]["rows"].append(row)
        return sections

    def _flow(self) -> dict[str, str]:
        word = self._word("flow_id")
        flow = {"id" if word.isdigit() else "name": word, "cta": self._word("flow_cta"), "action": "navigate"}
        if screen := self._word("flow_screen"):
            flow["screen"] = screen
        return flow

    def _word(self, name: str) -> str:
        return str(self[name].value() or "").replace("\x00", "").strip()
