"""The worker as a process on a queue of SQS: what comes is understood, and SIGTERM loses nothing."""

from __future__ import annotations

import signal

import pytest

from inbox.models import Message
from tests import aws_payloads, payloads
from tests.aws_services import KEYS, AwsServer
from tests.faults.test_worker import start_worker
from tests.servers import wait_until
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_empties_the_queue_and_stops_when_asked(
    aws: AwsServer, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = aws.queue("worker")
    monkeypatch.setenv("AWS_SQS_QUEUES", queue)
    monkeypatch.setenv("WHATSAPP_AWS_REGION", aws_payloads.REGION)
    for name, value in KEYS.items():
        monkeypatch.setenv(f"WHATSAPP_{name.upper()}", value)
    worker = start_worker()
    try:
        body = aws_payloads.body(payloads.message(text={"body": "Through the queue"}))
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body.decode())
        wait_until(lambda: Message.objects.filter(text="Through the queue").exists())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()
    left = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (left["ApproximateNumberOfMessages"], left["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")
