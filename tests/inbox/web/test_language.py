"""The language of pages: the agent's, else the browser's."""

from __future__ import annotations

import importlib
from datetime import date

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import to_locale

from inbox.formatting import humanize
from inbox.models import Agent
from tests.inbox.web.views.test_conversations import text

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


class LanguageTests:
    def test_strangers_read_their_browsers_language(self, client: Client) -> None:
        response = client.get("/accounts/login/", headers=GERMAN)
        assert '<html lang="de">' in text(response)
        assert response.headers["Content-Language"] == "de"
        assert {"Accept-Language", "Cookie"} <= set(response.headers["Vary"].split(", "))

    def test_an_agents_choice_comes_before_the_browsers(self, client: Client, alice: Agent) -> None:
        Agent.objects.filter(pk=alice.pk).update(language="ar")
        client.force_login(alice)
        assert '<html lang="ar" dir="rtl">' in text(client.get("/", headers=GERMAN))

    def test_without_a_choice_the_browsers_counts(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert '<html lang="de">' in text(client.get("/", headers=GERMAN))

    @pytest.mark.parametrize("header", ["", "xx", "fr", "a" * 10_000, "*", "en-GB"])
    def test_everybody_else_reads_english(self, client: Client, header: str) -> None:
        assert '<html lang="en">' in text(client.get("/accounts/login/", headers={"Accept-Language": header}))

    def test_a_language_that_is_no_longer_shipped_is_the_browsers(self, client: Client, alice: Agent) -> None:
        Agent.objects.filter(pk=alice.pk).update(language="tlh")
        client.force_login(alice)
        assert '<html lang="de">' in text(client.get("/", headers=GERMAN))

    def test_errors_and_the_admin_are_in_it_too(self, client: Client, admin: Agent) -> None:
        Agent.objects.filter(pk=admin.pk).update(language="ar")
        client.force_login(admin)
        assert '<html lang="ar" dir="rtl">' in text(client.get("/nowhere/"))
        assert 'lang="ar" dir="rtl"' in text(client.get("/admin/"))

    def test_the_api_answers_in_english(self, client: Client) -> None:
        response = client.get("/api/nowhere/", headers=GERMAN)
        assert response.headers["Content-Language"] == "en"
        assert "Accept-Language" not in response.headers.get("Vary", "")

    def test_it_is_over_with_the_answer(self, client: Client) -> None:
        client.get("/accounts/login/", headers=GERMAN)
        assert translation.get_language() == "en"


class FormatTests:
    @pytest.mark.parametrize("code", [code for code, _ in settings.LANGUAGES])
    def test_every_language_has_every_format(self, code: str) -> None:
        def names(locale: str) -> set[str]:
            return set(dir(importlib.import_module(f"config.formats.{locale}.formats")))

        assert names(to_locale(code)) == names("en")

    @pytest.mark.parametrize(
        ("code", "day", "size"),
        [
            ("en", "Tuesday 17 November", "1.8 MB"),
            ("de", "Dienstag, 17. November", "1,8 MB"),
            ("es", "martes 17 de noviembre", "1,8 MB"),
            ("pt-br", "terça-feira, 17 de novembro", "1,8 MB"),
            ("ar", "الثلاثاء 17 نوفمبر", "1,8 MB"),
        ],
    )
    def test_days_and_sizes_follow_the_language(self, code: str, day: str, size: str) -> None:
        with translation.override(code):
            assert humanize.day_name(date(2026, 11, 17), date(2026, 11, 20)).lower() == day.lower()
            assert humanize.size(1_800_000).startswith(size[:3])
