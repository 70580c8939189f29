"""Templates: every sentence is marked for translation, and lines stay readable."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
#: Of programs' developers and their API, which is in English.
ENGLISH = {"api/reference.html"}
#: Attributes that people read or hear. Others count when they look like a sentence.
READ = {"title", "aria-label", "aria-description", "aria-roledescription", "placeholder", "alt", "label"}
#: Words that are the same in every language: keys and sample values.
SAME = re.compile(r"\b(?:[A-Z]|h|min|kB|MB|ltr|rtl)\b")
SENTENCE = re.compile(r"[A-Z][a-z]+(?: |$)")
TRANSLATED = re.compile(r"\{%-? *(blocktranslate|trans|comment)\b.*?\{%-? *end\1 *-?%\}", re.DOTALL)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")


class _Texts(HTMLParser):
    """Collects what a reader sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        for name, value in attrs:
            if value and (name in READ or (name.startswith("data-") and SENTENCE.match(value))):
                self.found.append(value)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def unmarked(source: str) -> list[str]:
    """The words of a template, of Django's or Jinja's, that stand outside a tag that translates them."""
    texts = _Texts()
    texts.feed(TAG.sub("", TRANSLATED.sub("", source)))
    texts.close()
    return [text.strip() for text in texts.found if WORD.search(SAME.sub("", text))]


class MarkedTests:
    @pytest.mark.parametrize("name", sorted(set(TEMPLATES) - ENGLISH))
    def test_every_sentence_is_marked(self, name: str) -> None:
        assert unmarked((FOLDER / name).read_text()) == []

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("<p>Hello {{ name }}</p>", ["Hello"]),
            ('<a title="Close">×</a>', ["Close"]),
            ('<a{% if x %} aria-label="Back"{% endif %}></a>', ["Back"]),
            ('<button data-play="Play it"></button>', ["Play it"]),
            ('{% translate "Hello" %}<b class="some-words" data-kind="audio">{{ name }}</b>', []),
            ("{% blocktranslate trimmed count n=n %}One{% plural %}{{ n }}{% endblocktranslate %} · 1×", []),
            ("<kbd>J</kbd><script>var words = 1;</script>{# Needs: words #}", []),
        ],
    )
    def test_the_check_finds_what_is_not(self, source: str, words: list[str]) -> None:
        assert unmarked(source) == words


class LineTests:
    @pytest.mark.parametrize("name", TEMPLATES)
    def test_no_line_is_over_200_characters(self, name: str) -> None:
        lines = (FOLDER / name).read_text().splitlines()
        assert [number for number, line in enumerate(lines, 1) if len(line) > 200] == []
