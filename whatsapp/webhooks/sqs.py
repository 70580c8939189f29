"""Amazon SQS: queues that an SNS topic fills, emptied into the journal. The way that needs no public address.

A message is deleted once the journal has it on disk, and not before: what was not deleted comes again, and the journal
takes the same notification any number of times.
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

#: Seconds that one look at an empty queue lasts. SQS allows 20; a worker that is told to stop waits for as long.
WAIT_SECONDS = 10
#: What one look brings at most; SQS allows no more.
BATCH = 10
#: Seconds that nobody else sees what we received, and how often that is extended while the database is away.
HIDDEN_SECONDS = 120
EXTEND_SECONDS = 20
#: Seconds between attempts while AWS or the database is away: the first, and the longest.
AGAIN_AFTER, AGAIN_AT_MOST = 1.0, 30.0
QUEUE_URL = re.compile(r"https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?/[0-9]{12}/[A-Za-z0-9_-]{1,80}(?:\.fifo)?", re.ASCII)


def region_of(url: str, default: str) -> str:
    """The Region in a queue's address, else ``default``. Raises ValueError, a sentence, when it is no address of a
    queue."""
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
    """Empties one queue in a thread of its own, from ``start`` until ``stop``. Any number of them may share a queue."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"queue {url.rsplit('/')[-1]}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let it finish what it has received. Returns at once; safe to repeat."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for the end, at most so long: WAIT_SECONDS and a little, unless AWS hangs."""
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
                # The last line of defence of a thread: nobody else would empty this queue.
                log.exception("queue_reader_failed", queue=self._url)
                self._stopping.wait(AGAIN_AT_MOST)
        connections.close_all()

    def take(self) -> int:
        """Receive once and bring what came into the journal; returns how many. Waits WAIT_SECONDS for the first one.
        Raises ProviderError when AWS is away."""
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
        """Write them to the journal, however long the database is away, keeping others from receiving them meanwhile:
        each time that a queue hands a message out counts, and after a few it would go to the dead letters.

        Returns those that are committed. Those that a stop came before are given back; those that the table itself
        refuses are left to the dead letters.
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
        """What cannot be deleted now comes again, and is deleted then."""
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
    """One reader for each queue, not started. Raises ValueError, a sentence."""
    return [QueueReader(url, region_of(url, region)) for url in urls if url]
