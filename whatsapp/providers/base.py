"""The interface to a provider, Meta or AWS: sending, files, templates, facts about a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, BinaryIO, Protocol, runtime_checkable

from django.utils.translation import gettext as _

from whatsapp import errors, models


class ProviderError(Exception):
    """A provider refused or could not be reached. The text is a sentence without addresses, tokens or bodies.

    ``code`` is Meta's error code (0: none), ``http_status`` the answer's (0: no answer), ``retryable`` whether the same
    request may succeed later, ``retry_after`` the seconds that the provider asked us to wait. ``may_have_sent`` is
    False only when WhatsApp certainly did not accept the message, because the request was never sent or was refused.
    True means that receipts decide; sending again may send twice. ``explanation`` is used where Meta's error table
    doesn't apply.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        http_status: int = 0,
        retryable: bool = False,
        retry_after: float | None = None,
        may_have_sent: bool = False,
        explanation: errors.Explanation | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.retryable = retryable
        self.retry_after = retry_after
        self.may_have_sent = may_have_sent
        self._explanation = explanation

    @property
    def answered(self) -> bool:
        """Whether the provider gave a reason, which ``explanation`` explains."""
        return bool(self.code or self.http_status or self._explanation)

    @property
    def explanation(self) -> errors.Explanation:
        """What the error means, and whether trying again can help."""
        return self._explanation or errors.explain(self.code, http_status=self.http_status)


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
class S3Object:
    """An object in a bucket: ``key`` is the whole key, or the beginning of one where only that is known."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of ours in the storage, about to be given to WhatsApp.

    ``open()`` brings it here: a file at its start, and its length in bytes, for as long as the context lasts. ``s3`` is
    where a provider can read it for itself; None when the storage is not S3.
    """

    mime_type: str
    file_name: str
    open: Callable[[], AbstractContextManager[tuple[BinaryIO, int]]]
    s3: S3Object | None = None


@dataclass(frozen=True, slots=True)
class NumberInfo:
    """What WhatsApp says about a number of ours. Empty where it said nothing."""

    display_phone_number: str = ""
    verified_name: str = ""
    quality: str = ""
    throughput: str = ""
    messaging_limit: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """WhatsApp accepted a message; receipts tell the rest.

    ``provider_message_id`` is the provider's own id where it is not the wamid. ``held`` is Meta's word when the message
    is not on its way yet (a template's "held_for_quality_assessment", "paused"), else empty.
    """

    wamid: str
    provider_message_id: str = ""
    held: str = ""


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A message template as WhatsApp describes it. Words are Meta's, in capitals ("APPROVED", "UTILITY", "NAMED")."""

    id: str
    name: str
    language: str
    status: str = ""
    category: str = ""
    components: list[dict[str, Any]] = field(default_factory=list)
    parameter_format: str = ""
    quality: str = ""
    reason: str = ""


class Provider(Protocol):
    """The provider of one number. Every method may raise ProviderError; only the ones named so change anything."""

    def send(self, body: dict[str, Any]) -> Accepted:
        """Send one message (whatsapp.compose makes ``body``) in exactly one request: nothing here repeats it.

        A ProviderError says with ``may_have_sent`` whether the message can have left all the same.
        """

    def mark_read(self, wamid: str, *, typing: bool = False) -> None:
        """Show the customer that this message and all before it were read, and that we write an answer. Safe to repeat.

        "Typing…" stays until a message follows, at most 25 seconds. Works for messages of the last 30 days.
        """

    def upload_media(self, file: StoredFile) -> str:
        """Give WhatsApp a file to send; returns its media id, good for 30 days.

        Takes it from S3 or opens it once and reads it in pieces. Repeating it gives another id, and does no harm.
        """

    def templates(self) -> Iterator[TemplateInfo]:
        """Every message template of the number's account, page by page as they are asked for."""

    def delete_media(self, media_id: str) -> None:
        """Delete a file at WhatsApp. Safe to repeat: a file that is gone is deleted."""

    def number_info(self) -> NumberInfo:
        """Ask for the number's name, quality and limits."""

    def subscribed_apps(self) -> list[str]:
        """Names of what receives the account's webhooks; empty means that no webhook will come."""


@runtime_checkable
class ServesMedia(Protocol):
    """A provider from which customers' files are downloaded: Meta."""

    def media_info(self, media_id: str) -> MediaInfo:
        """Ask for a fresh address of a file. Counts against WhatsApp's error throttle when it fails."""

    def download(self, url: str) -> AbstractContextManager[Download]:
        """Open a file for streaming. Refuses addresses that are not the provider's own before anything is sent."""


@runtime_checkable
class CopiesMedia(Protocol):
    """A provider that writes customers' files into our bucket: AWS."""

    def copy_media(self, media_id: str, target: S3Object) -> None:
        """Have a file written into the bucket, under a key that begins with ``target.key`` and ends as the provider
        likes: list the prefix to learn it. Safe to repeat: the same object is replaced."""


#: Imported when a number first needs it.
MODULES = {
    models.Provider.META: ("whatsapp.providers.meta", "MetaProvider"),
    models.Provider.AWS: ("whatsapp.providers.aws.provider", "AwsProvider"),
}


def provider_for(number: models.PhoneNumber) -> Provider:
    """The provider of this number. Raises ProviderError when this version doesn't have it."""
    try:
        module, name = MODULES[models.Provider(number.provider)]
    except (KeyError, ValueError):
        raise ProviderError(
            _("This version doesn’t support the provider “%(provider)s”.") % {"provider": number.get_provider_display()}
        ) from None
    provider: Provider = getattr(import_module(module), name)(number)
    return provider
