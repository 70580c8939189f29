"""AWS over real HTTP for tests: moto's server on a free port of the loopback, with S3 and DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@pytest.fixture(scope="session")
def _aws_address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def aws(_aws_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty AWS, which boto3 finds through the environment, as it finds the real one."""
    requests.post(f"{_aws_address}/moto-api/reset", timeout=10).raise_for_status()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _aws_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    boto3.setup_default_session()
    yield _aws_address
    boto3.DEFAULT_SESSION = None
