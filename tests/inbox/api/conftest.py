"""Fixtures of the API's tests: a program of ``number``, and what calls the API with its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from inbox import tokens
from inbox.models import Program
from whatsapp.models import PhoneNumber

Caller = Callable[..., Any]


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
