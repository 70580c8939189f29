"""An inbound message can be followed through the log, from the webhook to its stored file."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from inbox.models import Message
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import store
from tests.servers import WebServer
from tests.webhooks import post
from whatsapp.models import Notification, PhoneNumber
from whatsapp.webhooks import journal

pytestmark = pytest.mark.django_db(transaction=True)


def logged(lines: Any, event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


@pytest.fixture(autouse=True)
def _heard() -> None:
    """capture_logs() hears only loggers that have not been used yet."""
    structlog.configure(cache_logger_on_first_use=False)


class FollowingTests:
    def test_the_endpoint_names_the_notifications_that_it_accepted(
        self, web_server: WebServer, number: PhoneNumber
    ) -> None:
        with capture_logs() as lines:
            for _ in range(3):
                body = payloads.encode(payloads.notification(payloads.message()))
                assert post(web_server, body).status_code == 200
        named = [id for line in logged(lines, "webhooks_committed") for id in line["notifications"]]
        assert sorted(named) == sorted(Notification.objects.values_list("pk", flat=True))

    def test_so_does_a_queue_of_aws(self) -> None:
        with capture_logs() as lines:
            journal.add("aws", [b"{}", b"[]"])
        (line,) = logged(lines, "webhooks_committed")
        assert sorted(line["notifications"]) == sorted(Notification.objects.values_list("pk", flat=True))

    def test_what_became_of_each_is_told_once_it_is_committed(self, number: PhoneNumber) -> None:
        for _ in range(3):
            store(payloads.notification(payloads.message(), payloads.message()))
        with capture_logs() as lines:
            pipeline.drain()
        named = [pair for line in logged(lines, "messages_applied") for pair in line["messages"]]
        assert sorted(named) == sorted(f"{row.notification_id}:{row.pk}" for row in Message.objects.all())

    def test_nothing_is_told_of_what_was_there_already(self, number: PhoneNumber) -> None:
        body = payloads.notification(payloads.message())
        store(body)
        pipeline.drain()
        store(body)
        with capture_logs() as lines:
            pipeline.drain()
        assert logged(lines, "messages_applied") == []

    def test_a_large_batch_is_told_in_several_lines(self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pipeline, "MESSAGES_PER_LINE", 2)
        store(payloads.notification(*(payloads.message() for _ in range(5))))
        with capture_logs() as lines:
            pipeline.drain()
        assert [len(line["messages"]) for line in logged(lines, "messages_applied")] == [2, 2, 1]
