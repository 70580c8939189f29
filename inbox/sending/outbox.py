"""The outbox: which message may be sent next, the lease of the worker that sends it, and paused numbers.

The messages of a conversation are sent in order, one at a time, whichever workers send them: an entry can be claimed
only when its conversation has no earlier one. A worker that dies loses its lease, nothing else.
"""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from core.jobs import wake_up_once
from inbox import conversations
from inbox.changes import pages, webhooks
from inbox.models import Message, Outbox, OutboxEntry, SlowAnswer, WorkerProcess
from inbox.sending import rate_limit
from whatsapp.events import Status
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import ProviderError, provider_for

log = structlog.get_logger(__name__)

#: The queue of jobs that send; the worker reserves threads for it.
QUEUE = "sending"
#: A worker that has not renewed its lease for this long is considered dead. Longer than any request to a provider.
LEASE = timedelta(seconds=90)
#: How long a paused number waits before its provider is asked whether it works again; doubled after each failure.
PROBE = timedelta(seconds=60)
#: Seconds that a worker waits at most for the rate limit of the number of a message that it claims.
PATIENCE = 1.0
PROBE_AT_MOST = timedelta(minutes=15)
#: Seconds. A request to a provider takes a few hundred milliseconds.
SLOW = 5.0
WAITING_FOR_STATUS = gettext_noop("We’ll know when WhatsApp confirms.")
MAYBE_SENT = gettext_noop("The connection was lost before WhatsApp answered. We’ll know when WhatsApp confirms.")

CLAIM = """
UPDATE inbox_outboxentry
SET lease = %(lease)s, worker = %(worker)s, leased_until = clock_timestamp() + make_interval(secs => %(length)s)
WHERE message_id = (
    SELECT e.message_id FROM inbox_outboxentry e
    WHERE e.number_id = %(number)s AND e.due_at <= clock_timestamp()
      AND (e.leased_until IS NULL OR e.leased_until < clock_timestamp())
      AND NOT EXISTS (
          SELECT 1 FROM inbox_outboxentry earlier
          WHERE earlier.conversation_id = e.conversation_id AND earlier.message_id < e.message_id
      )
      AND EXISTS (SELECT 1 FROM inbox_message m WHERE m.id = e.message_id AND m.status = 'queued')
    ORDER BY e.priority, e.due_at, e.message_id
    LIMIT 1 FOR UPDATE OF e SKIP LOCKED
)
RETURNING message_id, conversation_id, number_id, attempts
"""


class LeaseLostError(Exception):
    """The lease expired, and another worker may have the message."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send one message. Whatever is written under it checks that the lease is still held."""

    message_id: int
    conversation_id: int
    number_id: int
    attempts: int
    token: uuid.UUID

    def entries(self) -> QuerySet[OutboxEntry]:
        return OutboxEntry.objects.filter(pk=self.message_id, lease=self.token)

    def renew(self) -> None:
        """Extend it. Raises LeaseLostError when it is no longer held."""
        if not self.entries().update(leased_until=Now() + LEASE):
            raise LeaseLostError

    def message(self) -> Message:
        related = ("conversation__number", "conversation__contact", "number", "quoted", "agent")
        return Message.objects.select_related(*related).get(pk=self.message_id)

    def show(self) -> None:
        """Update the list and live pages after the message was written. The caller holds the conversation's lock, as
        everything does that changes a message and then its conversation."""
        conversations.refresh([self.message_id])
        pages.announce([(self.number_id, self.conversation_id)])

    def begin_request(self) -> None:
        """Commit that the request may be on its way, so that a crash never sends it twice. Raises LeaseLostError."""
        with transaction.atomic():
            conversations.open_and_lock([], [self.conversation_id])
            if not self.entries().update(leased_until=Now() + LEASE):
                raise LeaseLostError
            if not Message.objects.filter(pk=self.message_id, status=Status.QUEUED).update(
                status=Status.SENDING, error="", error_code=None
            ):
                raise LeaseLostError
            self.show()

    def end(self) -> bool:
        """Delete the entry in the caller's transaction. False when the lease was no longer held."""
        deleted, _ = self.entries().delete()
        return bool(deleted)

    def put_back(self, wait: float, *, attempts: int, code: int = 0, reason: str = "") -> None:
        """Send it in ``wait`` seconds instead; it has not been sent yet. ``reason`` is shown while it waits."""
        with transaction.atomic():
            conversations.open_and_lock([], [self.conversation_id])
            due_at = Now() + timedelta(seconds=wait)
            if not self.entries().update(lease=None, leased_until=None, due_at=due_at, attempts=attempts):
                return
            waiting = Message.objects.filter(pk=self.message_id, status__in=(Status.QUEUED, Status.SENDING))
            if waiting.update(status=Status.QUEUED, error=reason, error_code=code or None):
                self.show()
            else:
                OutboxEntry.objects.filter(pk=self.message_id).delete()  # a status says that it was sent


def claim() -> Lease | None:
    """Claim a message that may be sent now, of a random number among those that have one. None when there is none."""
    numbers = list(_sending_numbers().exclude(rate_limit.is_behind(PATIENCE)).values_list("pk", flat=True))
    random.shuffle(numbers)
    for number in numbers:
        token = uuid.uuid4()
        with connection.cursor() as cursor:
            values = {
                "lease": token,
                "worker": WorkerProcess.current,
                "length": LEASE.total_seconds(),
                "number": number,
            }
            cursor.execute(CLAIM, values)
            taken = cursor.fetchone()
        if taken is not None:
            return Lease(taken[0], taken[1], taken[2], taken[3], token)
    return None


def anything_due() -> bool:
    """Whether an unclaimed message is due, rate limits aside."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    earlier = OutboxEntry.objects.filter(conversation=OuterRef("conversation"), message__lt=OuterRef("message"))
    due = OutboxEntry.objects.filter(free, due_at__lte=Now(), number__in=_sending_numbers())
    return due.filter(~Exists(earlier), message__status=Status.QUEUED).exists()


def _sending_numbers() -> QuerySet[PhoneNumber]:
    return PhoneNumber.objects.connected().exclude(outbox__active=True)


def pause(number: PhoneNumber, error: ProviderError, reason: str) -> None:
    """Stop sending from a number where every message would fail for the same reason. Safe to repeat."""
    with transaction.atomic():
        outbox, _ = Outbox.objects.select_for_update().get_or_create(
            number=number, defaults={"probe_at": Now(), "reason": "", "active": False, "pauses": 0}
        )
        if not outbox.active:
            outbox.pauses += 1
            outbox.paused_at = Now()
        outbox.active, outbox.reason, outbox.error_code = True, reason, error.code
        outbox.probe_at = Now() + min(PROBE * 2 ** min(outbox.pauses - 1, 8), PROBE_AT_MOST)
        outbox.save()
        pages.announce_number(number.pk)
    log.error("number_paused", number=number.pk, code=error.code, pauses=outbox.pauses)


def resume(number: PhoneNumber) -> None:
    """Send from a number again, because it works or its token was replaced. Safe to repeat."""
    with transaction.atomic():
        if Outbox.objects.filter(number=number, active=True).update(active=False):
            pages.announce_number(number.pk)
            wake_up_once("send_messages")
            log.info("number_resumed", number=number.pk)


def sent_from(number: PhoneNumber) -> None:
    """A message was sent: whatever paused the number is over."""
    Outbox.objects.filter(number=number, active=False).delete()


def probe() -> None:
    """Ask the providers of paused numbers whether they work again, and resume those that do."""
    due = Outbox.objects.filter(active=True, probe_at__lte=Now()).select_related("number")
    for outbox in due:
        try:
            provider_for(outbox.number).number_info()
        except ProviderError as error:
            wait = min(PROBE * 2 ** min(outbox.pauses, 8), PROBE_AT_MOST)
            Outbox.objects.filter(pk=outbox.pk).update(probe_at=Now() + wait, pauses=F("pauses") + 1)
            log.warning("number_still_paused", number=outbox.number_id, code=error.code)
        else:
            resume(outbox.number)


def check_numbers() -> None:
    """Ask the provider about every number that sends, to notice an invalid token before a message needs it."""
    for number in _sending_numbers():
        began = time.monotonic()
        try:
            provider_for(number).number_info()
        except ProviderError as error:
            if error.answered and error.explanation.pauses_number:
                pause(number, error, error.explanation.text)
        note_answer(number, time.monotonic() - began)


def note_answer(number: PhoneNumber, seconds: float) -> None:
    """Remember a request about this number that took the provider long."""
    if seconds >= SLOW:
        SlowAnswer.objects.update_or_create(number=number, defaults={"at": Now(), "seconds": seconds})


def settle_abandoned() -> int:
    """Mark messages UNKNOWN whose worker died during the request. Returns how many. Those whose request had not begun
    can be claimed again."""
    with transaction.atomic():
        # Conversations are locked first, as everywhere: a worker that answers late holds them already.
        late = OutboxEntry.objects.filter(leased_until__lt=Now(), message__status=Status.SENDING)
        conversations.open_and_lock([], late.values_list("conversation_id", flat=True))
        abandoned = list(late.select_for_update(of=("self",)).values_list("pk", flat=True))
        if abandoned:
            OutboxEntry.objects.filter(pk__in=abandoned).delete()
            Message.objects.filter(pk__in=abandoned, status=Status.SENDING).update(
                status=Status.UNKNOWN, error=MAYBE_SENT
            )
            show(abandoned)
            log.warning("sends_abandoned", messages=abandoned)
        # A status arrived before the dead worker could record that it had sent the message.
        OutboxEntry.objects.filter(leased_until__lt=Now()).exclude(
            message__status__in=(Status.QUEUED, Status.SENDING)
        ).delete()
    return len(abandoned)


def show(message_ids: list[int]) -> None:
    """Update the list, live pages and programs after these messages were written, of any conversations."""
    pages.touch(message_ids)
    conversations.refresh(message_ids)
    webhooks.record(changed=message_ids)
