"""Tests of the queue reader: a real SQS over HTTP, rows in the journal, and nothing deleted before they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.db import connections

from tests import aws_payloads, payloads
from tests.aws_services import AwsServer
from tests.servers import wait_until
from whatsapp.models import Notification
from whatsapp.providers.base import ProviderError
from whatsapp.webhooks import sqs
from whatsapp.webhooks.sqs import QueueReader, readers, region_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def queue(aws: AwsServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    monkeypatch.setattr(sqs, "WAIT_SECONDS", 1)
    url = aws.queue(f"q{abs(hash(request.node.name))}")
    yield url
    aws.client("sqs").delete_queue(QueueUrl=url)


@pytest.fixture
def reader(queue: str) -> QueueReader:
    return QueueReader(queue, aws_payloads.REGION)


@pytest.fixture
def running(reader: QueueReader) -> Iterator[QueueReader]:
    reader.start()
    yield reader
    reader.stop()
    reader.join(20)


def send(aws: AwsServer, queue: str, *bodies: bytes | str) -> None:
    for body in bodies:
        text = body.decode() if isinstance(body, bytes) else body
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody=text)


def left(aws: AwsServer, queue: str) -> dict[str, int]:
    """How many messages the queue shows, and how many somebody has received and not deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return {"shown": int(found[names[0]]), "hidden": int(found[names[1]])}


def said(logs: list[Any], event: str) -> int:
    """How often this event was logged."""
    return sum(entry["event"] == event for entry in list(logs))


class TakeTests:
    def test_it_works(self, aws: AwsServer, queue: str, reader: QueueReader) -> None:
        raw = payloads.encode(aws_payloads.event(payloads.message(text={"body": "Olá 🚲"})))
        wrapped = aws_payloads.body(payloads.message())
        send(aws, queue, raw, wrapped, "ALARM: disk full")
        while reader.take():
            pass
        rows = Notification.objects.order_by("id")
        assert sorted(bytes(row.body) for row in rows) == sorted([raw, wrapped, b"ALARM: disk full"])
        assert {(row.provider, row.state, row.signed_with) for row in rows} == {("aws", "pending", 1)}
        assert left(aws, queue) == {"shown": 0, "hidden": 0}

    def test_an_empty_queue_brings_nothing(self, reader: QueueReader) -> None:
        assert reader.take() == 0
        assert not Notification.objects.exists()

    def test_a_topic_that_publishes_to_the_queue_reaches_the_journal(
        self, aws: AwsServer, queue: str, reader: QueueReader
    ) -> None:
        sns = aws.client("sns")
        topic = sns.create_topic(Name="whatsapp-to-queue")["TopicArn"]
        arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        event = aws_payloads.event(payloads.message())
        sns.publish(TopicArn=topic, Message=json.dumps(event))
        assert reader.take() == 1
        body = json.loads(bytes(Notification.objects.get().body))
        assert json.loads(body["Message"]) == event

    def test_a_queue_that_is_not_there_is_said(self, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
        missing = QueueReader(f"{aws.url}/{aws_payloads.ACCOUNT}/nobody", aws_payloads.REGION)
        with pytest.raises(ProviderError, match=r"NonExistentQueue|QueueDoesNotExist"):
            missing.take()


class DatabaseAwayTests:
    def test_what_was_received_waits_and_is_kept(
        self, aws: AwsServer, queue: str, running: QueueReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = connections.settings["default"]
        with structlog.testing.capture_logs() as logs, monkeypatch.context() as patched:
            patched.setitem(settings, "HOST", "/nowhere")
            send(aws, queue, "first")
            wait_until(lambda: said(logs, "queue_not_committed") >= 2)
            assert left(aws, queue) == {"shown": 0, "hidden": 1}
        wait_until(lambda: Notification.objects.exists())
        wait_until(lambda: left(aws, queue) == {"shown": 0, "hidden": 0})
        assert said(logs, "queue_not_committed") >= 2
        assert Notification.objects.count() == 1

    def test_the_queue_keeps_it_from_others_however_long_that_takes(
        self, aws: AwsServer, queue: str, reader: QueueReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hidden: list[list[int]] = []
        call = sqs.call  # type: ignore[attr-defined]

        def watched(client: Any, act: str, **given: Any) -> Any:
            if act == "change_message_visibility_batch":
                hidden.append([entry["VisibilityTimeout"] for entry in given["Entries"]])
            return call(client, act, **given)

        monkeypatch.setattr(sqs, "call", watched)
        monkeypatch.setattr(sqs, "AGAIN_AFTER", 0.05)
        monkeypatch.setattr(sqs, "EXTEND_SECONDS", 0.2)
        with monkeypatch.context() as patched:
            patched.setitem(connections.settings["default"], "HOST", "/nowhere")
            send(aws, queue, "first")
            reader.start()
            wait_until(lambda: len(hidden) >= 2)
            reader.stop()
            reader.join(20)
        extensions, given_back = hidden[:-1], hidden[-1]
        assert all(each == [sqs.HIDDEN_SECONDS] for each in extensions)
        assert given_back == [0]

    def test_stopping_meanwhile_gives_it_back(
        self, aws: AwsServer, queue: str, reader: QueueReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setitem(connections.settings["default"], "HOST", "/nowhere")
            send(aws, queue, "first")
            reader.start()
            wait_until(lambda: left(aws, queue)["hidden"] == 1)
            reader.stop()
            reader.join(20)
        assert left(aws, queue) == {"shown": 1, "hidden": 0}


class AwsAwayTests:
    def test_it_goes_on_when_aws_is_back(
        self, aws: AwsServer, queue: str, running: QueueReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqs, "AGAIN_AT_MOST", 1)
        with structlog.testing.capture_logs() as logs:
            aws.stop()
            try:
                wait_until(lambda: said(logs, "queue_away") >= 2)
            finally:
                aws.start()
        assert running._thread.is_alive()
        send(aws, queue, "after the outage")
        wait_until(lambda: Notification.objects.exists())

    def test_what_could_not_be_deleted_comes_again_and_is_kept_again(
        self, aws: AwsServer, queue: str, reader: QueueReader
    ) -> None:
        send(aws, queue, "twice")
        client = aws.client("sqs")
        (message,) = client.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
        assert reader.take() == 1
        assert message["Body"] == bytes(Notification.objects.get().body).decode()


class RegionTests:
    @pytest.mark.parametrize(
        ("url", "region"),
        [
            ("https://sqs.us-east-1.amazonaws.com/123456789012/whatsapp", "us-east-1"),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/whatsapp", "cn-north-1"),
            ("https://eu-west-1.queue.amazonaws.com/123456789012/whatsapp", "eu-west-1"),
            ("http://127.0.0.1:4566/000000000000/whatsapp", "eu-central-1"),
        ],
    )
    def test_it_is_in_the_address(self, url: str, region: str) -> None:
        assert region_of(url, "eu-central-1") == region

    @pytest.mark.parametrize("url", ["whatsapp", "https://sqs.us-east-1.amazonaws.com/whatsapp", "arn:aws:sqs:a:1:b"])
    def test_what_is_no_address_is_said(self, url: str) -> None:
        with pytest.raises(ValueError, match="no address of a queue"):
            readers([url], "eu-central-1")
