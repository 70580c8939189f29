"""`manage.py api_token`: prints a token that works, and nothing else."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from inbox.models import Program
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("api_token", *words, stdout=out)
    return out.getvalue()


class ApiTokenTests:
    def test_it_prints_a_token_that_works_and_nothing_else(self, number: PhoneNumber) -> None:
        printed = run("Shop")
        assert printed.count("\n") == 1
        client = Client(headers={"Authorization": f"Bearer {printed.strip()}"})
        assert len(client.get("/api/numbers").json()["numbers"]) == 1

    def test_it_gives_the_numbers_that_are_named(self, number: PhoneNumber, other_number: PhoneNumber) -> None:
        token = run("Shop", "--number", other_number.phone_number_id, "--read-only").strip()
        client = Client(headers={"Authorization": f"Bearer {token}"})
        (found,) = client.get("/api/numbers").json()["numbers"]
        assert found["phoneNumberId"] == other_number.phone_number_id
        assert not Program.objects.get().may_send

    def test_it_gives_an_existing_program_another_token(self, number: PhoneNumber) -> None:
        assert run("Shop") != run("Shop")
        assert Program.objects.get().tokens.count() == 2
        with pytest.raises(CommandError, match="in the admin"):
            run("Shop", "--read-only")

    def test_it_refuses_an_unknown_number(self, number: PhoneNumber) -> None:
        with pytest.raises(CommandError, match="no connected number"):
            run("Shop", "--number", "123")
        assert not Program.objects.exists()
