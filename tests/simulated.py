"""The product connected to a running simulator: what it sends arrives on a phone, and its receipts come back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from inbox.models import Conversation, Message, OutboxEntry, Pace
from inbox.operations.demo import people
from inbox.receiving import pipeline
from inbox.sending import delivery, queue
from inbox.sending.queue import Intent
from simulator.control.client import SimulatorClient
from simulator.network import world
from simulator.server import Simulator
from tests.servers import WebServer
from whatsapp.events import Kind
from whatsapp.models import PhoneNumber


class Phone(SimulatorClient):
    """The control API of the simulator, and one customer's part in a conversation with our first number."""

    number: PhoneNumber

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator.origin)
        self.simulator = simulator

    def writes(self, text: str = "Hello", *, person: str = "amara", kind: str = "text", **draft: Any) -> Conversation:
        """The customer writes, so the window is open. Returns the conversation."""
        wamid = self.send(person, self.number.phone_number_id, kind, text=text, **draft)
        self.settle()
        return Message.objects.select_related("conversation__number").get(wamid=wamid).conversation

    def settle(self) -> None:
        """Until everything that WhatsApp posted is understood."""
        self.wait_until_posted()
        pipeline.drain()

    def shows(self, person: str = "amara") -> list[dict[str, Any]]:
        """What came from us on the customer's phone, in order."""
        return [one for one in self.messages(person=person, number=self.number.phone_number_id) if not one["mine"]]


@pytest.fixture
def phone(web_server: WebServer, tmp_path: Path, settings: Any) -> Iterator[Phone]:
    """A simulator that posts to the real web process, and a product that takes it for Meta."""
    running = Simulator(
        folder=tmp_path / "simulator",
        webhook_url=f"{web_server.url}/webhooks/meta/",
        app_secret=settings.WHATSAPP_APP_SECRETS[0],
    )
    settings.WHATSAPP_GRAPH_URL = settings.WHATSAPP_SIMULATOR_URL = running.origin
    settings.MEDIA_ROOT = tmp_path / "media"
    phone = Phone(running)
    numbers = [
        PhoneNumber.objects.create(
            phone_number_id=number.phone_number_id,
            waba_id=number.waba_id,
            display_number=number.display,
            name=number.name,
            **people.at_provider(number),
        )
        for number in world.NUMBERS
    ]
    phone.number = numbers[0]
    running.start()
    yield phone
    running.stop()


def queue_text(conversation: Conversation, text: str = "Good morning!", **options: Any) -> Message:
    """A text of ours, queued but not sent."""
    options.setdefault("client_token", uuid.uuid4())
    return queue.queue(conversation, Intent(kind=Kind.TEXT, text=text), **options)


def deliver_all() -> int:
    """What a worker does: send until nothing may leave. Returns how many were tried."""
    count = 0
    while delivery.deliver_next():
        count += 1
    return count


def due_now() -> None:
    """As if the waits of everything queued were over."""
    OutboxEntry.objects.update(due_at=timezone.now())
    Pace.objects.all().delete()
