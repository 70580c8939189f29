"""Quotas: what one agent, program or account may use, counted for all processes together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.db.models import F
from django.test import Client

from inbox import tasks
from inbox.api.tokens import make
from inbox.changes import stream_limit
from inbox.media import uploads
from inbox.models import Agent, OpenStream, Program, Upload, Usage
from inbox.quotas import Quota
from tests.inbox.changes.test_stream import cookies, stream
from tests.inbox.thread_rows import conversation
from tests.media_rows import own_files  # noqa: F401
from tests.servers import WebServer, wait_until, web_process
from whatsapp.models import PhoneNumber

THREE = Quota("tries", 3, 60)


def pass_by(**time: float) -> None:
    """Let time pass for every count."""
    Usage.objects.update(since=F("since") - timedelta(**time))


@pytest.mark.django_db
class QuotaTests:
    def test_it_works(self) -> None:
        assert [THREE.take("alice") for _ in range(3)] == [0, 0, 0]
        assert 50 < THREE.take("alice") <= 60
        assert THREE.take("bob") == 0

    def test_it_begins_again_when_its_time_is_over(self) -> None:
        for _ in range(4):
            THREE.take("alice")
        pass_by(seconds=59)
        assert THREE.wait("alice") == THREE.take("alice") == 1
        pass_by(seconds=1)
        assert THREE.wait("alice") == 0
        assert [bool(THREE.take("alice")) for _ in range(4)] == [False, False, False, True]

    def test_what_was_refused_is_not_used(self) -> None:
        assert THREE.take("alice", 2) == 0
        assert THREE.take("alice", 2) > 0
        assert THREE.take("alice", 1) == 0
        assert THREE.take("bob", 4) == 60

    def test_no_limit_is_no_limit(self) -> None:
        assert not any(Quota("tries", 0, 60).take("alice", 10**12) for _ in range(5))
        assert Usage.objects.count() == 0

    def test_counts_are_forgotten_after_days(self) -> None:
        THREE.take("alice")
        pass_by(days=1)
        tasks.forget(0)
        assert Usage.objects.count() == 1
        pass_by(days=1, seconds=1)
        tasks.forget(0)
        assert Usage.objects.count() == 0


@pytest.mark.django_db(transaction=True)
class ManyAtOnceTests:
    def test_no_two_get_the_last_one(self) -> None:
        def take(_: int) -> bool:
            try:
                return Quota("tries", 20, 60).take("alice") == 0
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, range(60))) == 20


@pytest.mark.django_db
class ApiCallTests:
    @pytest.fixture(autouse=True)
    def _few(self, settings: Any) -> None:
        settings.API_CALLS_PER_MINUTE = 3

    def client(self, name: str) -> Client:
        return Client(headers={"Authorization": f"Bearer {make(Program.objects.create(name=name))[1]}"})

    def test_a_program_beyond_its_quota_is_told_when_to_try_again(self) -> None:
        crm, shop = self.client("CRM"), self.client("Shop")
        assert [crm.get(f"/api/{path}").status_code for path in ("numbers", "messages", "contacts")] == [200] * 3
        for answer in (crm.get("/api/numbers"), crm.post("/api/whatsapp/send", {}, content_type="application/json")):
            assert answer.status_code == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 60
            assert answer.json()["code"] == "too_many_requests"
        assert shop.get("/api/numbers").status_code == 200
        pass_by(seconds=60)
        assert crm.get("/api/numbers").status_code == 200

    def test_two_tokens_of_a_program_share_its_quota(self) -> None:
        program = Program.objects.create(name="CRM")
        answers = []
        for _ in range(4):
            _, token = make(program)
            answers.append(Client(headers={"Authorization": f"Bearer {token}"}).get("/api/numbers").status_code)
        assert answers == [200, 200, 200, 429]


@pytest.mark.django_db
class UploadTests:
    PDF = b"%PDF-1.4\n" + b"x" * 600_000

    @pytest.fixture(autouse=True)
    def _little(self, settings: Any) -> None:
        settings.UPLOAD_MB_PER_DAY = 1

    def test_an_agent_beyond_the_quota_is_told_so(
        self, client: Client, alice: Agent, bob: Agent, number: PhoneNumber
    ) -> None:
        amara = conversation(number)

        def attach(agent: Agent) -> Any:
            client.force_login(agent)
            return client.post(f"/conversations/{amara.pk}/uploads/", {"file": SimpleUploadedFile("a.pdf", self.PDF)})

        assert attach(alice).status_code == 200
        answer = attach(alice)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 80_000
        assert answer.content.decode().startswith("You uploaded 1 MB within a day")
        assert Upload.objects.count() == 1
        assert attach(bob).status_code == 200
        pass_by(days=1)
        assert attach(alice).status_code == 200

    def test_a_program_beyond_the_quota_is_told_so_however_the_file_comes(self, number: PhoneNumber) -> None:
        program = Program.objects.create(name="CRM", all_numbers=True)
        api = Client(headers={"Authorization": f"Bearer {make(program)[1]}"})
        assert api.post("/api/media", {"file": SimpleUploadedFile("a.pdf", self.PDF)}).status_code == 201
        form = api.post("/api/media", {"file": SimpleUploadedFile("a.pdf", self.PDF)})
        sent = api.post("/api/whatsapp/send", {"phone": "+351912345678", "file": SimpleUploadedFile("a.pdf", self.PDF)})
        for answer in (form, sent):
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
            assert "Retry-After" in answer.headers
        assert Upload.objects.count() == 1

    def test_what_is_refused_anyway_uses_nothing(self, alice: Agent, number: PhoneNumber) -> None:
        with pytest.raises(uploads.FileRefusedError):
            uploads.receive(BytesIO(b""), number=number, file_name="a.pdf", agent=alice)
        assert Usage.objects.count() == 0


class StreamTests:
    @pytest.fixture(autouse=True)
    def _few(self, settings: Any) -> None:
        settings.LIVE_STREAMS_PER_AGENT = 2

    def refused(self, url: str, agent: Agent) -> bool:
        with requests.get(url + "/live/", cookies=cookies(agent), stream=True, timeout=30) as answer:
            if answer.status_code == 429:
                assert answer.headers["Retry-After"] == "30"
            return answer.status_code == 429

    def test_an_agent_has_so_many_and_others_have_theirs(self, web_server: WebServer, alice: Agent, bob: Agent) -> None:
        with stream(web_server, alice), stream(web_server, alice, listening=False):
            assert self.refused(web_server.url, alice)
            assert not self.refused(web_server.url, bob)
        wait_until(lambda: not self.refused(web_server.url, alice))

    def test_all_processes_count_together(self, web_server: WebServer, alice: Agent) -> None:
        with (
            web_process(LIVE_STREAMS_PER_AGENT="2") as other,
            stream(web_server, alice),
            stream(other, alice),
        ):
            assert self.refused(web_server.url, alice)
            assert self.refused(other.url, alice)

    def test_the_streams_of_a_dead_process_end_by_themselves(self, web_server: WebServer, alice: Agent) -> None:
        with (
            web_process(LIVE_STREAMS_PER_AGENT="2") as other,
            stream(other, alice),
            stream(other, alice, listening=False),
        ):
            other.running.kill()
            other.running.wait()
        assert self.refused(web_server.url, alice)
        OpenStream.objects.update(until=F("until") - timedelta(seconds=stream_limit.LIFETIME))
        assert not self.refused(web_server.url, alice)

    def test_a_process_that_stops_leaves_none_behind(self, web_server: WebServer, alice: Agent) -> None:
        with stream(web_server, alice):
            web_server.stop()
        assert OpenStream.objects.count() == 0

    def test_no_two_get_the_last_one(self, transactional_db: None, alice: Agent) -> None:
        def open_one(_: int) -> bool:
            try:
                return stream_limit.open_stream(alice.pk) is not None
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(open_one, range(16))) == 2
