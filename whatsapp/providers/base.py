"""What a provider does for a number of ours, in words that do not depend on which provider it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from whatsapp import models


class ProviderError(Exception):
    """A provider refused, or could not be reached. The text is a sentence without addresses, tokens or bodies.

    ``code`` is Meta's error code (0: none), ``http_status`` the answer's (0: there was no answer), ``retryable`` says
    whether the same request may succeed later, ``retry_after`` the seconds that the provider asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        http_status: int = 0,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.retryable = retryable
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What WhatsApp says about a file it holds. ``url`` works for 5 minutes; ``sha256`` is lower-case hex or empty."""

    url: str
    mime_type: str = ""
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way. ``size`` is the announced length in bytes, ``chunks`` yields at most 64 KiB at a time."""

    size: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class NumberInfo:
    """What WhatsApp says about a number of ours. Empty where it said nothing."""

    display_phone_number: str = ""
    verified_name: str = ""
    quality: str = ""
    throughput: str = ""
    messaging_limit: str = ""
    status: str = ""


class Provider(Protocol):
    """The provider of one number. Every method may raise ProviderError; only the ones named so change anything."""

    def media_info(self, media_id: str) -> MediaInfo:
        """Ask for a fresh address of a file. Counts against WhatsApp's error throttle when it fails."""

    def download(self, url: str) -> AbstractContextManager[Download]:
        """Open a file for streaming. Refuses addresses that are not the provider's own before anything is sent."""

    def delete_media(self, media_id: str) -> None:
        """Delete a file at WhatsApp. Safe to repeat: a file that is gone is deleted."""

    def number_info(self) -> NumberInfo:
        """Ask for the number's name, quality and limits."""

    def subscribed_apps(self) -> list[str]:
        """Names of the apps that receive the account's webhooks; empty means that no webhook will come."""


#: Where each provider lives: imported when a number first needs it.
MODULES = {models.Provider.META: ("whatsapp.providers.meta", "MetaProvider")}


def provider_for(number: models.PhoneNumber) -> Provider:
    """The provider that carries this number. Raises ProviderError when this version does not have it."""
    try:
        module, name = MODULES[models.Provider(number.provider)]
    except (KeyError, ValueError):
        raise ProviderError(
            f"Numbers of the provider “{number.get_provider_display()}” cannot be reached by this version."
        ) from None
    provider: Provider = getattr(import_module(module), name)(number)
    return provider
