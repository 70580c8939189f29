"""Download one file from WhatsApp into a local temporary file, and verify it."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext_noop

from inbox.media import inspection
from inbox.media.inspection import Inspected
from inbox.models import Media
from inbox.quotas import Quota
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import MediaInfo, Provider, ProviderError, ServesMedia, provider_for

#: The address in a webhook works for 5 minutes; a minute is left for the download to begin.
URL_FRESH = timedelta(minutes=4)
#: Answers of the file server that mean "ask for a new address".
STALE_STATUSES = frozenset({401, 403, 404, 410})
#: Meta's codes for a token that is expired, revoked or lacks the permission.
TOKEN_CODES = frozenset({3, 10, 190, 131005, *range(200, 300)})
#: "Object does not exist", for a media id that has expired.
GONE_CODES = frozenset({33, 100})
TOO_LARGE_CODE = 131052
RATE_CODES = frozenset({4, 80007, 130429})

#: Seconds until an administrator may have fixed what is wrong.
ADMINISTRATOR_SECONDS = 900

TOO_LARGE = gettext_noop("The file is larger than 100 MB, the most that WhatsApp delivers. Ask for it another way.")
NO_TOKEN = gettext_noop("The number has no access token. Ask an administrator to enter one.")
TOKEN_REFUSED = gettext_noop("WhatsApp refused the number’s access token. Ask an administrator to enter a new one.")
NOT_CONNECTED = gettext_noop("The number is not connected. Ask an administrator to accept it.")
GONE = gettext_noop("WhatsApp no longer has this file, or the number’s access token may not read it.")
TOO_MANY_ERRORS = gettext_noop("Too many downloads failed for this number, so WhatsApp is asked again later.")
SLOW_DOWN = gettext_noop("WhatsApp limits downloads at the moment; the file is requested again later.")
INCOMPLETE = gettext_noop("The file arrived incomplete from WhatsApp.")
DIFFERENT = gettext_noop("The file that arrived is not the one that WhatsApp announced.")
EMPTY = gettext_noop("WhatsApp delivered an empty file.")


class Trouble(enum.Enum):
    """The kind of failure, which decides what happens next."""

    LATER = "later"  # not possible at the moment: no token, a rate limit. Does not count as an attempt.
    STORAGE = "storage"  # our own storage or disk is away
    TRANSIENT = "transient"  # another attempt may work
    GONE = "gone"  # WhatsApp says that there is no such file; believed after a few attempts
    UNUSABLE = "unusable"  # what arrived is not the file; given up after a few attempts
    TOO_LARGE = "too_large"
    PERMANENT = "permanent"


class DownloadError(Exception):
    """The file was not downloaded. The text is a sentence for agents; ``wait``: seconds to wait at least."""

    def __init__(self, trouble: Trouble, sentence: str, *, wait: float = 0) -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.wait = wait


class LookupBudget:
    """Failed media look-ups of each number in an hour, by all workers together.

    WhatsApp blocks media look-ups of a number for half an hour after 20 errors in an hour (as 360dialog reports), so we
    stop at half of that: two of our hours together stay below 20. A new token starts a new count.
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
        sentence = "" if number.access_token else NO_TOKEN
    except ImproperlyConfigured as error:
        sentence = str(error)
    if sentence:
        raise DownloadError(Trouble.LATER, sentence, wait=ADMINISTRATOR_SECONDS)


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
            # WhatsApp may use new servers before we know them: the file waits until their names are configured.
            raise DownloadError(Trouble.TRANSIENT, str(error)) from error
        raise trouble_of(error) from error


def _refused_address(error: ProviderError) -> bool:
    """Whether our own provider refused to open this address."""
    return not error.http_status and not error.retryable


def fresh(media: Media) -> bool:
    """Whether the address that came with the webhook is young enough to try.

    Both times count: a webhook that WhatsApp repeats after hours carries the address of the first time.
    """
    since = timezone.now() - URL_FRESH
    return bool(media.remote_url) and media.created_at > since and media.message.sent_at > since


def provider_of(media: Media) -> Provider:
    """The provider that has the file. Raises DownloadError while nobody has accepted the number."""
    number = media.message.number
    if number.state == PhoneNumber.State.UNKNOWN:
        raise DownloadError(Trouble.LATER, NOT_CONNECTED, wait=ADMINISTRATOR_SECONDS)
    try:
        return provider_for(number)
    except ProviderError as error:
        raise DownloadError(Trouble.LATER, str(error), wait=ADMINISTRATOR_SECONDS) from error


def _look_up(provider: ServesMedia, number: PhoneNumber, media_id: str) -> MediaInfo:
    check_budget(number)
    try:
        return provider.media_info(media_id)
    except ProviderError as error:
        if error.http_status:
            budget.count(number)
        if error.http_status == 401 or error.code in TOKEN_CODES:
            raise DownloadError(Trouble.LATER, TOKEN_REFUSED, wait=ADMINISTRATOR_SECONDS) from error
        if error.http_status == 404 or error.code in GONE_CODES:
            raise DownloadError(Trouble.GONE, GONE) from error
        raise trouble_of(error) from error


def check_budget(number: PhoneNumber) -> None:
    """Raise DownloadError while the number has had as many failed look-ups as it may."""
    if wait := budget.wait(number):
        raise DownloadError(Trouble.LATER, TOO_MANY_ERRORS, wait=wait)


def trouble_of(error: ProviderError) -> DownloadError:
    """What a provider's error means for the file."""
    wait = error.retry_after or 0
    if error.code == TOO_LARGE_CODE:
        return DownloadError(Trouble.TOO_LARGE, TOO_LARGE)
    if error.http_status == 429 or error.code in RATE_CODES:
        return DownloadError(Trouble.LATER, SLOW_DOWN, wait=max(wait, 60))
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
    """Copy the bytes at ``url`` into ``file``, and compare them with what was announced."""
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
    """Raise DownloadError unless the file has each announced length, and the ``expected`` digest if there is one."""
    if set(lengths) - {found.size}:
        raise DownloadError(Trouble.UNUSABLE, INCOMPLETE)
    if expected and found.sha256 != expected:
        raise DownloadError(Trouble.UNUSABLE, DIFFERENT)
    if not found.size:
        raise DownloadError(Trouble.UNUSABLE, EMPTY)
