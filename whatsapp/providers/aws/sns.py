"""Amazon SNS over HTTPS: verify messages, confirm subscriptions.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html A valid signature only proves that some
topic sent it: anybody can subscribe our address to their topic. So the topic must be in AWS_SNS_TOPICS before anything
is fetched.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from django.utils import timezone

from whatsapp.providers.aws import arns
from whatsapp.providers.aws.client import call, client

#: SNS repeats for an hour; the rest allows for clock differences.
OLDEST = timedelta(hours=2)
AHEAD = timedelta(minutes=15)
CERTIFICATE_HOST = re.compile(r"sns\.([a-z0-9-]{3,32})\.amazonaws\.com(?:\.cn)?", re.ASCII)
CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{8,64}\.pem", re.ASCII)
CERTIFICATE_BYTES = 16 * 1024
FETCH_SECONDS = 5
#: Certificates kept in memory: each Region has one or two at a time. A failed fetch is tried again soon.
CERTIFICATES_KEPT = 64
CERTIFICATE_SECONDS = 24 * 3600
FAILURE_SECONDS = 5
#: The signed fields, in this order. Subject only when present.
SIGNED_IN_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SIGNED_IN_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 (SNS's default)


class Kind(enum.StrEnum):
    NOTIFICATION = "Notification"
    SUBSCRIPTION = "SubscriptionConfirmation"
    UNSUBSCRIPTION = "UnsubscribeConfirmation"


class RefusedError(Exception):
    """The message is refused. ``passing``: SNS shall send it again."""

    def __init__(self, sentence: str, *, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Envelope:
    """An SNS message from one of our topics, its signature not verified yet."""

    kind: Kind
    topic: str
    fields: dict[str, str]

    @property
    def signed_text(self) -> bytes:
        names = SIGNED_IN_NOTIFICATION if self.kind is Kind.NOTIFICATION else SIGNED_IN_CONFIRMATION
        pairs = "".join(f"{name}\n{self.fields[name]}\n" for name in names if name != "Subject" or name in self.fields)
        return pairs.encode()


def read(body: bytes, topics: Collection[str]) -> Envelope:
    """Parse an SNS message. Raises RefusedError when it is not from one of ``topics``, without opening a connection and
    before its signature is checked."""
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise RefusedError("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise RefusedError("The body is not a message of SNS.")
    fields = {name: value for name, value in document.items() if isinstance(value, str)}
    if fields.get("TopicArn") not in topics:
        raise RefusedError("The topic is not one of AWS_SNS_TOPICS.")
    try:
        envelope = Envelope(Kind(fields.get("Type", "")), fields["TopicArn"], fields)
        envelope.signed_text  # noqa: B018 - reading it is what finds missing fields and lone surrogates
    except (ValueError, KeyError):
        raise RefusedError("The body is not a whole message of SNS.") from None
    _check_age(fields["Timestamp"])
    if fields.get("SignatureVersion") not in HASHES:
        raise RefusedError("The signature version is not one that SNS has.")
    check_certificate_url(fields.get("SigningCertURL", ""), envelope.topic)
    return envelope


def _check_age(written: str) -> None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise RefusedError("The timestamp is none.") from None
    age = timezone.now() - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if not -AHEAD < age < OLDEST:
        # Passing, because our clock may be wrong.
        raise RefusedError("The message is too old, or from the future. Check this server's clock.", passing=True)


def check_certificate_url(url: str, topic: str) -> None:
    """Raise RefusedError unless ``url`` is where SNS keeps the certificate of the topic's Region.

    Anybody can publish a certificate on some host of amazonaws.com, so it must be exactly this host and path, over
    https. In development the simulator's origin is accepted too.
    """
    parts = urlsplit(url if re.fullmatch(r"[!-~]{1,300}", url) and "\\" not in url else "")
    if parts.query or parts.fragment or "?" in url or "#" in url or not CERTIFICATE_PATH.fullmatch(parts.path):
        raise RefusedError("The certificate's address is not one of SNS.")
    region = getattr(arns.read(topic), "region", "")
    host = CERTIFICATE_HOST.fullmatch(parts.netloc)
    if parts.scheme == "https" and host and region and host[1] == region:
        return
    simulator = urlsplit(settings.WHATSAPP_SIMULATOR_URL if settings.DEBUG else "")
    if simulator.netloc and (parts.scheme, parts.netloc) == (simulator.scheme, simulator.netloc):
        return
    raise RefusedError("The certificate's address is not one of SNS in the topic's Region.")


class Certificates:
    """The public keys of SNS, fetched once and kept for a day. Thread-safe; known keys are read without a lock."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, x509.Certificate]] = {}
        #: When an address may be fetched again.
        self._failed: dict[str, float] = {}
        self._fetching = threading.Lock()

    def known(self, envelope: Envelope) -> bool:
        """Whether `verify` needs no network."""
        return self._at(envelope.fields["SigningCertURL"]) is not None

    def verify(self, envelope: Envelope) -> None:
        """Raise RefusedError unless SNS signed this. May take seconds when the certificate isn't known yet."""
        url = envelope.fields["SigningCertURL"]
        certificate = self._at(url) or self._fetch(url)
        now = timezone.now()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise RefusedError("The certificate is not valid now. Check this server's clock.", passing=True)
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise RefusedError("The certificate has no key that SNS could sign with.")
        try:
            signature = base64.b64decode(envelope.fields.get("Signature", ""), validate=True)
            key.verify(signature, envelope.signed_text, PKCS1v15(), HASHES[envelope.fields["SignatureVersion"]])
        except (InvalidSignature, binascii.Error, ValueError):
            raise RefusedError("The signature does not match the message.") from None

    def _at(self, url: str) -> x509.Certificate | None:
        until, certificate = self._kept.get(url, (0.0, None))
        return certificate if time.monotonic() < until else None

    def _fetch(self, url: str) -> x509.Certificate:
        """Fetch a certificate, one at a time: made-up addresses only delay each other."""
        certificate = None
        if self._fetching.acquire(timeout=FETCH_SECONDS):
            try:
                certificate = self._at(url)
                if certificate is None and time.monotonic() >= self._failed.get(url, 0.0):
                    certificate = _fetched(url)
                    self._remember(url, certificate)
            finally:
                self._fetching.release()
        if certificate is None:
            raise RefusedError("The certificate of SNS cannot be fetched. Send it again later.", passing=True)
        return certificate

    def _remember(self, url: str, certificate: x509.Certificate | None) -> None:
        kept: dict[str, Any] = self._failed if certificate is None else self._kept
        while len(kept) >= CERTIFICATES_KEPT:
            kept.pop(next(iter(kept)))
        now = time.monotonic()
        kept[url] = now + FAILURE_SECONDS if certificate is None else (now + CERTIFICATE_SECONDS, certificate)


def _fetched(url: str) -> x509.Certificate | None:
    try:
        with requests.get(url, timeout=FETCH_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                return None
            return x509.load_pem_x509_certificate(answer.raw.read(CERTIFICATE_BYTES, decode_content=True))
    except (requests.RequestException, OSError, ValueError):
        return None


def confirm(envelope: Envelope) -> None:
    """Confirm this subscription through the SNS API, never by opening the address in the message. Safe to repeat.
    Raises ProviderError.

    Afterwards only the topic's owner can end the subscription.
    """
    region = getattr(arns.read(envelope.topic), "region", "")
    call(
        client("sns", region),
        "confirm_subscription",
        TopicArn=envelope.topic,
        Token=envelope.fields["Token"],
        AuthenticateOnUnsubscribe="true",
    )
