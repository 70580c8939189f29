"""The courier: posts webhooks to the product, signed, and again until it answers 200."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import requests

from simulator.network import webhooks, world
from simulator.network.faults import LATE_SECONDS
from simulator.network.store import Store, Webhook
from simulator.network.topic import Topic

#: Seconds until the next try. Meta's own ladder takes days (36 hours to 7 days, its pages differ); a person at a
#: simulator does not wait that long.
BACKOFF = (1, 2, 5, 10, 30, 60, 120, 300)
#: Tries before a webhook is dropped: at this ladder about seven days, as Meta does.
TRIES = 2000
#: Meta puts up to this many updates into one POST.
BATCH_SIZE = 1000
TIMEOUT = 15
WORKERS = 4

logger = logging.getLogger(__name__)


class Courier:
    """Takes webhooks into the store, and posts them from there in threads of its own.

    Webhooks of one chat leave in order, of different chats at the same time; one that failed is tried again later and
    holds nothing up. ``start`` and ``stop`` once each.
    """

    def __init__(self, store: Store, url: str, secret: str, topic: Topic) -> None:
        self.store = store
        self.url = url
        self._aws_url = urljoin(url, "/webhooks/aws/")
        self._topic = topic
        self._secret = secret
        self._busy: set[str] = set()
        self._counter = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._holding = False
        self._threads = [threading.Thread(target=self._work, name=f"courier-{n}", daemon=True) for n in range(WORKERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=TIMEOUT + 1)

    def hold(self, holding: bool) -> None:
        """Post nothing until told otherwise; what is to be posted waits."""
        with self._wake:
            self._holding = holding
            self._wake.notify_all()

    def take(
        self, chat: str, label: str, changes: list[dict[str, Any]], *, delay: float = 0, faults: tuple[str, ...] = ()
    ) -> list[int]:
        """Send this webhook, ``delay`` seconds from now and with what the switches and ``faults`` (twice, late) do to
        it. ``chat`` keeps order. Returns the ids of the queued webhooks."""
        if self.store.setting("unsubscribed"):
            self.store.add_call("hook", label, 0, 0, "not sent: the app is not subscribed to the account")
            return []
        switches = self.store.faults()
        delay += switches.webhook_late + (LATE_SECONDS if "late" in faults else 0)
        with self._wake:
            self._counter += 1
            if switches.webhook_disorder:
                # Every other one waits, so that its successor overtakes it.
                delay += 2 * (self._counter % 2)
                chat = f"{chat}#{self._counter}"
            dues = [time.time() + delay]
            if switches.webhook_twice or "twice" in faults:
                dues.append(dues[0] + 0.4)
            ids = []
            with self.store.write() as db:
                for due in dues:
                    cursor = db.execute(
                        "INSERT INTO webhooks (due_at, chat, label, changes) VALUES (?, ?, ?, ?)",
                        (due + (1.0 if switches.webhook_batch else 0), chat, label, json.dumps(changes)),
                    )
                    ids.append(cursor.lastrowid or 0)
            self._wake.notify_all()
        return ids

    def wait_for(self, ids: list[int], seconds: float) -> None:
        """Wait until each of these was tried once, at most so long."""
        deadline = time.monotonic() + seconds
        marks = ", ".join("?" * len(ids))
        while ids and time.monotonic() < deadline:
            untried = f"SELECT id FROM webhooks WHERE attempts = 0 AND id IN ({marks})"  # noqa: S608 (question marks)
            if not self.store.rows(untried, *ids):
                return
            time.sleep(0.02)

    def waiting(self) -> int:
        """How many webhooks are still to be accepted by the product."""
        return int(self.store.rows("SELECT count(*) AS waiting FROM webhooks")[0]["waiting"])

    def retry_now(self) -> None:
        """Make everything that waits due at once."""
        with self._wake, self.store.write() as db:
            db.execute("UPDATE webhooks SET due_at = min(due_at, ?)", (time.time(),))
            self._wake.notify_all()

    def _work(self) -> None:
        session = requests.Session()
        while True:
            webhook = self._claim()
            if webhook is None:
                session.close()
                self.store.close()
                return
            try:
                self._post(session, webhook)
            finally:
                with self._wake:
                    self._busy.discard(webhook.chat)
                    self._wake.notify_all()

    def _claim(self) -> Webhook | None:
        """The next webhook that is due and whose chat nobody is posting for; None when stopping."""
        with self._wake:
            while not self._stopping:
                if self._holding:
                    self._wake.wait(timeout=1)
                    continue
                now = time.time()
                marks = ", ".join("?" * len(self._busy))
                free = self.store.rows(
                    f"SELECT * FROM webhooks WHERE chat NOT IN ({marks}) ORDER BY due_at, id LIMIT 1",  # noqa: S608
                    *self._busy,
                )
                if free and free[0]["due_at"] <= now:
                    webhook = Webhook(**{**dict(free[0]), "changes": json.loads(free[0]["changes"])})
                    if self.store.faults().webhook_batch:
                        webhook = self._gather(webhook, now)
                    self._busy.add(webhook.chat)
                    return webhook
                self._wake.wait(timeout=min(max(free[0]["due_at"] - now, 0.01), 1) if free else 1)
        return None

    def _gather(self, first: Webhook, now: float) -> Webhook:
        """Turn ``first`` and what else is due and free into one webhook, for good: a retry carries the same body."""
        rows = self.store.rows(
            "SELECT * FROM webhooks WHERE due_at <= ? AND attempts = 0 ORDER BY due_at, id LIMIT ?",
            now + 0.5,
            BATCH_SIZE,
        )
        others = [row for row in rows if row["id"] != first.id and row["chat"] not in self._busy]
        if first.attempts or not others:
            return first
        changes = first.changes + [each for row in others for each in json.loads(row["changes"])]
        webhook = Webhook(first.id, first.due_at, f"batch#{first.id}", "batch", webhooks.batched(changes), 0)
        with self.store.write() as db:
            db.executemany("DELETE FROM webhooks WHERE id = ?", [(row["id"],) for row in others])
            db.execute(
                "UPDATE webhooks SET chat = ?, label = ?, changes = ? WHERE id = ?",
                (webhook.chat, webhook.label, json.dumps(webhook.changes), webhook.id),
            )
        return webhook

    def _parcels(self, changes: list[dict[str, Any]]) -> Iterator[tuple[str, bytes, dict[str, str]]]:
        """What is posted where: Meta's accounts in one body, each entry of an account at AWS in one of SNS's."""
        ours = [each for each in changes if each["waba"] != world.AWS_WABA_ID]
        if ours:
            body = webhooks.encode(webhooks.body(ours))
            yield (
                self.url,
                body,
                {
                    "Content-Type": "application/json",
                    "User-Agent": "facebookexternalua",
                    "X-Hub-Signature-256": webhooks.signature(body, self._secret),
                },
            )
        for entry in webhooks.body([each for each in changes if each["waba"] == world.AWS_WABA_ID])["entry"]:
            headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
            yield self._aws_url, self._topic.notification(entry), headers

    def _post(self, session: requests.Session, webhook: Webhook) -> None:
        began = time.monotonic()
        status, note = 0, ""
        try:
            for url, body, headers in self._parcels(webhook.changes):
                answer = session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
                status = answer.status_code
                if status != 200:
                    break
        except requests.RequestException as error:
            note = f"no answer: {type(error).__name__}"
        ms = (time.monotonic() - began) * 1000
        with self.store.write() as db:
            if status == 200:
                db.execute("DELETE FROM webhooks WHERE id = ?", (webhook.id,))
            else:
                wait = BACKOFF[min(webhook.attempts, len(BACKOFF) - 1)]
                note = f"{note}, again in {wait} s".lstrip(", ")
                db.execute(
                    "UPDATE webhooks SET attempts = attempts + 1, due_at = ? WHERE id = ?",
                    (time.time() + wait, webhook.id),
                )
                db.execute("DELETE FROM webhooks WHERE attempts >= ?", (TRIES,))
        label = webhook.label if not webhook.attempts else f"{webhook.label} (try {webhook.attempts + 1})"
        self.store.add_call("hook", label, status, ms, note)
