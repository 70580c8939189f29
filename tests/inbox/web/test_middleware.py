"""Around every page: who may keep it, what it may use, and whose it is."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from inbox.api.tokens import make
from inbox.models import Agent, Conversation, Draft, Program
from tests.inbox.thread_rows import conversation, message
from tests.media_rows import own_files, stored  # noqa: F401
from whatsapp.models import PhoneNumber

VALUE = re.compile(r"<(?:(\w+):)?\w+>")


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every address of the product, as its patterns are written."""
    for pattern in patterns:
        written = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, written)
        else:
            yield written


@pytest.mark.django_db
class PrivateAnswerTests:
    @pytest.fixture
    def every_address(self, number: PhoneNumber) -> list[str]:
        """Each address with the ids of rows that are there, so that views answer with what they show."""
        amara = conversation(number)
        message(amara, "Good morning")
        values = {"uuid": str(stored(number).pk), "int": str(amara.pk)}
        found = [
            VALUE.sub(lambda match: values.get(match[1], str(amara.pk)), path)
            for path in addresses(get_resolver().url_patterns)
        ]
        plain = [f"/{path.replace('^', '').replace('$', '')}" for path in found]
        return [path for path in plain if "(?P" not in path and path != "/accounts/logout/"]

    def test_no_cache_keeps_an_answer_longer_than_access_may_last(
        self, client: Client, admin: Agent, every_address: list[str]
    ) -> None:
        assert len(every_address) > 100
        client.force_login(admin)
        kept = {}
        for path in every_address:
            answer = client.get(path)
            policy = answer.headers.get("Cache-Control", "")
            age = re.fullmatch(r"private, max-age=(\d+)", policy)
            if "no-store" not in policy and not (age and int(age[1]) <= 300 and "Cookie" in answer.headers["Vary"]):
                kept[path] = (answer.status_code, policy)
        assert kept == {}

    def test_nothing_of_the_api_is_kept(self, client: Client, number: PhoneNumber, every_address: list[str]) -> None:
        program = Program.objects.create(name="CRM", all_numbers=True)
        _, token = make(program)
        for path in [path for path in every_address if path.startswith("/api/")]:
            for headers in ({}, {"Authorization": f"Bearer {token}"}):
                answer = client.get(path, headers=headers)
                assert (path, answer.headers["Cache-Control"]) == (path, "private, no-store")

    def test_a_page_may_use_only_what_it_needs(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        allowed = client.get("/").headers["Permissions-Policy"].split(", ")
        assert {"microphone=(self)", "geolocation=(self)", "camera=()", "usb=()", "payment=()"} <= set(allowed)

    def test_errors_and_strangers_answers_are_not_kept_either(self, client: Client, db: None) -> None:
        for path in ("/", "/nothing-here/", f"/media/{uuid.uuid4()}/", "/accounts/login/", "/health/live", "/metrics"):
            assert "no-store" in client.get(path).headers["Cache-Control"], path


@pytest.mark.django_db
class SameAgentTests:
    @pytest.fixture
    def amara(self, number: PhoneNumber) -> Conversation:
        return conversation(number)

    def write(self, client: Client, amara: Conversation, whose: Agent) -> int:
        headers = {"X-Agent": str(whose.pk), "HX-Request": "true"}
        return client.post(f"/conversations/{amara.pk}/draft/", {"text": "Hello"}, headers=headers).status_code

    def test_a_page_of_somebody_else_changes_nothing(
        self, client: Client, alice: Agent, bob: Agent, amara: Conversation
    ) -> None:
        client.force_login(bob)
        assert self.write(client, amara, alice) == 403
        assert not Draft.objects.exists()
        assert self.write(client, amara, bob) in (200, 204)
        assert Draft.objects.get().agent == bob

    def test_who_is_signed_out_is_led_to_the_login(self, client: Client, alice: Agent, amara: Conversation) -> None:
        assert self.write(client, amara, alice) == 302
