"""A customer's conversation, and its thread as an agent sees it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inbox.models import Agent, Conversation
from tests.inbox.thread_rows import conversation
from tests.inbox.web.views.test_conversations import text
from whatsapp.models import PhoneNumber


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    return conversation(number)


@pytest.fixture
def shown(client: Client, alice: Agent, amara: Conversation) -> Any:
    """The messages of the thread as alice sees them."""

    def read() -> str:
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        return html.split('class="thread__messages"')[1].split('class="thread__foot"')[0]

    return read
