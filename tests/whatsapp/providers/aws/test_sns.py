"""Tests of SNS's signatures: whose message is believed, and what is not even fetched."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils import timezone

from tests import aws_payloads
from tests import sns as fake
from whatsapp.providers.aws import sns
from whatsapp.providers.aws.sns import Certificates, RefusedError

TOPICS = {aws_payloads.TOPIC}


def read(message: dict[str, Any]) -> sns.Envelope:
    return sns.read(json.dumps(message).encode(), TOPICS)


def verify(message: dict[str, Any], *, pem: bytes | None = None) -> None:
    """Read and verify it; its certificate is where SNS keeps it."""
    with responses.RequestsMock() as mock:
        mock.get(fake.CERTIFICATE_URL, body=pem or fake.certificate())
        Certificates().verify(read(message))


class SignatureTests:
    @pytest.mark.parametrize("version", ["1", "2"])
    @pytest.mark.parametrize(
        "message",
        [
            fake.notification({"a": "ä 🚲"}),
            fake.notification("text", Subject="A subject"),
            fake.notification("text", Subject=""),
            fake.confirmation(),
            fake.confirmation("UnsubscribeConfirmation"),
        ],
        ids=["notification", "with a subject", "with an empty subject", "confirmation", "unsubscription"],
    )
    def test_it_works(self, message: dict[str, Any], version: str) -> None:
        verify(fake.signed(message, version=version))

    @pytest.mark.parametrize(
        "change",
        [
            {"Message": "another"},
            {"MessageId": "another"},
            {"Timestamp": fake.now().replace("Z", "+00:00")},
            {"Subject": "a subject that was not signed"},
            {"Signature": ""},
            {"Signature": "!"},
            {"Signature": "AAAA"},
            {"SignatureVersion": "1"},
        ],
    )
    def test_what_was_changed_on_the_way_is_refused(self, change: dict[str, str]) -> None:
        with pytest.raises(RefusedError, match="signature does not match") as caught:
            verify(fake.signed(fake.notification("text")) | change)
        assert not caught.value.passing

    def test_a_confirmation_is_no_notification(self) -> None:
        message = fake.signed(fake.notification("text"))
        with pytest.raises(RefusedError):
            verify(message | {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://x"})

    @pytest.mark.parametrize("days", [(-9, -1), (1, 9)], ids=["over", "not yet"])
    def test_a_certificate_out_of_its_time_may_be_our_clock(self, days: tuple[int, int]) -> None:
        with pytest.raises(RefusedError, match="not valid now") as caught:
            verify(fake.signed(fake.notification("text")), pem=fake.certificate(days=days))
        assert caught.value.passing


class CertificateTests:
    def test_it_is_fetched_once(self) -> None:
        certificates = Certificates()
        with responses.RequestsMock() as mock:
            mock.get(fake.CERTIFICATE_URL, body=fake.certificate())
            for _ in range(3):
                certificates.verify(read(fake.signed(fake.notification("text"))))
            assert len(mock.calls) == 1

    @pytest.mark.parametrize("answer", [{"status": 503}, {"status": 302}, {"body": b"no certificate"}])
    def test_one_that_cannot_be_fetched_is_asked_for_again_later(
        self, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificates, envelope = Certificates(), read(fake.signed(fake.notification("text")))
        with responses.RequestsMock() as mock:
            mock.get(fake.CERTIFICATE_URL, **answer)
            for _ in range(2):
                with pytest.raises(RefusedError) as caught:
                    certificates.verify(envelope)
                assert caught.value.passing
            assert len(mock.calls) == 1  # not for every message of a flood
        later = time.monotonic() + sns.FAILURE_SECONDS + 1
        monkeypatch.setattr("whatsapp.providers.aws.sns.time.monotonic", lambda: later)
        with responses.RequestsMock() as mock:
            mock.get(fake.CERTIFICATE_URL, body=fake.certificate())
            certificates.verify(envelope)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            f"http://sns.eu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.us-east-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.amazonaws.com:443{fake.CERTIFICATE_PATH}",
            f"https://a@sns.eu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.amazonaws.com@evil.example{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.amazonaws.com.evil.example{fake.CERTIFICATE_PATH}",
            f"https://evil.example/sns.eu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.amazonaws.com\\@evil.example{fake.CERTIFICATE_PATH}",
            f"https://bucket.s3.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.s3.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://snsXeu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://SNS.eu-central-1.amazonaws.com.{fake.CERTIFICATE_PATH}",
            f"{fake.CERTIFICATE_URL}?versionId=1",
            f"{fake.CERTIFICATE_URL}?",
            f"{fake.CERTIFICATE_URL}#x",
            f"{fake.CERTIFICATE_URL}.exe",
            "https://sns.eu-central-1.amazonaws.com/../SimpleNotificationService-0123456789abcdef.pem",
            "https://sns.eu-central-1.amazonaws.com/x.pem",
            f"file://sns.eu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}",
            f"https://sns.eu-central-1.amazonaws.com{fake.CERTIFICATE_PATH}\n",
            f"http://127.0.0.1:8001{fake.CERTIFICATE_PATH}",
        ],
    )
    def test_other_addresses_are_refused_before_anything_is_fetched(self, url: str) -> None:
        with responses.RequestsMock() as mock, pytest.raises(RefusedError, match="address"):
            Certificates().verify(read(fake.signed(fake.notification("text"), url=url)))
        assert not mock.calls

    def test_the_simulators_own_counts_only_in_development(self, settings: Any) -> None:
        url = f"http://127.0.0.1:8001{fake.CERTIFICATE_PATH}"
        settings.WHATSAPP_SIMULATOR_URL = "http://127.0.0.1:8001"
        with pytest.raises(RefusedError):
            sns.check_certificate_url(url, aws_payloads.TOPIC)
        settings.DEBUG = True
        sns.check_certificate_url(url, aws_payloads.TOPIC)
        with pytest.raises(RefusedError):
            sns.check_certificate_url(url.replace("8001", "8002"), aws_payloads.TOPIC)


class ReadTests:
    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"Type": "Notification"}'],
        ids=["empty", "cut", "list", "null", "bytes", "deep", "no topic"],
    )
    def test_what_is_no_message_is_refused(self, body: bytes) -> None:
        with pytest.raises(RefusedError) as caught:
            sns.read(body, TOPICS)
        assert not caught.value.passing

    @pytest.mark.parametrize(
        "topic", ["", "arn:aws:sns:eu-central-1:999999999999:whatsapp-events", aws_payloads.TOPIC + "2"]
    )
    def test_a_topic_of_somebody_else_is_refused_whoever_signed(self, topic: str) -> None:
        with pytest.raises(RefusedError, match="AWS_SNS_TOPICS"):
            read(fake.signed(fake.notification("text", TopicArn=topic)))

    @pytest.mark.parametrize(
        "missing", ["Message", "MessageId", "Timestamp", "Type", "SigningCertURL", "SignatureVersion"]
    )
    def test_a_message_with_a_part_missing_is_refused(self, missing: str) -> None:
        message = fake.signed(fake.notification("text"))
        del message[missing]
        with pytest.raises(RefusedError):
            read(message)

    @pytest.mark.parametrize("part", [{"Message": 7}, {"MessageId": None}, {"Message": "\ud800"}, {"Type": "Other"}])
    def test_a_part_that_cannot_be_one_is_refused(self, part: dict[str, Any]) -> None:
        with pytest.raises(RefusedError):
            read(fake.signed(fake.notification("text")) | part)

    @pytest.mark.parametrize("ago", [timedelta(days=1), timedelta(hours=-1)], ids=["old", "from the future"])
    def test_an_old_one_is_refused_for_now(self, ago: timedelta) -> None:
        message = fake.notification("text", Timestamp=(timezone.now() - ago).isoformat())
        with pytest.raises(RefusedError, match="clock") as caught:
            read(fake.signed(message))
        assert caught.value.passing
