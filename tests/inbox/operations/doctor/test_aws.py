"""Tests of the doctor at AWS: the bucket that AWS has to reach, the queue, the topic, and the number itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.operations.demo import people
from inbox.operations.doctor import aws as aws_doctor
from simulator.network import world
from simulator.server import Simulator
from tests import aws_payloads
from tests.aws_services import AwsServer
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db
NUMBER = next(number for number in world.NUMBERS if number.aws_id)
BUCKET = "inbox-doctor"


@pytest.fixture
def number(aws: AwsServer, tmp_path: Path, settings: Any) -> Iterator[PhoneNumber]:
    """A number at the simulated AWS, whose events come by a queue."""
    simulator = Simulator(folder=tmp_path / "s", webhook_url="http://127.0.0.1:9/", app_secret="secret")
    simulator.start()
    settings.WHATSAPP_AWS_URL = f"{simulator.origin}/aws"
    settings.AWS_SQS_QUEUES = [aws.queue("doctor")]
    settings.S3_BUCKET = BUCKET
    yield PhoneNumber.objects.create(
        phone_number_id=NUMBER.phone_number_id, name=NUMBER.name, waba_id=NUMBER.waba_id, **people.at_provider(NUMBER)
    )
    simulator.stop()


@pytest.fixture
def bucket(aws: AwsServer) -> Iterator[Any]:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws_payloads.REGION})
    yield s3
    s3.delete_bucket(Bucket=BUCKET)


def found() -> list[tuple[str, str]]:
    return [(finding.level, finding.sentence) for finding in aws_doctor.examine()]


def faults() -> str:
    return " ".join(sentence for level, sentence in found() if level == "FAIL")


class BucketTests:
    def test_it_works(self, number: PhoneNumber, bucket: Any) -> None:
        assert faults() == ""
        assert any(level == "ok" and BUCKET in sentence for level, sentence in found())

    def test_one_that_is_not_there_is_said(self, number: PhoneNumber) -> None:
        assert f"There is no bucket {BUCKET}" in faults()

    def test_none_at_all_is_said(self, number: PhoneNumber, settings: Any) -> None:
        settings.S3_BUCKET = ""
        assert "S3_BUCKET is not set" in faults()

    def test_somebody_elses_storage_is_said(self, number: PhoneNumber, settings: Any) -> None:
        settings.S3_ENDPOINT_URL = "https://minio.example.com"
        assert "Amazon's own S3 only" in faults()

    def test_another_region_is_said(self, number: PhoneNumber, bucket: Any) -> None:
        number.aws_region = "eu-west-1"
        number.save()
        assert "in eu-central-1, the numbers in eu-west-1" in faults()

    def test_a_key_of_another_account_or_region_is_said(self, number: PhoneNumber, bucket: Any) -> None:
        for account, region, words in (
            ("999999999999", "eu-central-1", "another AWS account"),
            ("000000000000", "us-east-1", "another Region"),
        ):
            key = f"arn:aws:kms:{region}:{account}:key/1"
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
            bucket.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
            assert words in faults()


class EventTests:
    def test_a_queue_without_dead_letters_is_a_warning(self, number: PhoneNumber, bucket: Any) -> None:
        assert any(level == "warn" and "dead-letter" in sentence for level, sentence in found())

    def test_a_queue_that_is_not_there_is_said(self, number: PhoneNumber, aws: AwsServer, settings: Any) -> None:
        settings.AWS_SQS_QUEUES = [f"{aws.url}/{aws_payloads.ACCOUNT}/nobody", "nonsense"]
        assert "nobody cannot be read" in faults()
        assert "no address of a queue" in faults()

    def test_no_way_at_all_is_said(self, number: PhoneNumber, settings: Any) -> None:
        settings.AWS_SQS_QUEUES = []
        assert "nothing arrives" in faults()

    def test_a_topic_that_is_not_listed_is_said(
        self, number: PhoneNumber, bucket: Any, aws: AwsServer, settings: Any
    ) -> None:
        settings.AWS_SQS_QUEUES = []
        settings.AWS_SNS_TOPICS = [aws.client("sns").create_topic(Name="another")["TopicArn"]]
        assert f"{world.AWS_TOPIC}, which is not in AWS_SNS_TOPICS" in faults()
        assert any(level == "warn" and "SHA-1" in sentence for level, sentence in found())


def test_a_wrong_number_is_said_and_hides_nothing(number: PhoneNumber, bucket: Any) -> None:
    number.aws_phone_number_id = "phone-number-id-0"
    number.save()
    assert "ResourceNotFoundException" in faults()


def test_nothing_is_asked_where_aws_carries_nothing(db: None) -> None:
    assert found() == []
