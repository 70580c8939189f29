"""E-mails saved as files (.eml): who wrote to whom, when, about what, the text, and the names of attachments."""

from __future__ import annotations

import email.parser
import email.policy
from email.message import MIMEPart
from html.parser import HTMLParser
from pathlib import Path

import core.sandbox.charsets  # noqa: F401 - a mail may name any
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.document_text import Text

HEADERS = (
    gettext_noop("From"),
    gettext_noop("To"),
    gettext_noop("Cc"),
    gettext_noop("Date"),
    gettext_noop("Subject"),
)
E_MAIL = gettext_noop("E-mail")
ATTACHMENTS = gettext_noop("Attachments")
#: Elements of HTML after which a new line begins, and those that are no text.
BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"})
NO_TEXT = frozenset({"script", "style", "head", "title", "template"})


def read(source: Path, text: Text) -> None:
    """Read the plain text, or the HTML's text when there is none. Nothing is fetched and nothing is run."""
    with source.open("rb") as file:
        message = email.parser.BytesParser(policy=email.policy.default).parse(file)
    text.part(str(message.get("Subject") or E_MAIL))
    text.table([name, str(message[name])] for name in HEADERS if message[name])
    body = message.get_body(("plain", "html"))
    if body is not None:
        content = _content(body)
        text.paragraph(_without_markup(content) if body.get_content_subtype() == "html" else content)
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    if names:
        text.heading(ATTACHMENTS)
        for name in names:
            text.paragraph(f"• {name}")


def _content(body: MIMEPart) -> str:
    try:
        return str(body.get_content())
    except LookupError:  # a character set that nobody knows
        payload = body.get_payload(decode=True)
        return payload.decode("latin-1") if isinstance(payload, bytes) else ""


def _without_markup(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    """Collects what a browser would show as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in NO_TEXT
        if tag in BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in NO_TEXT))
        if tag in BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)
