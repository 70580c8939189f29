"""The demo inbox, loaded as `make run` loads it: through the simulator, the real endpoint, and receiving."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

from inbox.models import Agent, Conversation, Media, Message, Reaction, Revision
from inbox.operations.demo import loading, people, script
from inbox.receiving import pipeline
from simulator.control.client import SimulatorClient
from simulator.network import world
from simulator.server import Simulator
from tests.servers import WebServer
from whatsapp.events import Kind, Status
from whatsapp.models import Notification, NumberUpdate, PhoneNumber

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(web_server: WebServer, tmp_path: Path, settings: Settings) -> Iterator[SimulatorClient]:
    simulator = Simulator(
        folder=tmp_path / "simulator",
        webhook_url=web_server.url + "/webhooks/meta/",
        app_secret=settings.WHATSAPP_APP_SECRETS[0],
    )
    simulator.start()
    settings.WHATSAPP_SIMULATOR_URL = settings.WHATSAPP_GRAPH_URL = simulator.origin
    # The simulated AWS signs with a key that counts in development only.
    settings.DEBUG, settings.AWS_SNS_TOPICS = True, [world.AWS_TOPIC]
    yield SimulatorClient(simulator.origin)
    simulator.stop()


@pytest.fixture
def worker() -> Iterator[None]:
    """Works the journal off, as the worker's process does."""
    stopping = threading.Event()

    def drain() -> None:
        try:
            while not stopping.wait(0.05):
                pipeline.drain()
        finally:
            connections.close_all()

    thread = threading.Thread(target=drain)
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.mark.usefixtures("worker")
class LoadTests:
    def test_it_works(self, simulator: SimulatorClient) -> None:
        people.ensure("a password for the demo")
        said: list[str] = []
        loading.load(simulator, said.append)

        names = set(Conversation.objects.values_list("contact__profile_name", flat=True))
        assert {story.name for story in script.STORIES} <= names
        assert len(said) == len(script.STORIES)
        self.check_that_everything_is_shown()
        self.check_that_only_some_is_late_and_unread()

        before = self.counts()
        loading.load(simulator, said.append)
        assert self.counts() == before
        assert len(said) == len(script.STORIES)

    def check_that_everything_is_shown(self) -> None:
        kinds = set(Message.objects.values_list("kind", flat=True))
        assert kinds == {kind.value for kind in Kind} - {Kind.TEMPLATE}
        statuses = set(Message.objects.exclude(status="").values_list("status", flat=True))
        assert {Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED} <= statuses
        assert Reaction.objects.exclude(emoji="").exists()
        assert set(Revision.objects.values_list("kind", flat=True)) == {"edit", "revoke"}
        assert Message.objects.filter(context__has_key="referral").exists()
        assert Message.objects.exclude(quoted=None).exists()
        assert Conversation.objects.get(contact__is_group=True).contact.profile_name == "Sunday ride"
        assert Conversation.objects.filter(contact__phone=None, contact__is_group=False).exists()
        assert Notification.objects.parked().count() == 1
        assert PhoneNumber.objects.filter(state=PhoneNumber.State.UNKNOWN).count() == 1
        assert NumberUpdate.objects.filter(number__isnull=False).exists()
        assert Media.objects.filter(state=Media.State.PENDING).count() > 10

    def check_that_only_some_is_late_and_unread(self) -> None:
        known = Message.objects.exclude(number__state=PhoneNumber.State.UNKNOWN)
        late = [message.text for message in known if message.late_by > 60]
        assert late == [step.text for story in script.STORIES for step in story.steps if step.late]
        unread = Counter(Conversation.objects.values_list("unread_count", flat=True))
        assert unread[0] >= sum(story.read for story in script.STORIES)
        assert len(unread) > 2

    def counts(self) -> list[int]:
        return [model.objects.count() for model in (Conversation, Message, Media, Notification, Reaction, Agent)]

    def test_a_load_that_was_interrupted_goes_on(self, simulator: SimulatorClient) -> None:
        people.ensure("a password for the demo")
        places: list[str] = []

        def interrupt(words: str) -> None:
            places.append(words)
            if len(places) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loading.load(simulator, interrupt)
        assert not loading.is_loaded()
        loading.load(simulator, places.append)

        assert loading.is_loaded()
        for story in script.STORIES:
            conversation = Conversation.objects.get(
                number__phone_number_id=story.number, contact__profile_name=story.name
            )
            shown = [step for step in story.steps if step.kind not in ("reaction", "edit", "revoke")]
            assert conversation.messages.count() == len(shown), story.name


@pytest.mark.django_db
class PeopleTests:
    def test_it_enters_what_an_administrator_would(self) -> None:
        known = people.ensure("a password for the demo")
        assert known == {"agent": True, "admin": True, "jonas": True}
        agent, admin = Agent.objects.get(username="agent"), Agent.objects.get(username="admin")
        assert [number.phone_number_id for number in agent.numbers.order_by("id")] == [
            number.phone_number_id for number in world.NUMBERS
        ]
        assert admin.is_superuser
        assert not agent.is_staff
        assert PhoneNumber.objects.earliest("id").access_token == world.ACCESS_TOKEN

    def test_it_leaves_what_people_changed(self) -> None:
        people.ensure("a password for the demo")
        agent = Agent.objects.get(username="agent")
        agent.set_password("my own password")
        agent.first_name = "Joana"
        agent.save()
        agent.numbers.clear()

        assert people.ensure("a password for the demo") == {"agent": False, "admin": True, "jonas": True}
        agent.refresh_from_db()
        assert agent.first_name == "Joana"
        assert agent.check_password("my own password")
        assert not agent.numbers.exists()
        assert Agent.objects.count() == 3
        assert PhoneNumber.objects.count() == len(world.NUMBERS)


class CommandTests:
    def test_it_is_for_development_only(self, settings: Settings) -> None:
        settings.DEBUG = False
        with pytest.raises(CommandError, match="for development"):
            call_command("demo")
        assert not Agent.objects.exists()

    def test_without_a_simulator_it_says_so(self, settings: Settings) -> None:
        settings.DEBUG = True
        settings.WHATSAPP_SIMULATOR_URL = "http://127.0.0.1:9"
        with pytest.raises(CommandError, match="does not answer"):
            call_command("demo")
