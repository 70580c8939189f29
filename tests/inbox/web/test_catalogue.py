"""The sentences of scripts: in the page for other languages than English, and all of them found by makemessages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client

from config.settings import BASE_DIR
from inbox.models import Agent
from inbox.web import catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def german(settings: Any, tmp_path: Path) -> None:
    """A catalogue of two sentences."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    file.append(polib.POEntry(msgid="Copied", msgstr="Kopiert </script>"))
    plural = {0: "%(count)s neu", 1: "%(count)s neue"}
    file.append(polib.POEntry(msgid="%(count)s new", msgid_plural="%(count)s new", msgstr_plural=plural))
    file.save_as_mofile(str(folder / "djangojs.mo"))
    settings.LOCALE_PATHS = [tmp_path]
    catalogue.script.cache_clear()


def test_a_page_in_another_language_carries_it(german: None, client: Client, alice: Agent) -> None:
    client.force_login(alice)
    html = client.get("/", headers={"Accept-Language": "de"}).content.decode()
    catalogue.script.cache_clear()
    assert '<script id="catalogue" type="application/json">' in html
    assert '"Copied": "Kopiert \\u003C/script\\u003E"' in html
    assert '"%(count)s new": ["%(count)s neu", "%(count)s neue"]' in html


def test_english_needs_none(client: Client, alice: Agent) -> None:
    client.force_login(alice)
    assert 'id="catalogue"' not in client.get("/").content.decode()


def test_sentences_are_whole_and_have_names_for_what_is_filled_in() -> None:
    for path in (BASE_DIR / "static" / "js").rglob("*.js"):
        calls = re.findall(r"\bn?gettext\(\s*([^\s)][^)]*)", path.read_text())
        for call in calls:
            assert call.startswith(('"', "message", "singular")), f"{path.name}: {call}"
            assert not re.search(r"%[sd]", call), f"{path.name}: {call}"
