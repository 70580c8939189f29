"""Fixtures for every test: two of our numbers, the agents alice and bob who may, and charlie who may not."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from hypothesis import HealthCheck

from inbox.models import Agent
from whatsapp.models import PhoneNumber

# A busy machine is slow, and no test is about speed.
hypothesis.settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("unhurried")

pytest_plugins = ["tests.aws_services", "tests.databases", "tests.servers", "tests.simulated"]

#: The queue's tables. Django empties its own after a test that commits, not these, which it does not manage.
QUEUE = "procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers"


@pytest.fixture(autouse=True)
def _leave_no_jobs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Jobs and workers that a committing test left would be found by the tests after it."""
    yield
    if "transactional_db" not in request.fixturenames and not _commits(request.node):
        return
    with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {QUEUE} CASCADE")


def _commits(node: pytest.Item) -> bool:
    marker = node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


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


@pytest.fixture(autouse=True)
def _no_jobs_from_other_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that commit leave Procrastinate's tables as they found them: Django does not know that they are ours."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker and marker.kwargs.get("transaction"):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE")
