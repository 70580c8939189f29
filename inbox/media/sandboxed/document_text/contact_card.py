"""Contact cards saved as files (.vcf): one part for each person."""

from __future__ import annotations

import quopri
import re
from pathlib import Path

import core.sandbox.charsets  # noqa: F401 - a card may be written in any
from core import text_encodings
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.document_text import Text

#: The properties that are shown, with their labels (RFC 6350, RFC 2426; version 2.1 has the same names).
LABELS = {
    "FN": gettext_noop("Name"),
    "ORG": gettext_noop("Company"),
    "TITLE": gettext_noop("Job"),
    "TEL": gettext_noop("Phone"),
    "EMAIL": gettext_noop("E-mail"),
    "ADR": gettext_noop("Address"),
    "URL": gettext_noop("Website"),
    "BDAY": gettext_noop("Birthday"),
    "NOTE": gettext_noop("Note"),
}
# chardet loads its models at the first doubtful text, which must be before the lock.
for _sample in ("Zoë".encode("cp1252"), "Привет, дорогой друг".encode("cp1251"), "今日はいい天気です".encode("euc-jp")):
    text_encodings.encoding_of(_sample)
CONTACT = gettext_noop("Contact")
MOST_BYTES = 8 * 1024 * 1024
#: "item1.TEL;TYPE=CELL:+351…": a group, a name, parameters, a value.
PROPERTY = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;[^:]*)?):(.*)", re.DOTALL)


def read(source: Path, text: Text) -> None:
    """Names, numbers and addresses. Pictures and keys inside a card are left out."""
    with source.open("rb") as file:
        content = file.read(MOST_BYTES)
    rows: list[list[str]] = []
    for line in _unfolded(text_encodings.decode(content)):
        match = PROPERTY.fullmatch(line)
        name = match[1].upper() if match else ""
        if name in ("BEGIN", "END"):
            _card(rows, text)
            rows = []
        elif match and name in LABELS:
            rows.append([LABELS[name], _value(match[2].upper(), match[3])])
    _card(rows, text)  # one that breaks off


def _card(rows: list[list[str]], text: Text) -> None:
    if rows:
        text.part(next((value for label, value in rows if label == LABELS["FN"]), CONTACT))
        text.table(rows)


def _unfolded(card: str) -> list[str]:
    """Whole lines: long ones are continued after a line break and a space, or (version 2.1) a "=" at the end."""
    card = re.sub(r"\r?\n[ \t]", "", card)
    return re.sub(r"=\r?\n", "", card).splitlines()


def _value(parameters: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        value = text_encodings.decode(quopri.decodestring(value.encode("utf-8", "replace")))
    # Parts of names and addresses stand between semicolons; many are empty.
    parts = re.split(r"(?<!\\);", value)
    clean = [re.sub(r"\\([,;\\])", r"\1", part).replace("\\n", "\n").replace("\\N", "\n") for part in parts]
    return ", ".join(part.strip() for part in clean if part.strip())
