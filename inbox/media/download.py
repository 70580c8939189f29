"""Bring one file from WhatsApp into a local temporary file, and make sure that it is the file WhatsApp meant."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from inbox.media import inspection
from inbox.media.inspection import Inspected
from inbox.models import Media
from inbox.quotas import Quota
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import MediaInfo, Provider, ProviderError, ServesMedia, provider_for

#: The address in a webhook works for 5 minutes; a minute is left for the way.
URL_FRESH = timedelta(minutes=4)
#: Answers of the file server that mean "ask for a new address".
STALE_STATUSES = frozenset({401, 403, 404, 410})
#: Meta's codes for a token that is expired, revoked or lacks the permission.
TOKEN_CODES = frozenset({3, 10, 190, 131005, *range(200, 300)})
#: "Object does not exist", for a media id that is over.
GONE_CODES = frozenset({33, 100})
TOO_LARGE_CODE = 131052
RATE_CODES = frozenset({4, 80007, 130429})

TOO_LARGE = "The file is larger than the 100 MB that WhatsApp passes on. Ask the sender for it another way."


class Trouble(enum.Enum):
    """What kind of failure it was, which decides what happens next."""

    LATER = "later"  # the world is not ready: no token, a rate limit. Waits without counting as an attempt.
    STORAGE = "storage"  # our own storage or disk is away, and comes back
    TRANSIENT = "transient"  # tried and failed; another try may work
    GONE = "gone"  # WhatsApp says that there is no such file; believed after a few attempts
    UNUSABLE = "unusable"  # bytes came and are not the file; given up after a few attempts
    TOO_LARGE = "too_large"
    PERMANENT = "permanent"


class DownloadError(Exception):
    """The file did not come. The text is a sentence for agents; ``wait`` the seconds to wait at least."""

    def __init__(self, trouble: Trouble, sentence: str, *, wait: float = 0) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.wait = wait


class LookupBudget:
    """Failed look-ups of each number in an hour, by all workers together.

    WhatsApp blocks media look-ups of a number for half an hour after 20 errors in an hour (as 360dialog reports it),
    so we stop at half of that: no two of our hours together have as many. A new token starts afresh.
    """

    ALLOWED = Quota("failed media look-ups", 10, 3600)

    def wait(self, number: PhoneNumber) -> float:
        """Seconds until this number may be asked again; 0 when it may be now."""
        return self.ALLOWED.wait(self._key(number))

    def count(self, number: PhoneNumber) -> None:
        self.ALLOWED.take(self._key(number))

    def _key(self, number: PhoneNumber) -> str:
        return f"{number.pk} {hashlib.sha256(number.access_token.encode()).hexdigest()[:16]}"


budget = LookupBudget()


def _require_token(number: PhoneNumber) -> None:
    try:
        sentence = "" if number.access_token else "The number has no access token; an administrator has to enter one."
    except ImproperlyConfigured as error:
        sentence = str(error)
    if sentence:
        raise DownloadError(Trouble.LATER, sentence, wait=900)


def download(provider: ServesMedia, media: Media, file: IO[bytes], *, on_progress: Callable[[], None]) -> Inspected:
    """Write the file of ``media`` into ``file`` (empty, seekable) with flat memory, and verify it.

    Takes the address from the webhook while it is fresh, else asks for one by id; one look-up at most.
    ``on_progress`` is called with every piece and may raise to stop. Raises DownloadError. Safe to repeat.
    """
    number = media.message.number
    _require_token(number)
    if fresh(media):
        try:
            return _stream(provider, media.remote_url, None, media, file, on_progress)
        except ProviderError as error:
            if not _refused_address(error) and error.http_status not in STALE_STATUSES:
                raise trouble_of(error) from error
    info = _look_up(provider, number, media.media_id)
    try:
        return _stream(provider, info.url, info, media, file, on_progress)
    except ProviderError as error:
        if _refused_address(error):
            # WhatsApp may have new servers before we know of them: the file waits for whoever enters their names.
            raise DownloadError(Trouble.TRANSIENT, str(error)) from error
        raise trouble_of(error) from error


def _refused_address(error: ProviderError) -> bool:
    """Whether it was our own provider that would not open this address."""
    return not error.http_status and not error.retryable


def fresh(media: Media) -> bool:
    """Whether the address that came with the webhook is young enough to try.

    Both times count: a webhook that WhatsApp repeats after hours carries the address of the first time.
    """
    since = timezone.now() - URL_FRESH
    return bool(media.remote_url) and media.created_at > since and media.message.sent_at > since


def provider_of(media: Media) -> Provider:
    """Whoever holds the file. Raises DownloadError while the number is nobody's."""
    number = media.message.number
    if number.state == PhoneNumber.State.UNKNOWN:
        raise DownloadError(
            Trouble.LATER, "The number is not connected; an administrator has to accept it first.", wait=900
        )
    try:
        return provider_for(number)
    except ProviderError as error:
        raise DownloadError(Trouble.LATER, str(error), wait=900) from error


def _look_up(provider: ServesMedia, number: PhoneNumber, media_id: str) -> MediaInfo:
    check_budget(number)
    try:
        return provider.media_info(media_id)
    except ProviderError as error:
        if error.http_status:
            budget.count(number)
        if error.http_status == 401 or error.code in TOKEN_CODES:
            raise DownloadError(
                Trouble.LATER,
                "WhatsApp refused the number's access token; an administrator has to enter a new one.",
                wait=900,
            ) from error
        if error.http_status == 404 or error.code in GONE_CODES:
            raise DownloadError(
                Trouble.GONE, "WhatsApp no longer has this file, or the number's access token may not read it."
            ) from error
        raise trouble_of(error) from error


def check_budget(number: PhoneNumber) -> None:
    """Raise DownloadError while the number has had as many failed look-ups as it may."""
    if wait := budget.wait(number):
        raise DownloadError(
            Trouble.LATER, "WhatsApp answered with too many errors for this number; it is asked again later.", wait=wait
        )


def trouble_of(error: ProviderError) -> DownloadError:
    """What a provider's error means for the file."""
    wait = error.retry_after or 0
    if error.code == TOO_LARGE_CODE:
        return DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
    if error.http_status == 429 or error.code in RATE_CODES:
        return DownloadError(Trouble.LATER, "WhatsApp asks us to slow down.", wait=max(wait, 60))
    if not error.retryable and not error.http_status:
        return DownloadError(Trouble.PERMANENT, str(error))
    return DownloadError(Trouble.TRANSIENT, str(error), wait=wait)


def _stream(
    provider: ServesMedia,
    url: str,
    info: MediaInfo | None,
    media: Media,
    file: IO[bytes],
    on_progress: Callable[[], None],
) -> Inspected:
    """Copy the bytes behind ``url`` into ``file``, and compare what came with what was declared."""
    lengths = {info.size} if info and info.size is not None else set()
    size = 0
    with provider.download(url) as download:
        if download.size is not None:
            lengths.add(download.size)
        if any(length > settings.MEDIA_MAX_BYTES for length in lengths):
            raise DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
        for chunk in download.chunks:
            size += len(chunk)
            if size > settings.MEDIA_MAX_BYTES:
                raise DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
            file.write(chunk)
            on_progress()
    found = inspection.inspect(file, on_progress=on_progress)
    check_whole(found, lengths, media.sha256 or (info.sha256 if info else ""))
    return found


def check_whole(found: Inspected, lengths: Collection[int], expected: str) -> None:
    """Raise DownloadError unless the file has all the ``lengths`` announced, and the digest if one was ``expected``."""
    if set(lengths) - {found.size}:
        raise DownloadError(Trouble.UNUSABLE, "The file came incomplete from WhatsApp.")
    if expected and found.sha256 != expected:
        raise DownloadError(Trouble.UNUSABLE, "The file that came is not the one that WhatsApp announced.")
    if not found.size:
        raise DownloadError(Trouble.UNUSABLE, "WhatsApp delivered an empty file.")
