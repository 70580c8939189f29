"""Amazon SNS for tests: messages signed with a key of our own, and a server that gives out its certificate."""

from __future__ import annotations

import base64
import datetime
import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from django.utils import timezone

from tests import aws_payloads

CERTIFICATE_PATH = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
CERTIFICATE_URL = f"https://sns.{aws_payloads.REGION}.amazonaws.com{CERTIFICATE_PATH}"
FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@functools.cache
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def certificate(*, days: tuple[int, int] = (-1, 30)) -> bytes:
    """A self-signed certificate of the key in PEM, valid between these days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = timezone.now()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key().public_key())
        .serial_number(1)
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .sign(key(), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def signed(message: dict[str, Any], *, version: str = "2", url: str = CERTIFICATE_URL) -> dict[str, Any]:
    """The message with its signature, as SNS posts it."""
    names = FIELDS.get(message["Type"], FIELDS["SubscriptionConfirmation"])
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = base64.b64encode(key().sign(text.encode(), PKCS1v15(), algorithm)).decode()
    return message | {"SignatureVersion": version, "Signature": signature, "SigningCertURL": url}


def now() -> str:
    return timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def notification(message: dict[str, Any] | str, **parts: Any) -> dict[str, Any]:
    """A notification of our topic, sent now, not signed."""
    return aws_payloads.published(message, **({"Timestamp": now()} | parts))


def confirmation(kind: str = "SubscriptionConfirmation", **parts: Any) -> dict[str, Any]:
    return {
        "Type": kind,
        "MessageId": "00000000-0000-4000-8000-000000000001",
        "Token": "2336412f37",
        "TopicArn": aws_payloads.TOPIC,
        "Message": "You have chosen to subscribe.",
        "SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37",
        "Timestamp": now(),
    } | parts


class CertificateServer:
    """Gives out ``pem`` with ``status``; ``origin`` is where. ``asked`` holds the paths."""

    def __init__(self, pem: bytes) -> None:
        self.pem, self.status = pem, 200
        self.asked: list[str] = []
        self.origin = ""


@contextmanager
def certificate_server() -> Iterator[CertificateServer]:
    given = CertificateServer(certificate())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.asked.append(self.path)
            self.send_response(given.status)
            self.send_header("Content-Length", str(len(given.pem)))
            self.end_headers()
            self.wfile.write(given.pem)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    given.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield given
    finally:
        server.shutdown()
        server.server_close()
