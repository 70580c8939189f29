"""Send what is due: upload the file, make one request, record the outcome.

A request that may have reached WhatsApp is never repeated: the message is UNKNOWN until a status from WhatsApp decides.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO

import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from prometheus_client import Counter, Histogram

from inbox import callback_data, conversations, statuses
from inbox.changes import webhooks
from inbox.media import file_names, uploads
from inbox.media.storage import MissingFileError, StorageError, media_storage
from inbox.models import Conversation, Media, Message
from inbox.sending import outbox, rate_limit
from inbox.sending.outbox import Lease, LeaseLostError
from inbox.sending.queue import NotSendableError, address_of
from whatsapp import compose, limits
from whatsapp.errors import PAIR_RATE, REPORTED, WINDOW_CLOSED
from whatsapp.events import MEDIA_KINDS, Kind, Status
from whatsapp.providers.base import Accepted, Provider, ProviderError, StoredFile, provider_for

log = structlog.get_logger(__name__)

SENT = Counter("inbox_messages_sent_total", "Requests that send a message, by outcome.", ["outcome", "number"])
REQUEST_SECONDS = Histogram("inbox_send_request_seconds", "Seconds WhatsApp took to answer a request that sends.")
QUEUED_SECONDS = Histogram("inbox_send_queued_seconds", "Seconds from queueing a message until its request was made.")

#: Kinds that have a file, or may have one in their header.
MAY_HAVE_A_FILE = MEDIA_KINDS | {Kind.TEMPLATE, Kind.INTERACTIVE}
#: Seconds until the next attempt, by attempts made. After the last one the message fails.
RETRY_SECONDS = (4, 16, 64, 256, 900, 1800, 3600)
#: Seconds until the next attempt when the file storage is not available.
STORAGE_WAIT = 60
#: Seconds that a number pauses when WhatsApp says that it sends too fast.
SLOW_DOWN = 5.0

STORAGE_AWAY = gettext_noop("The file storage is not available. Retrying automatically.")
FILE_MISSING = gettext_noop("The stored file is missing. Ask an administrator to look into it.")
RATE_LIMITED = gettext_noop("Rate-limited by WhatsApp; sends automatically.")
NOT_PREPARED = gettext_noop("The message could not be prepared. An administrator can find the reason in the log.")
RETRY_PREPARING = gettext_noop("The message could not be prepared. Retrying automatically; the log has the details.")


def deliver_next() -> bool:
    """Send the next message that is due. False when there is none. Safe in any number of workers at once."""
    lease = outbox.claim()
    if lease is None:
        return False
    try:
        _deliver(lease)
    except LeaseLostError:
        log.warning("send_lease_lost", message=lease.message_id)
    return True


def _deliver(lease: Lease) -> None:
    message = lease.message()
    try:
        provider = provider_for(message.number)
        body = _prepare(lease, message, provider)
        if not _wait_for_rate_limits(lease, message):
            return
    except (NotSendableError, uploads.FileRefusedError, compose.ComposeError) as error:
        return _fail(lease, message, str(error))
    except StorageError as error:
        log.warning("storage_not_available", message=message.pk, reason=str(error))
        return lease.put_back(STORAGE_WAIT, attempts=lease.attempts, reason=STORAGE_AWAY)
    except MissingFileError:
        return _fail(lease, message, FILE_MISSING)
    except ProviderError as error:
        return _refused(lease, message, error)
    except (LeaseLostError, OperationalError, InterfaceError):
        raise  # not the message's fault: another worker takes it when the lease expires
    except Exception:
        log.exception("message_not_prepared", message=message.pk, number=message.number_id)
        return _retry_preparing(lease, message)
    lease.begin_request()
    QUEUED_SECONDS.observe(max(0.0, (timezone.now() - message.created_at).total_seconds()))
    began = time.monotonic()
    try:
        try:
            accepted = provider.send(body)
        finally:
            took = time.monotonic() - began
            REQUEST_SECONDS.observe(took)
    except ProviderError as error:
        settle = _unknown if error.may_have_sent else _refused
        settle(lease, message, error)
    else:
        _accepted(lease, message, accepted)
    outbox.note_answer(message.number, took)


def _prepare(lease: Lease, message: Message, provider: Provider) -> dict[str, object]:
    """WhatsApp's JSON of the message, once its file is uploaded. Raises what can go wrong before anything is sent."""
    address = address_of(message.conversation)
    media = Media.objects.filter(message=message).first() if message.kind in MAY_HAVE_A_FILE else None
    if media is not None:
        media = uploads.finish(media, on_progress=lease.renew)
        message.refresh_from_db(fields=["kind"])  # a GIF may turn out to be a still picture
        _upload(lease, message, media, provider)
    return compose.message(
        compose.Outgoing(
            kind=Kind(message.kind),
            text=message.text,
            payload=message.payload,
            media_id=media.media_id if media else "",
            file_name=file_names.download_name(media) if media else "",
            voice=media.voice if media else False,
            animated=media.animated if media else False,
            to=address.phone,
            user_id=address.user_id,
            group_id=address.group_id,
            quoted_wamid=message.quoted_wamid,
            callback_data=callback_data.of_message(message.client_token) if message.client_token else "",
        )
    )


def _upload(lease: Lease, message: Message, media: Media, provider: Provider) -> None:
    """Upload the stored file to WhatsApp and set ``media_id``, unless WhatsApp has it and will keep it long enough."""
    fresh = timezone.now() - limits.UPLOAD_LIFETIME + timedelta(days=1)
    if media.media_id and media.registered_at and media.registered_at > fresh:
        return
    name = media.file.name or ""
    mime_type = limits.upload_type(media.content_type, media.file_name)
    media.media_id = provider.upload_media(
        StoredFile(
            mime_type=mime_type,
            file_name=limits.upload_name(media.file_name, mime_type),
            open=lambda: _opened(lease, name),
            s3=media_storage().s3_object(name),
        )
    )
    media.registered_at = timezone.now()
    media.save(update_fields=["media_id", "registered_at"])
    lease.renew()
    log.info("media_registered_with_whatsapp", media=str(media.pk), message=message.pk, number=message.number_id)


@contextlib.contextmanager
def _opened(lease: Lease, name: str) -> Iterator[tuple[BinaryIO, int]]:
    """The stored file as a local file, and its length. Raises StorageError, MissingFileError, LeaseLostError."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="media-") as file:
        media_storage().copy_to(name, file)
        size = file.tell()
        file.seek(0)
        lease.renew()
        yield file, size


def _wait_for_rate_limits(lease: Lease, message: Message) -> bool:
    """Wait until the limits of the number and the customer allow the message. False when it was put back for later."""
    taken, wait = rate_limit.take_number(message.number, outbox.PATIENCE)
    if taken:
        # Second, because an unused place costs a number milliseconds, a customer seconds.
        taken, pair_wait = rate_limit.take_pair(message.conversation)
        wait = wait if taken else pair_wait
    if not taken:
        lease.put_back(wait, attempts=lease.attempts, reason="" if wait < 5 else RATE_LIMITED)
        return False
    time.sleep(wait)
    return True


def _accepted(lease: Lease, message: Message, accepted: Accepted) -> None:
    """WhatsApp has it. Its statuses may have arrived before this answer."""
    now = timezone.now()
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        if not lease.end():
            log.warning("send_answer_late", message=message.pk)  # it became unknown meanwhile; now it is known
        columns = {"provider_message_id": accepted.provider_message_id, "error": "", "error_code": None}
        rows = Message.objects.filter(pk=message.pk)
        rows.filter(status__in=(Status.SENDING, Status.UNKNOWN)).update(status=Status.SENT, **columns)
        rows.filter(accepted_at__isnull=True).update(accepted_at=now)
        _set_wamid(message, accepted.wamid)
        waiting = statuses.take_waiting([message.pk])
        statuses.fold(waiting)
        lease.show()
        webhooks.record(sent=[message.pk])
    outbox.sent_from(message.number)
    SENT.labels("sent", message.number_id).inc()
    log.info("message_sent", message=message.pk, number=message.number_id, kind=message.kind, held=accepted.held)


def _set_wamid(message: Message, wamid: str) -> None:
    """Keep WhatsApp's id of the message, unless a status told it already."""
    if not wamid:
        return
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk, wamid="").update(wamid=wamid[:255])
    except IntegrityError:
        log.exception("wamid_taken", message=message.pk)  # two answers with the same id: the row keeps its state


def _unknown(lease: Lease, message: Message, error: ProviderError) -> None:
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        if lease.end():
            Message.objects.filter(pk=message.pk, status=Status.SENDING).update(
                status=Status.UNKNOWN, error=f"{error} {outbox.WAITING_FOR_STATUS}", error_code=error.code or None
            )
            lease.show()
            webhooks.record(changed=[message.pk])
    SENT.labels("unknown", message.number_id).inc()
    REPORTED.labels("sending", error.code, message.number_id).inc()
    log.warning("message_unknown", message=message.pk, number=message.number_id, code=error.code)


def _refused(lease: Lease, message: Message, error: ProviderError) -> None:
    """WhatsApp did not accept it: retry later, pause the number, or fail."""
    REPORTED.labels("sending", error.code, message.number_id).inc()
    explanation = error.explanation
    reason = explanation.text if error.answered else str(error)
    if explanation.pauses_number and error.answered:
        lease.put_back(0, attempts=lease.attempts, code=error.code, reason=reason)
        return outbox.pause(message.number, error, reason)
    if not error.retryable or lease.attempts >= len(RETRY_SECONDS):
        return _fail(lease, message, reason if not error.code else str(error), code=error.code)
    wait = max(RETRY_SECONDS[lease.attempts], error.retry_after or 0.0)
    if error.code == PAIR_RATE:
        rate_limit.hold_pair(message.conversation, wait)
    elif error.answered and explanation.scope is not explanation.scope.MESSAGE:
        rate_limit.hold_number(message.number, error.retry_after or SLOW_DOWN)
    lease.put_back(wait, attempts=lease.attempts + 1, code=error.code, reason=reason)
    SENT.labels("postponed", message.number_id).inc()
    log.info("message_postponed", message=message.pk, number=message.number_id, code=error.code, wait=wait)


def _retry_preparing(lease: Lease, message: Message) -> None:
    """An error of ours before anything was sent. After some attempts the message fails, since it blocks later ones."""
    if lease.attempts >= len(RETRY_SECONDS):
        return _fail(lease, message, NOT_PREPARED)
    lease.put_back(RETRY_SECONDS[lease.attempts], attempts=lease.attempts + 1, reason=RETRY_PREPARING)


def _fail(lease: Lease, message: Message, reason: str, *, code: int = 0) -> None:
    with transaction.atomic():
        conversations.open_and_lock([], [message.conversation_id])
        if lease.end():
            Message.objects.filter(pk=message.pk).exclude(status=Status.FAILED).update(
                status=Status.FAILED, failed_at=timezone.now(), error=reason, error_code=code or None
            )
            if code == WINDOW_CLOSED:
                # WhatsApp's word wins over our clock.
                open_ones = Conversation.objects.filter(pk=message.conversation_id, window_closes_at__gt=timezone.now())
                open_ones.update(window_closes_at=timezone.now())
            lease.show()
            webhooks.record(changed=[message.pk])
    SENT.labels("failed", message.number_id).inc()
    log.warning("message_failed", message=message.pk, number=message.number_id, code=code)
