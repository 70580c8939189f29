"""Searching inside one conversation."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.formatting import folding
from inbox.models import Agent, Conversation
from tests.inbox.thread_rows import NOON, conversation, media, message
from tests.inbox.web.views.test_conversation import text
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def found(client: Client, amara: Conversation, words: str) -> str:
    return text(client.get(f"/conversations/{amara.pk}/search/", {"q": words}, headers={"HX-Request": "true"}))


class SearchTests:
    @pytest.fixture(autouse=True)
    def _logged_in(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)

    def test_it_finds_words_in_any_case_and_leads_to_the_message(self, client: Client, amara: Conversation) -> None:
        one = message(amara, "Is the Norte CARGO in stock?")
        message(amara, "Something else")
        html = found(client, amara, "cargo")
        assert html.count("search__hit") == 1 + html.count("search__hits")
        assert f"/conversations/{amara.pk}/?at={one.pk}#message-{one.pk}" in html
        assert "Is the Norte <mark>CARGO</mark> in stock?" in html

    @pytest.mark.parametrize(
        ("said", "sought", "marked"),
        [
            ("Vai para São João amanhã", "sao joao", "São João"),
            ("Vai para Sao Joao amanhã", "SÃO JOÃO", "Sao Joao"),
            ("Die Größe passt", "grosse", "Größe"),
            ("Die GRÖSSE passt", "größe", "GRÖSSE"),
            ("Zażółć gęślą jaźń", "zolc gesla", "żółć gęślą"),
            ("Привет, ЁЛКА здесь", "елка", "ЁЛКА"),
            ("Ce\u0301line writes like a Mac", "céline", "C\u00e9line"),
            ("한글 날", "한글", "한글"),
            ("Ⅷ ½ ﬁne", "fine", "ﬁne"),
        ],
    )
    def test_case_and_accents_make_no_difference(
        self, client: Client, amara: Conversation, said: str, sought: str, marked: str
    ) -> None:
        message(amara, said)
        message(amara, "Something else")
        assert f"<mark>{marked}</mark>" in found(client, amara, sought)

    def test_a_files_name_is_found_as_a_mac_writes_it(self, client: Client, amara: Conversation) -> None:
        media(amara, "document", file_name="Rela\u0301to\u0301rio.pdf")
        assert "<mark>Relátório</mark>" in found(client, amara, "relatorio")

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(st.characters(min_codepoint=1, max_codepoint=0x52F), max_size=40))
    def test_the_database_folds_as_python_does(self, words: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT inbox_folded(%s)", [words])
            assert cursor.fetchone()[0] == folding.fold(words)

    def test_it_finds_files_by_name(self, client: Client, amara: Conversation) -> None:
        media(amara, "document", file_name="Fatura-2026.pdf")
        assert "<mark>fatura</mark>" in found(client, amara, "fatura").lower()

    def test_signs_of_patterns_are_only_signs(self, client: Client, amara: Conversation) -> None:
        message(amara, "plain")
        message(amara, "100 % sure")
        html = found(client, amara, "%")
        assert "sure" in html
        assert "plain" not in html

    @pytest.mark.parametrize("words", ["\x00", "   ", "<b>", "'; DROP TABLE", "\\", "x" * 5000])
    def test_odd_words_find_nothing(self, client: Client, amara: Conversation, words: str) -> None:
        message(amara, "plain")
        html = found(client, amara, words)
        assert "search__hits" not in html
        assert "<b>" not in html

    def test_it_pages_through_equal_times(self, client: Client, amara: Conversation) -> None:
        for i in range(70):
            message(amara, f"bell {i}.", at=NOON + timedelta(0))
        html = found(client, amara, "bell")
        pages = [html]
        while "Older results" in html:
            address = unescape(html.split('hx-get="')[1].split('"')[0])
            html = text(client.get(address, headers={"HX-Request": "true"}))
            pages.append(html)
        assert [page.count('class="search__hit"') for page in pages] == [30, 30, 10]
        assert len({line for page in pages for line in page.split('href="')[1:]}) >= 70

    def test_it_stays_in_its_conversation(self, client: Client, amara: Conversation, number: PhoneNumber) -> None:
        message(conversation(number, "Bea", phone="+351911111111"), "secret")
        assert "search__hits" not in found(client, amara, "secret")

    def test_strangers_numbers_are_not_searched(self, client: Client, other_number: PhoneNumber) -> None:
        theirs = conversation(other_number, "Cato")
        assert client.get(f"/conversations/{theirs.pk}/search/?q=a").status_code == 404

    def test_a_deleted_message_is_found_by_who_may_read_it(
        self, client: Client, alice: Agent, amara: Conversation, settings: Any
    ) -> None:
        message(amara, "my secret", revoked_at=NOON)
        assert "search__hits" not in found(client, amara, "secret")
        settings.DELETED_TEXT = "show"
        assert "search__hits" in found(client, amara, "secret")

    def test_without_scripts_it_is_a_page(self, client: Client, amara: Conversation) -> None:
        message(amara, "Is it in stock?")
        html = text(client.get(f"/conversations/{amara.pk}/search/?q=stock"))
        assert "<html" in html
        assert "<mark>stock</mark>" in html

    def test_no_place_is_404(self, client: Client, amara: Conversation) -> None:
        assert client.get(f"/conversations/{amara.pk}/search/?q=a&before=x").status_code == 404
