"""Checks of what is running: numbers, workers, the journal's backlog, sending, files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now

from inbox.models import Media, Message
from inbox.operations import attention, workers
from inbox.operations.attention import duration
from inbox.operations.doctor.findings import FAIL, OK, WARN, Finding, Result, check, counted
from whatsapp.events import Status
from whatsapp.models import PhoneNumber, Provider
from whatsapp.providers.base import ProviderError, provider_for
from whatsapp.webhooks import journal

#: Seconds that a notification may wait before it is a warning, and before it is a failure.
LATE, STUCK = 60, 600


@check("numbers")
def numbers() -> Iterator[Result]:
    """Ask the provider about every connected number, with the number's own token."""
    unknown = PhoneNumber.objects.filter(state=PhoneNumber.State.UNKNOWN).count()
    if unknown:
        yield WARN, f"Webhooks arrived for {counted(unknown, 'number')} that nobody has accepted: see the admin."
    connected = list(PhoneNumber.objects.connected().defer("access_token"))
    if not connected:
        yield WARN, "No number is connected yet: add one in the admin."
    for number in connected:
        try:
            provider = provider_for(number)
            info = provider.number_info()
            yield OK, f"{number}: the connection works, quality {info.quality or 'unknown'}."
            if apps := provider.subscribed_apps():
                yield OK, f"{number}: webhooks of its account go to {', '.join(apps)}."
            elif number.provider == Provider.AWS:
                yield FAIL, f"{number}: its account has no event destination, so nothing arrives: add one at AWS."
            else:
                yield FAIL, f"{number}: no app is subscribed to its account's webhooks, so nothing arrives."
        except (ProviderError, ImproperlyConfigured) as error:
            yield FAIL, f"{number}: {error}"


@check("worker")
def worker() -> Iterator[Result]:
    standing = workers.standing()
    for dead in standing.dead:
        yield (
            WARN if standing.alive else FAIL,
            f"The worker {dead.pid} on {dead.host} has been silent for {duration(timedelta(seconds=dead.silent))}: "
            "start it again. If it is gone for good, run `manage.py worker --forget-missing`.",
        )
    if standing.alive:
        yield OK, f"{counted(standing.alive, 'worker')} alive."
    elif not standing.dead:
        yield FAIL, "No worker runs: start `manage.py worker`."


@check("journal")
def journal_backlog() -> Iterator[Result]:
    age = journal.oldest_pending_seconds()
    if age is None or age <= LATE:
        yield OK, "No webhook waits."
    else:
        waited = duration(timedelta(seconds=age))
        yield FAIL if age > STUCK else WARN, f"The oldest webhook has waited for {waited}."


def concerns() -> Iterator[Finding]:
    """What needs attention while everything runs, and messages that may not have been sent."""
    found = attention.concerns()
    for concern in found:
        yield Finding(FAIL if concern.stops else WARN, concern.area, concern.sentence)
    if not any(concern.area == "sending" for concern in found):
        yield Finding(OK, "sending", "No message is stuck.")
    doubtful = Message.objects.unsettled().filter(status=Status.UNKNOWN)
    if unknown := doubtful.filter(created_at__gt=Now() - timedelta(days=1)).count():
        yield Finding(WARN, "sending", f"{counted(unknown, 'message')} of the last day may or may not have been sent.")


@check("files")
def files() -> Iterator[Result]:
    waiting = Media.objects.filter(state__in=[Media.State.PENDING, Media.State.RETRYING])
    if late := waiting.filter(created_at__lt=Now() - timedelta(days=1)).count():
        yield WARN, f"{counted(late, 'file')} missing for more than a day; WhatsApp keeps a file for seven days."
    else:
        yield OK, "No file has been missing for more than a day."
