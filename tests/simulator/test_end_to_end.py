"""The simulator and the product, over HTTP both ways: nothing is lost, nothing is twice, every file arrives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.media import fetch
from inbox.models import Media, Message
from inbox.receiving import pipeline
from simulator.control import everything
from simulator.network import world
from simulator.server import Simulator
from tests.servers import WebServer
from tests.simulator.conftest import NUMBER, Api
from whatsapp.models import Notification, PhoneNumber


@pytest.fixture
def connected(web_server: WebServer, tmp_path: Path, settings: Any) -> Iterator[Simulator]:
    """A simulator that posts to the real web process, and a product that takes it for Meta."""
    running = Simulator(
        folder=tmp_path,
        webhook_url=f"{web_server.url}/webhooks/meta/",
        app_secret=settings.WHATSAPP_APP_SECRETS[0],
    )
    settings.WHATSAPP_GRAPH_URL = settings.WHATSAPP_SIMULATOR_URL = running.origin
    for number in world.NUMBERS:
        PhoneNumber.objects.create(
            phone_number_id=number.phone_number_id,
            waba_id=world.WABA_ID,
            name=number.name,
            access_token=world.ACCESS_TOKEN,
        )
    running.start()
    yield running
    running.stop()


def settle(api: Api) -> None:
    """Until everything posted is understood and every file was tried once."""
    api.wait_until_posted()
    pipeline.drain()
    for row in Media.objects.filter(state=Media.State.PENDING):
        fetch.fetch(row.pk)


class EndToEndTests:
    def test_every_kind_of_message_arrives_with_its_file(self, connected: Simulator) -> None:
        people = connected.exchange.store.people()
        for person in people:
            everything.send(connected.exchange, person, NUMBER)

        settle(Api(connected.origin))

        assert not Notification.objects.exclude(state=Notification.State.PROCESSED).exists()
        assert not Notification.objects.exclude(problems=[]).exists()
        shown = len(everything.drafts()) + 3
        assert Message.objects.count() == shown * len(people)
        assert set(Media.objects.values_list("state", flat=True)) == {Media.State.STORED}
        for row in Media.objects.all():
            held = connected.exchange.store.media(row.media_id)
            assert held is not None
            with row.file.open("rb") as file:
                assert file.read() == connected.exchange.store.media_path(held).read_bytes()

    def test_a_whatsapp_that_misbehaves_loses_and_doubles_nothing(self, connected: Simulator) -> None:
        api = Api(connected.origin)
        api.faults(webhook_twice=True, webhook_disorder=True, webhook_batch=True)

        wamids = {api.write(text=f"No. {n}", person=person) for n in range(10) for person in ("amara", "tomasz", "mei")}
        settle(api)

        assert set(Message.objects.values_list("wamid", flat=True)) == wamids
        assert Message.objects.count() == len(wamids) == 30

    def test_a_file_arrives_once_its_fault_is_mended(self, connected: Simulator) -> None:
        api = Api(connected.origin)
        api.write("image", faults=["media_expired"])
        for fault in ("media_unavailable", "media_wrong_hash", "media_truncated"):
            api.write("image", faults=[fault])
        settle(api)
        waiting = Media.objects.filter(state=Media.State.RETRYING)
        assert Media.objects.filter(state=Media.State.STORED).count() == 1
        assert waiting.count() == 3
        assert all(row.error for row in waiting)

        for row in list(waiting):
            api.media_fault(row.media_id)
            fetch.fetch_again(row)
            fetch.fetch(row.pk)

        assert set(Media.objects.values_list("state", flat=True)) == {Media.State.STORED}
