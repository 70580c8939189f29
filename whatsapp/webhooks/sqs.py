"""Amazon SQS: queues fed by an SNS topic are emptied into the journal. Needs no public address.

A message is deleted only after it is committed to the journal. Otherwise SQS delivers it again, and the journal accepts
repeated notifications.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from typing import Any

import structlog
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, close_old_connections, connections
from prometheus_client import Counter

from core.postgres.errors import describe
from whatsapp.models import Provider
from whatsapp.providers.aws import arns
from whatsapp.providers.aws.client import call, client
from whatsapp.providers.base import ProviderError
from whatsapp.webhooks import journal

log = structlog.get_logger(__name__)

Messages = Sequence[dict[str, Any]]

RECEIVED = Counter("inbox_queue_messages_committed", "Messages of SQS queues committed to the journal.")

#: Seconds of long polling, which a stopping worker waits for. SQS allows 20.
WAIT_SECONDS = 10
#: Messages per request; SQS allows no more.
BATCH = 10
#: Visibility timeout in seconds, and how often it is extended while the database is away.
HIDDEN_SECONDS = 120
EXTEND_SECONDS = 20
#: Seconds between attempts while AWS or the database is away: the first, and the longest.
AGAIN_AFTER, AGAIN_AT_MOST = 1.0, 30.0
QUEUE_URL = re.compile(r"https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?/[0-9]{12}/[A-Za-z0-9_-]{1,80}(?:\.fifo)?", re.ASCII)


def region_of(url: str, default: str) -> str:
    """The Region in a queue's URL, or ``default``. Raises ValueError with a sentence when it is no queue URL."""
    found = QUEUE_URL.fullmatch(url)
    if found is None:
        raise ValueError(
            f"“{url}” in AWS_SQS_QUEUES is no address of a queue; it looks like "
            "https://sqs.eu-central-1.amazonaws.com/123456789012/whatsapp."
        )
    parts = found[1].split(".")
    named = parts[1] if parts[0] == "sqs" and len(parts) > 2 else parts[0]
    return named if arns.REGION.fullmatch(named) else default


class QueueReader:
    """Empties one queue in a thread, from ``start`` until ``stop``. Several readers may share a queue."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"queue {url.rsplit('/')[-1]}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop after what has been received is stored. Returns at once; safe to repeat."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, at most so many seconds. It takes about WAIT_SECONDS unless AWS hangs."""
        self._thread.join(seconds)

    def _run(self) -> None:
        wait = AGAIN_AFTER
        while not self._stopping.is_set():
            try:
                self.take()
                wait = AGAIN_AFTER
            except ProviderError as error:
                log.error("queue_away", queue=self._url, reason=str(error), again_in=wait)
                self._stopping.wait(wait)
                wait = min(wait * 2, AGAIN_AT_MOST)
            except Exception:
                # Whatever happened, the thread must go on: nobody else empties this queue.
                log.exception("queue_reader_failed", queue=self._url)
                self._stopping.wait(AGAIN_AT_MOST)
        connections.close_all()

    def take(self) -> int:
        """Receive once and store what came in the journal; returns how many. Waits up to WAIT_SECONDS for the first
        message. Raises ProviderError when AWS is away."""
        sqs = client("sqs", self._region, read_seconds=WAIT_SECONDS + 10)
        answer = call(
            sqs,
            "receive_message",
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        messages = answer.get("Messages") or []
        committed = self._commit(sqs, messages) if messages else []
        if committed:
            RECEIVED.inc(len(committed))
            self._delete(sqs, committed)
        return len(messages)

    def _commit(self, sqs: Any, messages: Messages) -> Messages:
        """Write messages to the journal, retrying while the database is away. Keeps them invisible to others meanwhile:
        SQS counts deliveries, and moves a message to the dead-letter queue after a few.

        Returns the committed ones. On stop, the others are made visible again; rows that the table refuses are left to
        the dead-letter queue.
        """
        wait, hidden_since = AGAIN_AFTER, time.monotonic()
        while True:
            close_old_connections()
            try:
                return self._write(messages)
            except (DatabaseError, InterfaceError) as error:
                connections.close_all()
                reason = describe(error.__cause__ or error)
                log.error("queue_not_committed", queue=self._url, count=len(messages), reason=reason)
            if self._stopping.wait(wait):
                self._hide(sqs, messages, 0)
                return []
            wait = min(wait * 2, EXTEND_SECONDS)
            if time.monotonic() - hidden_since + wait > EXTEND_SECONDS:
                self._hide(sqs, messages, HIDDEN_SECONDS)
                hidden_since = time.monotonic()

    def _write(self, messages: Messages) -> Messages:
        bodies = [str(message.get("Body") or "").encode(errors="surrogatepass") for message in messages]
        try:
            journal.add(Provider.AWS, bodies)
        except (DataError, IntegrityError) as error:
            if len(messages) > 1:
                return [one for message in messages for one in self._write([message])]
            log.error("queue_message_refused", queue=self._url, reason=describe(error.__cause__ or error))
            return []
        return messages

    def _delete(self, sqs: Any, messages: Messages) -> None:
        """Delete messages. One that can't be deleted now is delivered again and deleted then."""
        entries = [{"Id": str(place), "ReceiptHandle": each["ReceiptHandle"]} for place, each in enumerate(messages)]
        try:
            answer = call(sqs, "delete_message_batch", QueueUrl=self._url, Entries=entries)
        except ProviderError as error:
            log.warning("queue_not_deleted", queue=self._url, count=len(entries), reason=str(error))
            return
        if failed := answer.get("Failed"):
            codes = sorted({str(each.get("Code")) for each in failed})
            log.warning("queue_not_deleted", queue=self._url, count=len(failed), reason=", ".join(codes))

    def _hide(self, sqs: Any, messages: Messages, seconds: int) -> None:
        entries = [
            {"Id": str(place), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": seconds}
            for place, each in enumerate(messages)
        ]
        try:
            call(sqs, "change_message_visibility_batch", QueueUrl=self._url, Entries=entries)
        except ProviderError as error:
            log.warning("queue_not_hidden", queue=self._url, reason=str(error))


def readers(urls: Sequence[str], region: str) -> list[QueueReader]:
    """A reader for each queue, not started yet. Raises ValueError with a sentence."""
    return [QueueReader(url, region_of(url, region)) for url in urls if url]
