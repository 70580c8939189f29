"""Sentences in the Python code of the pages are marked for translation. test_templates.py looks at the templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "inbox" / "web"
MODULES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.py"))
#: Several words that begin with a capital letter.
SENTENCE = re.compile(r"[A-Z][^A-Z_]*[a-z’]+[ ,].*[a-z.!?’]")
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
#: Read by scripts, and a name.
ALLOWED = {"Ask again.", "Meta Business Agent"}


def unmarked(source: str) -> Iterator[str]:
    """The sentences of a module that stand neither in a docstring nor in a call of gettext."""
    tree, passed = ast.parse(source), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.add(node.value)
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in MARKS:
                passed.update(part for part in ast.walk(node) if isinstance(part, ast.Constant))
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and node not in passed else None
        if isinstance(text, str) and SENTENCE.match(text.strip()):
            yield text


class MarkedTests:
    @pytest.mark.parametrize("name", MODULES)
    def test_every_sentence_is_marked(self, name: str) -> None:
        assert set(unmarked((FOLDER / name).read_text())) <= ALLOWED

    def test_the_check_finds_what_is_not(self) -> None:
        source = '"""A docstring."""\nA = _("Marked words.")\nB = "Not marked, this."\nC = "data-attribute of a tag"\n'
        assert list(unmarked(source)) == ["Not marked, this."]
