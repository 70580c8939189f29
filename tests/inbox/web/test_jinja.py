"""The compiled templates: what they escape, and what they refuse."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.template import engines
from django.utils.safestring import SafeString
from jinja2 import UndefinedError

HOSTILE = "<script>alert(1)</script>\"'"


def render(source: str, **context: object) -> str:
    return engines["jinja2"].from_string(source).render(context)


class EnvironmentTests:
    def test_it_escapes_all_that_is_not_safe(self) -> None:
        row = SimpleNamespace(name=HOSTILE, icon=SafeString("<svg></svg>"))
        assert render('<a title="{{ row.name }}">{{ row.icon }}</a>', row=row) == (
            '<a title="&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;"><svg></svg></a>'
        )

    def test_a_name_that_is_missing_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            render("{{ name }}")
        with pytest.raises(AttributeError):
            render("{{ row.name }}", row=SimpleNamespace())

    def test_a_tag_over_several_lines_takes_one(self) -> None:
        assert render('<a class="x"\n  href="/" hidden>\ntext</a>') == '<a class="x" href="/" hidden>\ntext</a>'

    def test_icons_and_addresses_are_at_hand(self) -> None:
        assert "#icon-clock" in render('{{ icon("clock") }}')
        assert render('{{ url("inbox:conversation", 7) }}') == "/conversations/7/"
