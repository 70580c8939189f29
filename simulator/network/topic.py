"""The topic that the simulated AWS publishes to: one of Meta's entries in its envelopes, signed as SNS signs.

The key is this machine's own, made at first use. The product believes it only in development.
"""

from __future__ import annotations

import base64
import datetime
import json
import threading
import uuid
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from simulator.network import webhooks, world

#: Real ones have the digest of the certificate in their name.
CERTIFICATE_PATH = "/SimpleNotificationService-00000000000000000000000000000000.pem"
SIGNED = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
#: From a wamid to the id that AWS answers a send with: another one, and always the same.
SENDS = uuid.UUID("6d69f07a-c317-4278-9d5c-6a84078419ec")


def send_id(wamid: str) -> str:
    """AWS's own id of a message, a UUID: not the wamid, which only statuses tell."""
    return str(uuid.uuid5(SENDS, wamid))


class Topic:
    """The topic, whose key is kept in ``folder``; ``origin`` is where its certificate can be fetched."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._file = folder / "sns.pem"
        self._origin = origin
        self._making = threading.Lock()

    def notification(self, entry: dict[str, Any]) -> bytes:
        """The body that SNS posts for one entry."""
        now = datetime.datetime.now(datetime.UTC)
        message = {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": world.AWS_TOPIC,
            "Message": json.dumps(_event(entry, now)),
            "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED)
        key, _ = self._pair()
        signature = base64.b64encode(key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()
        message |= {
            "SignatureVersion": "2",
            "Signature": signature,
            "SigningCertURL": self._origin + CERTIFICATE_PATH,
            "UnsubscribeURL": f"{self._origin}/?Action=Unsubscribe",
        }
        return json.dumps(message, indent=2).encode()

    def certificate(self) -> bytes:
        """In PEM."""
        return self._pair()[1].public_bytes(serialization.Encoding.PEM)

    def _pair(self) -> tuple[RSAPrivateKey, x509.Certificate]:
        with self._making:
            if not self._file.exists():
                self._file.touch(mode=0o600)
                self._file.write_bytes(_new_pair())
            content = self._file.read_bytes()
        key = serialization.load_pem_private_key(content, None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError(f"{self._file} holds no RSA key; delete it.")
        return key, x509.load_pem_x509_certificate(content)


def _event(entry: dict[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """AWS's own envelope. A status that follows a send comes with the send's id."""
    wamids = {
        status["id"]
        for change in entry["changes"]
        for status in change["value"].get("statuses") or []
        if isinstance(status, dict) and status.get("id")
    }
    event = {
        "context": {
            "MetaWabaIds": [{"wabaId": world.AWS_WABA_ID, "arn": f"{world.AWS_ARN}:waba/{world.AWS_ACCOUNT[5:]}"}],
            "MetaPhoneNumberIds": [
                {"metaPhoneNumberId": each.phone_number_id, "arn": each.aws_arn}
                for each in world.NUMBERS
                if each.aws_id
            ],
        },
        "whatsAppWebhookEntry": webhooks.encode(entry).decode(),
        "aws_account_id": world.AWS_ARN.split(":")[-1],
        # Nine digits of a second, as AWS writes it.
        "message_timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z",
    }
    return event | ({"messageId": send_id(wamids.pop())} if len(wamids) == 1 else {})


def _new_pair() -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The simulated SNS")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
