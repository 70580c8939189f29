"""Static files as production serves them: our scripts minified, modules importing each other by hashed names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from config.settings import BASE_DIR
from core import static_files

SCRIPTS = sorted((BASE_DIR / "static" / "js").rglob("*.js"))
#: Template literals that hold no other, comments, strings and regular expressions.
TEXT = re.compile(
    r"""`(?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^`{}]|\{[^`{}]*\})*\})*`|//[^\n]*|/\*.*?\*/"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<=[=(,|])\s*/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/""",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("static")


@pytest.fixture
def manifest(settings: Any, collected: Path) -> dict[str, str]:
    """What `collectstatic` made, once for this module: the name in the templates, and the name with a hash."""
    settings.STATIC_ROOT = collected
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["js", "css", "svg", "map", "txt", "png"]  # it takes seconds
    storage = {"BACKEND": "core.static_files.MinifiedManifestStorage"}
    settings.STORAGES = configured.STORAGES | {"staticfiles": storage}
    if not (collected / "staticfiles.json").exists():
        call_command("collectstatic", interactive=False, verbosity=0)
    paths: dict[str, str] = json.loads((collected / "staticfiles.json").read_text())["paths"]
    return paths


class CollectStaticTests:
    def test_modules_import_files_that_are_there(self, manifest: dict[str, str], collected: Path) -> None:
        ours = {hashed for name, hashed in manifest.items() if name.startswith("js/")}
        assert len(ours) == len(SCRIPTS)
        for hashed in ours:
            text = (collected / hashed).read_text()
            for relative in re.findall(r"""(?:from ?|import ?\(?)["'](\.[^"']+)["']""", text):
                assert normpath(join(dirname(hashed), relative)) in ours

    def test_our_scripts_are_minified(self, manifest: dict[str, str], collected: Path) -> None:
        text = (collected / manifest["js/app.js"]).read_text()
        assert "//" not in text
        assert text.count("\n") < 3

    def test_a_page_names_all_modules_of_its_script(self, manifest: dict[str, str]) -> None:
        addresses = static_files.module_addresses("js/app.js")
        assert addresses[-1] == staticfiles_storage.url("js/app.js") == f"/static/{manifest['js/app.js']}"
        assert f"/static/{manifest['js/live/changes.js']}" in addresses
        assert f"/static/{manifest['js/viewer/lightbox.js']}" not in addresses  # loaded when it is used


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_minifier_understands_the_script(path: Path) -> None:
    """It does not know template literals inside of template literals."""
    assert "`" not in TEXT.sub(" ", path.read_text())
