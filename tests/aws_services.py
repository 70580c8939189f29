"""AWS's SNS, SQS and S3 for tests: moto over real HTTP, on a free port of the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests import aws_payloads
from whatsapp.providers.aws import client as aws_client

KEYS = {"aws_access_key_id": "TESTKEY", "aws_secret_access_key": "test-secret-not-real"}


class AwsServer:
    """The server. ``url`` is its origin; ``stop`` and ``start`` play an outage, the address stays."""

    def __init__(self) -> None:
        self.port = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=aws_payloads.REGION,
            **KEYS,
        )

    def queue(self, name: str, **attributes: str) -> str:
        """A fresh queue's address."""
        url: str = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        from moto.server import ThreadedMotoServer  # a second that only these tests have to spend

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()


@pytest.fixture(scope="session")
def _aws_server() -> Iterator[AwsServer]:
    server = AwsServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def aws(_aws_server: AwsServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """The server, and a product that takes it for AWS."""
    settings.WHATSAPP_AWS_ACCESS_KEY_ID, settings.WHATSAPP_AWS_SECRET_ACCESS_KEY = KEYS.values()
    for service in ("SNS", "SQS", "S3", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", _aws_server.url)
    # Clients are made once, for the address that they had then.
    monkeypatch.setattr(aws_client, "_clients", {})
    return _aws_server
