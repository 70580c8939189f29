"""An agent's preferences: language and theme."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.models import Agent
from tests.inbox.web.views.test_conversations import text

pytestmark = pytest.mark.django_db


class ThemeTests:
    def test_it_keeps_the_choice_and_goes_back(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        response = client.post("/theme/", {"theme": "dark", "next": "/?filter=unread"})
        assert response.status_code == 302
        assert response.headers["Location"] == "/?filter=unread"
        assert '<html lang="en" data-theme="dark">' in text(client.get("/"))
        client.post("/theme/", {"theme": ""})
        assert '<html lang="en">' in text(client.get("/"))

    def test_it_leads_to_no_other_site(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        response = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})
        assert response.headers["Location"] == "/"

    def test_it_changes_only_the_one_who_asks(self, client: Client, alice: Agent, bob: Agent) -> None:
        client.force_login(alice)
        client.post("/theme/", {"theme": "dark"})
        bob.refresh_from_db()
        assert bob.theme == ""

    def test_it_refuses_an_unknown_theme(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.post("/theme/", {"theme": '"><script>'}).status_code == 400

    def test_it_refuses_other_methods_and_strangers(self, client: Client, alice: Agent) -> None:
        assert client.post("/theme/", {"theme": "dark"}).status_code == 302
        client.force_login(alice)
        assert client.get("/theme/").status_code == 405


class PreferencesTests:
    def test_it_shows_what_is_chosen(self, client: Client, alice: Agent) -> None:
        Agent.objects.filter(pk=alice.pk).update(language="en", theme="dark")
        client.force_login(alice)
        page = text(client.get("/preferences/"))
        assert '<option value="en" selected>English</option>' in page
        assert '<option value="dark" selected>Dark</option>' in page
        assert '<option value="">Same as the browser</option>' in page

    def test_it_saves_both_and_answers_in_the_new_language(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        response = client.post("/preferences/", {"language": "ar", "theme": "light"}, follow=True)
        assert response.redirect_chain == [("/preferences/", 302)]
        assert '<html lang="ar" dir="rtl" data-theme="light">' in text(response)
        alice.refresh_from_db()
        assert (alice.language, alice.theme) == ("ar", "light")

    @pytest.mark.parametrize("wrong", [{"language": "xx"}, {"theme": "pink"}])
    def test_it_refuses_what_is_no_choice(self, client: Client, alice: Agent, wrong: dict[str, str]) -> None:
        client.force_login(alice)
        assert client.post("/preferences/", wrong).status_code == 422
        alice.refresh_from_db()
        assert (alice.language, alice.theme) == ("", "")

    def test_it_is_for_agents_alone(self, client: Client) -> None:
        assert client.get("/preferences/").status_code == 302
