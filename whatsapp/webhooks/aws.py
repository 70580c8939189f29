"""The webhook endpoint for Amazon SNS."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import structlog
from django.conf import settings

from core.asgi import Body, Header, Scope
from whatsapp.models import Provider
from whatsapp.providers.aws import sns
from whatsapp.providers.base import ProviderError
from whatsapp.webhooks.meta import Intake, RefusedError

log = structlog.get_logger(__name__)

#: Time limit in seconds for requests to AWS; SNS waits 15 for our answer.
NETWORK_SECONDS = 10


class AwsIntake(Intake):
    """Answers requests of SNS.

    SNS never repeats a message after a 4xx answer. So 4xx is only for what can never be accepted; anything that may
    work later gets 503.
    """

    provider = Provider.AWS

    def __init__(self) -> None:
        super().__init__()
        self._certificates = sns.Certificates()

    def _challenge(self, query_string: bytes) -> NoReturn:
        raise RefusedError(405, "method", "Use POST.", ((b"allow", b"POST"),))

    def _check_headers(self, headers: list[Header]) -> bytes:
        self._check_body_headers(headers)
        if not any(settings.AWS_SNS_TOPICS):
            raise RefusedError(403, "topic", "No topic is expected here: AWS_SNS_TOPICS is empty.")
        if any(name == b"x-amz-sns-rawdelivery" and value.strip().lower() == b"true" for name, value in headers):
            raise RefusedError(403, "raw", "Raw delivery has no signature: turn it off for this subscription.")
        return b""

    async def _accept(self, scope: Scope, body: Body) -> None:
        try:
            await super()._accept(scope, body)
        except RefusedError as refusal:
            if refusal.status != 408:
                raise
            raise RefusedError(503, refusal.reason, str(refusal)) from None

    async def _store(self, raw: bytes, signature: bytes) -> None:
        envelope = await self._verified(raw)
        if envelope.kind is sns.Kind.NOTIFICATION:
            await self._keep(raw, signed_with=1)
        elif envelope.kind is sns.Kind.SUBSCRIPTION:
            await self._confirm(envelope)
        else:
            # The subscription was ended on purpose. Opening the address would subscribe again.
            log.error("sns_unsubscribed", topic=envelope.topic)

    async def _verified(self, raw: bytes) -> sns.Envelope:
        try:
            envelope = sns.read(raw, [topic for topic in settings.AWS_SNS_TOPICS if topic])
            if self._certificates.known(envelope):
                self._certificates.verify(envelope)
            else:
                async with asyncio.timeout(NETWORK_SECONDS):
                    await asyncio.to_thread(self._certificates.verify, envelope)
        except sns.RefusedError as refusal:
            status, reason = (503, "certificate") if refusal.passing else (403, "signature")
            raise RefusedError(status, reason, str(refusal)) from None
        return envelope

    async def _confirm(self, envelope: sns.Envelope) -> None:
        try:
            async with asyncio.timeout(NETWORK_SECONDS):
                await asyncio.to_thread(sns.confirm, envelope)
        except ProviderError as error:
            log.error("sns_not_confirmed", topic=envelope.topic, reason=str(error))
            # Permissions and outages may be fixed before SNS repeats the message.
            raise RefusedError(503, "confirmation", "The subscription could not be confirmed.") from None
        log.warning("sns_confirmed", topic=envelope.topic)
