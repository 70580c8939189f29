"""Tests of the endpoint for SNS: real requests to the running web process, rows in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import structlog

from tests import aws_payloads, payloads
from tests import sns as fake
from tests.aws_services import AwsServer
from tests.servers import WebServer, serve
from tests.sns import CertificateServer
from tests.webhooks import refused
from whatsapp.models import Notification

PATH = "/webhooks/aws/"


@pytest.fixture
def certificates(settings: Any) -> Iterator[CertificateServer]:
    """Where the simulator would keep its certificate, in development."""
    with fake.certificate_server() as server:
        settings.DEBUG = True
        settings.WHATSAPP_SIMULATOR_URL = server.origin
        settings.AWS_SNS_TOPICS = [aws_payloads.TOPIC]
        yield server


@pytest.fixture
def web(certificates: CertificateServer, transactional_db: None) -> Iterator[WebServer]:
    with serve() as server:
        yield server


def post(web: WebServer, message: dict[str, Any] | bytes, **headers: str) -> requests.Response:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    given = {"Content-Type": "text/plain; charset=UTF-8"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return requests.post(web.url + PATH, data=body, headers=given, timeout=60)


def signed(certificates: CertificateServer, message: dict[str, Any], **options: Any) -> dict[str, Any]:
    return fake.signed(message, url=certificates.origin + fake.CERTIFICATE_PATH, **options)


class NotificationTests:
    @pytest.mark.parametrize("version", ["1", "2"])
    def test_it_works(self, web: WebServer, certificates: CertificateServer, version: str) -> None:
        message = fake.notification(aws_payloads.event(payloads.message()))
        body = json.dumps(signed(certificates, message, version=version), indent=1).encode()
        answer = post(web, body)
        assert (answer.status_code, answer.content) == (200, b"")
        notification = Notification.objects.get()
        assert (notification.provider, notification.state, bytes(notification.body)) == ("aws", "pending", body)

    def test_a_flood_fetches_the_certificate_once(self, web: WebServer, certificates: CertificateServer) -> None:
        for _ in range(5):
            assert post(web, signed(certificates, fake.notification("text"))).status_code == 200
        assert certificates.asked == [fake.CERTIFICATE_PATH]
        assert Notification.objects.count() == 5

    def test_the_address_without_its_last_slash_works_too(
        self, web: WebServer, certificates: CertificateServer
    ) -> None:
        body = json.dumps(signed(certificates, fake.notification("text")))
        assert requests.post(web.url + PATH.rstrip("/"), data=body, timeout=60).status_code == 200

    def test_what_will_never_be_right_is_refused_for_good(
        self, web: WebServer, certificates: CertificateServer, subtests: pytest.Subtests
    ) -> None:
        right = signed(certificates, fake.notification("text"))
        for name, message in {
            "changed": right | {"Message": "another"},
            "another topic": signed(certificates, fake.notification("text", TopicArn=aws_payloads.TOPIC + "2")),
            "a forged confirmation": fake.signed(
                fake.confirmation(SubscribeURL="http://169.254.169.254/latest/meta-data/"),
                url="https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
            ),
            "another address": fake.signed(fake.notification("text"), url="https://evil.example/x.pem"),
            "no JSON": b"{",
            "empty": b"",
            "deep": b"[" * 20_000,
            "bytes": b"\xff\x00",
        }.items():
            with subtests.test(name):
                assert post(web, message).status_code == 403
        assert not Notification.objects.exists()
        assert set(certificates.asked) <= {fake.CERTIFICATE_PATH}

    def test_raw_delivery_is_refused(self, web: WebServer) -> None:
        body = payloads.encode(aws_payloads.event(payloads.message()))
        assert post(web, body, x_amz_sns_rawdelivery="true").status_code == 403

    def test_a_certificate_that_does_not_come_may_come_later(
        self, web: WebServer, certificates: CertificateServer
    ) -> None:
        before = refused("certificate")
        certificates.status = 500
        assert post(web, signed(certificates, fake.notification("text"))).status_code == 503
        assert refused("certificate") == before + 1

    def test_other_methods_are_refused(self, web: WebServer) -> None:
        assert requests.get(web.url + PATH, timeout=60).status_code == 405
        assert requests.put(web.url + PATH, timeout=60).status_code == 405

    def test_nothing_is_taken_while_no_topic_is_named(
        self, certificates: CertificateServer, settings: Any, transactional_db: None
    ) -> None:
        settings.AWS_SNS_TOPICS = [""]
        with serve() as web:
            assert post(web, signed(certificates, fake.notification("text", TopicArn=""))).status_code == 403
        assert certificates.asked == []


class SubscriptionTests:
    def test_it_is_confirmed_through_awss_api(
        self, web: WebServer, certificates: CertificateServer, aws: AwsServer
    ) -> None:
        # An address that leads to the certificate's server: it must not be opened.
        message = fake.confirmation(SubscribeURL=f"{certificates.origin}/subscribe")
        aws.client("sns").create_topic(Name="whatsapp-events")
        with structlog.testing.capture_logs() as logs:
            answer = post(web, signed(certificates, message))
        assert answer.status_code == 200
        assert [line["event"] for line in logs if "sns" in line["event"]] == ["sns_confirmed"]
        assert certificates.asked == [fake.CERTIFICATE_PATH]
        assert not Notification.objects.exists()

    def test_one_that_aws_refuses_or_that_cannot_reach_it_comes_again(
        self, web: WebServer, certificates: CertificateServer, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")
        assert post(web, signed(certificates, fake.confirmation())).status_code == 503

    def test_one_of_another_topic_is_not_confirmed(self, web: WebServer, certificates: CertificateServer) -> None:
        message = fake.confirmation(TopicArn="arn:aws:sns:eu-central-1:999999999999:whatsapp-events")
        assert post(web, signed(certificates, message)).status_code == 403
        assert certificates.asked == []

    def test_an_unsubscription_is_logged_loudly_and_not_followed(
        self, web: WebServer, certificates: CertificateServer
    ) -> None:
        message = fake.confirmation("UnsubscribeConfirmation", SubscribeURL=f"{certificates.origin}/subscribe")
        with structlog.testing.capture_logs() as logs:
            assert post(web, signed(certificates, message)).status_code == 200
        (line,) = [line for line in logs if line["event"] == "sns_unsubscribed"]
        assert (line["log_level"], line["topic"]) == ("error", aws_payloads.TOPIC)
        assert certificates.asked == [fake.CERTIFICATE_PATH]
