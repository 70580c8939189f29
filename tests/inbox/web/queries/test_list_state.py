"""What an agent's list shows to nobody else."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from inbox import drafts
from inbox.models import Agent, Draft, Upload
from tests.inbox.thread_rows import conversation, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def draft_of(html: str) -> str:
    """What the only row of a list says was not sent."""
    line = re.search(r'data-row-draft( hidden)?>.*?dir="auto">(.*?)</span>', html)
    assert line
    assert bool(line[1]) == (not line[2])
    return line[2]


class DraftTests:
    @pytest.fixture
    def draft(self, alice: Agent, number: PhoneNumber) -> Draft:
        amara = conversation(number)
        message(amara, "Is it in stock?")
        return Draft.objects.create(conversation=amara, agent=alice, text="  Yes, <b>two</b>\n")

    def list_of(self, client: Client, agent: Agent) -> str:
        client.force_login(agent)
        html = client.get("/").content.decode()
        assert "Is it in stock?" in html
        return html

    def test_it_marks_what_the_agent_has_not_sent(self, client: Client, alice: Agent, draft: Draft) -> None:
        assert draft_of(self.list_of(client, alice)) == "Yes, &lt;b&gt;two&lt;/b&gt;"
        drafts.sent(draft.conversation, alice, drafts.token_of(draft), draft.text.strip())
        assert draft_of(self.list_of(client, alice)) == ""

    def test_it_is_nobody_elses(self, client: Client, number: PhoneNumber, draft: Draft) -> None:
        dora = Agent.objects.create_user("dora")
        dora.numbers.add(number)
        assert draft_of(self.list_of(client, dora)) == ""

    @pytest.mark.parametrize("files", [0, 2])
    def test_it_marks_files_without_words(self, client: Client, alice: Agent, draft: Draft, files: int) -> None:
        Draft.objects.update(text=" \n")
        for _ in range(files):
            Upload.objects.create(
                number=draft.conversation.number, draft=draft, agent=alice, kind="image", original_size=1
            )
        assert draft_of(self.list_of(client, alice)) == ("files" if files else "")

    @pytest.mark.django_db(transaction=True)
    def test_a_live_row_keeps_it(self, client: Client, alice: Agent, draft: Draft) -> None:
        client.force_login(alice)
        html = client.get("/changes/", {"since": "1:1:", "open": ""}).content.decode()
        assert draft_of(html) == "Yes, &lt;b&gt;two&lt;/b&gt;"
