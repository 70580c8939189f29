"""The translations are complete, belong to today's sentences, and keep every placeholder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
DOMAINS = {"django": "html,py,txt", "djangojs": "js"}
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
#: What is filled in: %(name)s, %s, %%, and {name} in scripts.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w+\}")


def folder(language: str) -> str:
    """pt-br → pt_BR, the name of its folder."""
    name, _, country = language.partition("-")
    return f"{name}_{country.upper()}" if country else name


def catalogue(language: str, domain: str, suffix: str = "po") -> Path:
    return ROOT / "locale" / folder(language) / "LC_MESSAGES" / f"{domain}.{suffix}"


def translated(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def key(entry: polib.POEntry) -> tuple[str | None, str, str]:
    return entry.msgctxt, entry.msgid, entry.msgid_plural


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
class CatalogueTests:
    def test_every_sentence_is_translated(self, language: str, domain: str) -> None:
        entries = polib.pofile(str(catalogue(language, domain)))
        missing = [entry.msgid for entry in entries if not entry.obsolete and not all(translated(entry))]
        assert missing == []
        assert [entry.msgid for entry in entries if entry.fuzzy] == []

    def test_no_placeholder_is_lost_or_made_up(self, language: str, domain: str) -> None:
        wrong = []
        for entry in polib.pofile(str(catalogue(language, domain))):
            sources = [sorted(PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgid_plural) if text]
            forms = [sorted(PLACEHOLDER.findall(text)) for text in translated(entry)]
            # A form for one or two things may leave the number out.
            allowed = (
                sources if not entry.msgid_plural else [*sources, *([p for p in s if "(" not in p] for s in sources)]
            )
            if any(form not in allowed and set(form) - set(sources[-1]) for form in forms) or forms[-1] not in sources:
                wrong.append(entry.msgid)
        assert wrong == []

    def test_the_compiled_catalogue_belongs_to_it(self, language: str, domain: str) -> None:
        source = {key(entry): translated(entry) for entry in polib.pofile(str(catalogue(language, domain)))}
        compiled = {key(entry): translated(entry) for entry in polib.mofile(str(catalogue(language, domain, "mo")))}
        assert compiled == source, "run `make messages`"


def test_the_catalogues_hold_the_sentences_of_today(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None and not os.environ.get("REQUIRE_GETTEXT"):
        pytest.skip("GNU gettext finds the sentences: apt-get install gettext")
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n"):
        top = name.partition("/")[0]
        if name and top not in {"tests", "bench", "docs"} and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    for domain, endings in DOMAINS.items():
        subprocess.run(
            [
                sys.executable,
                "manage.py",
                "makemessages",
                "--domain",
                domain,
                "-e",
                endings,
                "--all",
                "--no-obsolete",
                "--ignore",
                "simulator",
                "--verbosity",
                "0",
            ],
            cwd=tmp_path,
            env=os.environ
            | {
                "DEBUG": "true",
                "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            check=True,
        )
    for language in LANGUAGES:
        for domain in DOMAINS:
            path = catalogue(language, domain)
            now = {key(entry) for entry in polib.pofile(str(tmp_path / path.relative_to(ROOT)))}
            kept = {key(entry) for entry in polib.pofile(str(path))}
            assert kept == now, f"{path.relative_to(ROOT)}: run `make messages`, then translate what is new"
