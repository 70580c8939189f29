"""The tags of our templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Template, TemplateSyntaxError


class IconTests:
    def test_it_points_into_the_sprite_and_says_nothing(self) -> None:
        html = Template('{% load inbox %}{% icon "clock" "icon--small" %}').render(Context())
        assert html == (
            '<svg class="icon icon--small" aria-hidden="true"><use href="/static/icons.svg#icon-clock"/></svg>'
        )

    def test_it_takes_a_name(self) -> None:
        with pytest.raises(TemplateSyntaxError, match="icon takes a name"):
            Template("{% load inbox %}{% icon %}")

    def test_every_icon_that_templates_name_is_in_the_sprite(self) -> None:
        root = Path(__file__).resolve().parents[2]
        drawn = set(re.findall(r'id="icon-([a-z-]+)"', (root / "static/icons.svg").read_text()))
        templates = "".join(path.read_text() for path in (root / "templates").rglob("*.html"))
        code = "".join(path.read_text() for path in (root / "inbox").glob("*.py"))
        named = set(re.findall(r'{% icon "([a-z-]+)"', templates)) | set(re.findall(r'icons\.icon\("([a-z-]+)"', code))
        assert named
        assert named <= drawn
