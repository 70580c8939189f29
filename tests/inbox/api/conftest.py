"""Fixtures of the API's tests: a program of ``number``, and what calls the API with its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client

from inbox.api import tokens
from inbox.models import Program
from tests.servers import WebServer
from tests.simulated import Phone
from whatsapp.models import PhoneNumber

Caller = Callable[..., Any]
AMARA = "+351915550123"


@pytest.fixture
def program(number: PhoneNumber) -> Program:
    program = Program.objects.create(name="Shop")
    program.numbers.add(number)
    return program


@pytest.fixture
def other_program(other_number: PhoneNumber) -> Program:
    """A program of another number only."""
    program = Program.objects.create(name="Somebody else")
    program.numbers.add(other_number)
    return program


def client_of(program: Program) -> Client:
    """A client that sends a token of this program with every request."""
    return Client(headers={"Authorization": f"Bearer {tokens.make(program)[1]}"}, raise_request_exception=False)


@pytest.fixture
def api(program: Program) -> Client:
    return client_of(program)


@pytest.fixture
def stranger(other_program: Program) -> Client:
    return client_of(other_program)


class Shop:
    """A program that calls the API of a running web process."""

    def __init__(self, origin: str, program: Program) -> None:
        self.origin, self.program = origin, program
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {tokens.make(program)[1]}"

    def post(self, path: str, body: Any = None, *, key: str = "", **options: Any) -> requests.Response:
        if key:
            options["headers"] = {"Idempotency-Key": key}
        if body is not None:
            options["json"] = body
        return self.session.post(f"{self.origin}/api/{path}", timeout=20, **options)

    def get(self, path: str) -> Any:
        return self.session.get(f"{self.origin}/api/{path}", timeout=20).json()

    def send(self, body: Any = None, **options: Any) -> dict[str, Any]:
        """Send, and see it queued."""
        answer = self.post("whatsapp/send", body, **options)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        assert found["status"] == "queued"
        return found


@pytest.fixture
def shop(phone: Phone, web_server: WebServer) -> Shop:
    program = Program.objects.create(name="Shop")
    program.numbers.add(phone.number)
    return Shop(web_server.url, program)
