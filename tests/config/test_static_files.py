"""`collectstatic` as production runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.template import engines
from django.test import RequestFactory

from config.settings import BASE_DIR


@pytest.fixture
def manifest(settings: Any, tmp_path: Path) -> dict[str, str]:
    """The collected files: the name in the templates, and the name with a hash."""
    settings.STATIC_ROOT = tmp_path
    # Without compression, which takes seconds and changes no name.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = configured.STORAGES | {"staticfiles": storage}
    call_command("collectstatic", interactive=False, verbosity=0)
    paths: dict[str, str] = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    return paths


class CollectStaticTests:
    def test_it_collects_what_pages_load_and_leaves_out_the_rest_of_the_libraries(
        self, manifest: dict[str, str]
    ) -> None:
        named = {
            name
            for template in (BASE_DIR / "templates").rglob("*.html")
            for name in re.findall(r"""{% static ['"]([^'"]+)['"]""", template.read_text())
        }
        assert len(named) > 10
        assert named <= manifest.keys()

        htmx = engines["django"].from_string("{% load django_htmx %}{% htmx_script version=2 %}")
        (script,) = re.findall(r'src="/static/([^"]+)"', htmx.render({}, RequestFactory().get("/")))
        assert script in manifest.values()

        assert not [name for name in manifest if "redoc" in name or re.search(r"htm\w+-4|django_htmx/ext", name)]
