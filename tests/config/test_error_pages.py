"""What people read when something is not there, not allowed, or broken."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config.urls import urlpatterns as real_urls
from inbox.models import Agent


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the code")


urlpatterns = [path("broken/", broken), *real_urls]


@pytest.mark.django_db
class ErrorPagesTests:
    def test_a_page_that_is_not_there_leads_back_to_the_inbox(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        response = client.get("/conversations/404404/")
        html = response.content.decode()
        assert response.status_code == 404
        assert "Page not found" in html
        assert 'href="/"' in html

    def test_an_unknown_address_says_nothing_to_a_stranger(self, client: Client) -> None:
        assert client.get("/nothing/").status_code == 404

    def test_a_forged_form_is_told_to_read_the_page_again(self, alice: Agent) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        response = strict.post("/theme/", {"theme": "dark"})
        assert response.status_code == 403
        assert "Nothing was changed" in response.content.decode()

    @override_settings(ROOT_URLCONF="tests.config.test_error_pages")
    def test_a_fault_of_ours_is_admitted_and_not_explained(self, alice: Agent) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(alice)
        response = client.get("/broken/")
        html = response.content.decode()
        assert response.status_code == 500
        assert "Something went wrong" in html
        assert "secret" not in html
