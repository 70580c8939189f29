"""Fixtures for every test: two of our numbers, the agents alice and bob who may, and charlie who may not."""

from __future__ import annotations

import gc

import hypothesis
import pytest
from hypothesis import HealthCheck

from core.sandbox import Lock
from core.sandbox import parent as sandbox
from core.sandbox.probe import Protection
from inbox.models import Agent
from whatsapp.models import PhoneNumber

# What is imported and collected stays to the end: looking for garbage in it took a quarter of the collection's time.
gc.disable()

# A busy machine is slow, and no test is about speed.
hypothesis.settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("unhurried")

pytest_plugins = [
    "tests.aws_services",
    "tests.committed",
    "tests.databases",
    "tests.servers",
    "tests.poolers",
    "tests.simulated",
]


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def sandbox_is_known() -> None:
    """Tried once in each process, before tests let other programs run in the child's place."""
    sandbox.protection()


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose kernel has no Landlock."""
    found = Protection(Lock.FILTER, (), "could not lock itself in: [Errno 38] Function not implemented")
    monkeypatch.setattr(sandbox, "_found", found)


@pytest.fixture
def number(db: None) -> PhoneNumber:
    return PhoneNumber.objects.create(
        phone_number_id="200000000000001",
        waba_id="100000000000001",
        display_number="+351 21 555 0100",
        name="Norte Service",
        access_token="TEST-TOKEN-1",
    )


@pytest.fixture
def other_number(db: None) -> PhoneNumber:
    return PhoneNumber.objects.create(
        phone_number_id="200000000000002",
        waba_id="100000000000001",
        display_number="+351 21 555 0200",
        name="Norte Lisboa",
        access_token="TEST-TOKEN-2",
    )


@pytest.fixture
def alice(number: PhoneNumber) -> Agent:
    """An agent of ``number``."""
    agent = Agent.objects.create_user("alice", "alice@example.com", "a password for alice", first_name="Alice")
    agent.numbers.add(number)
    return agent


@pytest.fixture
def bob(number: PhoneNumber) -> Agent:
    """Alice's colleague on the same number."""
    agent = Agent.objects.create_user("bob", "bob@example.com", "a password for bob", first_name="Bob")
    agent.numbers.add(number)
    return agent


@pytest.fixture
def charlie(other_number: PhoneNumber) -> Agent:
    """An agent of another number only."""
    agent = Agent.objects.create_user("charlie", "charlie@example.com", "a password for charlie", first_name="Charlie")
    agent.numbers.add(other_number)
    return agent


@pytest.fixture
def admin(db: None) -> Agent:
    return Agent.objects.create_superuser("admin", "admin@example.com", "a password for admin", first_name="Ada")
