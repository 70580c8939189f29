"""Checks of AWS: its numbers, the bucket that it writes to, and the queues and topics that bring events.

AWS writes into the bucket with the rights of the caller, so the bucket is checked with the same credentials.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from inbox.media.storage import media_storage
from inbox.operations.doctor.findings import FAIL, OK, WARN, Result, check
from whatsapp.models import PhoneNumber, Provider
from whatsapp.providers.aws import arns
from whatsapp.providers.aws.client import call, client
from whatsapp.providers.aws.provider import AwsProvider, region_of
from whatsapp.providers.base import ProviderError
from whatsapp.webhooks import sqs


@check("aws")
def examine() -> Iterator[Result]:
    """Check everything of AWS that is in use: nothing when it carries no number and nothing is set for it."""
    numbers = list(PhoneNumber.objects.connected().filter(provider=Provider.AWS).defer("access_token"))
    topics = [topic for topic in settings.AWS_SNS_TOPICS if topic]
    queues = [url for url in settings.AWS_SQS_QUEUES if url]
    if numbers and not topics and not queues:
        yield FAIL, "AWS carries numbers, but AWS_SQS_QUEUES and AWS_SNS_TOPICS are empty: nothing arrives."
    for url in queues:
        yield from queue(url)
    for topic in topics:
        yield from _topic(topic)
    places: dict[tuple[str, str], PhoneNumber] = {}
    for number in numbers:
        try:
            found = AwsProvider(number).described()
            arn = arns.read(str(found.get("arn") or ""))
            places.setdefault((arn.account if arn else "", region_of(number)), number)
            yield from _destination(number, topics, bool(queues))
        except ProviderError as error:
            yield FAIL, f"{number}: {error}"
    for (account, region), number in places.items():
        yield from bucket(number, account, region)


def _destination(number: PhoneNumber, topics: list[str], has_queue: bool) -> Iterator[Result]:
    for destination in AwsProvider(number).subscribed_apps():
        if topics and destination not in topics and not has_queue:
            yield FAIL, f"{number}: AWS publishes its events to {destination}, which is not in AWS_SNS_TOPICS."


def bucket(number: PhoneNumber, account: str, region: str) -> Iterator[Result]:
    """Whether AWS can write files of customers into the bucket: the same account, the same Region, our rights."""
    name = settings.S3_BUCKET
    if not name and media_storage().s3_object("") is not None:
        return  # development: the simulator writes into the folder
    if not name:
        yield FAIL, f"{number}: AWS writes files into S3 only, and S3_BUCKET is not set."
        return
    if settings.S3_ENDPOINT_URL and "amazonaws.com" not in settings.S3_ENDPOINT_URL:
        yield FAIL, f"{number}: AWS writes files into Amazon's own S3 only; S3_ENDPOINT_URL is another service."
        return
    owner = {"ExpectedBucketOwner": account} if account else {}
    try:
        answer = call(client("s3", region), "head_bucket", Bucket=name, **owner)
    except ProviderError as error:
        yield FAIL, _bucket_trouble(name, region, error)
        return
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    there = str(answer.get("BucketRegion") or headers.get("x-amz-bucket-region") or region)
    if there != region:
        yield FAIL, _elsewhere(name, there, region)
        return
    yield OK, f"The bucket {name} is in {region}, where AWS can write files of {number} into it."
    yield from _encryption(name, account, region)


def _bucket_trouble(name: str, region: str, error: ProviderError) -> str:
    if error.http_status == 404:
        return f"There is no bucket {name}. Create it in {region}, or correct S3_BUCKET."
    if error.http_status in (301, 400):
        return _elsewhere(name, "another Region", region)
    if error.http_status == 403:
        return (
            f"The bucket {name} belongs to another AWS account than the numbers, or the credentials may not use it: "
            "AWS writes only into buckets of the account that the numbers are linked to. docs/aws.md has the rights."
        )
    return f"The bucket {name} could not be looked at: {error}"


def _elsewhere(name: str, there: str, region: str) -> str:
    return f"The bucket {name} is in {there}, the numbers in {region}: AWS writes only into buckets of the same Region."


def _encryption(name: str, account: str, region: str) -> Iterator[Result]:
    try:
        answer = call(client("s3", region), "get_bucket_encryption", Bucket=name)
    except ProviderError:
        return  # the right to read this is not among those that are needed
    for rule in answer.get("ServerSideEncryptionConfiguration", {}).get("Rules") or []:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        key = str(default.get("KMSMasterKeyID") or "")
        if not str(default.get("SSEAlgorithm") or "").startswith("aws:kms"):
            continue
        arn = arns.read(key)
        if arn and account and arn.account != account:
            yield FAIL, f"The bucket {name} is encrypted with a key of another AWS account: {key}."
        elif arn and arn.region != region:
            yield FAIL, f"The bucket {name} is encrypted with a key of another Region: {key}."
        else:
            yield (
                OK,
                f"The bucket {name} is encrypted with KMS: the credentials need kms:GenerateDataKey and kms:Decrypt on "
                f"{key or 'its key'}, for us and for AWS.",
            )


def queue(url: str) -> Iterator[Result]:
    """Whether the worker can read the queue, and whether it has a dead-letter queue."""
    try:
        region = sqs.region_of(url, settings.WHATSAPP_AWS_REGION)
        answer = call(client("sqs", region), "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    except ValueError as error:
        yield FAIL, str(error)
        return
    except ProviderError as error:
        yield FAIL, f"The queue {url} cannot be read: {error}"
        return
    facts = answer.get("Attributes") or {}
    waiting = int(facts.get("ApproximateNumberOfMessages") or 0)
    yield OK, f"The queue {url} answers; about {waiting:,} messages wait in it."
    if not facts.get("RedrivePolicy"):
        yield (
            WARN,
            f"The queue {url} has no dead-letter queue: what cannot be processed is lost after its retention.",
        )


def _topic(topic: str) -> Iterator[Result]:
    arn = arns.read(topic)
    if arn is None or arn.service != "sns" or settings.WHATSAPP_SIMULATOR_URL:
        return  # the system checks say so, or the simulator plays it
    try:
        answer = call(client("sns", arn.region), "get_topic_attributes", TopicArn=topic)
    except ProviderError as error:
        yield WARN, f"The topic {topic} could not be looked at: {error}"
        return
    facts = answer.get("Attributes") or {}
    yield OK, f"The topic {topic} answers; {facts.get('SubscriptionsConfirmed', '0')} subscriptions."
    if facts.get("SignatureVersion", "1") == "1":
        yield (
            WARN,
            f"The topic {topic} signs with SHA-1: set its SignatureVersion to 2, as docs/aws.md shows.",
        )
