"""Pages travel compressed; files do not."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from inbox.models import Agent
from tests.inbox.thread_rows import conversation, thread
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


class CompressPagesTests:
    def test_a_page_is_compressed_for_who_takes_it(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        amara = conversation(number)
        thread(amara, 50)
        client.force_login(alice)
        address = f"/conversations/{amara.pk}/"
        plain = client.get(address)
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain
        assert packed["Content-Encoding"] == "gzip"
        assert len(packed.content) * 4 < len(plain.content)
        assert b"Message 50" in gzip.decompress(packed.content)

    def test_what_is_no_page_is_left_alone(self, client: Client) -> None:
        answer = client.get("/api/v1/conversations/" + "x" * 500, headers={"Accept-Encoding": "gzip"})
        assert not answer["Content-Type"].startswith("text/html")
        assert "Content-Encoding" not in answer
