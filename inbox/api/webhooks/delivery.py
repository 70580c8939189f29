"""Post due events to an endpoint, retry for three days, and disable endpoints that keep failing."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from prometheus_client import Counter

from core import safe_http
from core.integers import small_integer
from inbox.api import messages
from inbox.api.webhooks import signing
from inbox.changes.webhooks import wake_up
from inbox.models import WebhookDelivery, WebhookEndpoint

log = structlog.get_logger(__name__)

POSTED = Counter("inbox_webhooks_posted_total", "Webhook attempts, by outcome.", ["outcome"])

#: Seconds until the next attempt, by attempts made: ten in three days (standardwebhooks.com, "Retry schedule").
SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 72_000)
#: An endpoint is disabled after failing this long without a success.
PATIENCE = timedelta(days=5)
#: The delivery of a worker that died can be claimed again after this.
LEASE = timedelta(seconds=20)
#: Limits of one job; another job continues, so that every endpoint gets its turn.
SHARE, SHARE_SECONDS = 100, 20.0
#: The longest pause between attempts at an endpoint that does not answer.
HOLD_SECONDS = 300
LOG_KEPT = 30
KEEP = timedelta(days=30)
GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt. ``error`` is empty on success; ``hold``: the endpoint as a whole fails."""

    status: int | None
    seconds: float
    error: str = ""
    hold: bool = False
    retry_after: float = 0


def deliver(endpoint_id: int) -> int:
    """Post a bounded number of due deliveries to one endpoint. Returns how many attempts were made.

    Safe to repeat and in parallel: each delivery is leased to one caller. Stops early when the endpoint fails.
    """
    began, count = time.monotonic(), 0
    while count < SHARE and time.monotonic() - began < SHARE_SECONDS:
        delivery = _claim(endpoint_id)
        if delivery is None:
            return count
        count += 1
        outcome = _outcome(delivery)
        _settle(delivery, outcome)
        if outcome.hold:
            return count
    wake_up(endpoint_id)
    return count


def sweep() -> None:
    """Enqueue jobs for endpoints with due deliveries, including those whose wake-up was lost."""
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.PENDING, next_try_at__lte=Now())
    listening = due.filter(_listening("endpoint__"))
    for endpoint_id in listening.order_by().values_list("endpoint_id", flat=True).distinct():
        wake_up(endpoint_id)


def send_again(delivery: WebhookDelivery) -> bool:
    """Post it again under the same id, on request. False when it is waiting already. Safe to repeat."""
    with transaction.atomic():
        rows = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state=WebhookDelivery.State.PENDING)
        asked = rows.update(state=WebhookDelivery.State.PENDING, attempts=0, next_try_at=Now())
        if asked:
            wake_up(delivery.endpoint_id)
    return bool(asked)


def forget() -> int:
    """Delete old settled deliveries. Returns how many."""
    old = WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEEP)
    deleted, _ = old.exclude(state=WebhookDelivery.State.PENDING, endpoint__active=True).delete()
    return deleted


def _listening(path: str = "") -> Q:
    held = f"{path}held_until"
    return Q(**{f"{path}active": True, f"{path}program__active": True}) & (
        Q(**{f"{held}__isnull": True}) | Q(**{f"{held}__lte": Now()})
    )


def _claim(endpoint_id: int) -> WebhookDelivery | None:
    with transaction.atomic():
        delivery = (
            WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("endpoint__program")
            .filter(_listening("endpoint__"), endpoint_id=endpoint_id, state=WebhookDelivery.State.PENDING)
            .filter(next_try_at__lte=Now())
            .order_by("next_try_at", "pk")
            .first()
        )
        if delivery is not None:
            delivery.attempts += 1
            delivery.next_try_at = timezone.now() + LEASE
            delivery.save(update_fields=["attempts", "next_try_at"])
    return delivery


def payload(delivery: WebhookDelivery) -> dict[str, Any] | None:
    """The body: the message as it is now, so that a late event has current data. None when it was deleted. Without
    file URLs, which would have expired when they are read."""
    message = messages.one(delivery.message_id, absolute=None)
    if message is None:
        return None
    told: dict[str, Any] = {"type": delivery.event, "timestamp": delivery.created_at.isoformat()}
    if delivery.event == WebhookEndpoint.Event.STATUS:
        told["status"] = delivery.status
    return told | {"data": message}


def _outcome(delivery: WebhookDelivery) -> Outcome:
    began = time.monotonic()
    try:
        return _attempt(delivery)
    except (OperationalError, InterfaceError):
        raise  # the database is not available: the lease expires
    except Exception:
        log.exception("webhook_not_prepared", delivery=delivery.pk, endpoint=delivery.endpoint_id)
        return Outcome(None, time.monotonic() - began, "The event could not be prepared; the log has the details.")


def _attempt(delivery: WebhookDelivery) -> Outcome:
    endpoint = delivery.endpoint
    event = payload(delivery)
    if event is None:
        return Outcome(None, 0, "The message was deleted.")
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    began = time.monotonic()
    try:
        target = safe_http.check(endpoint.url, private=settings.WEBHOOK_PRIVATE_HOSTS)
        signed = signing.headers(endpoint, str(delivery.webhook_id), body)
        with safe_http.request("POST", target, headers=signed, body=body) as response:
            status = response.status
            retry_after = _seconds(response.headers.get("Retry-After", ""))
    except safe_http.OutsideError as error:
        return Outcome(None, time.monotonic() - began, str(error), hold=True)
    seconds = time.monotonic() - began
    if 200 <= status < 300:
        return Outcome(status, seconds)
    hold = status >= 500 or status in (408, 429)
    return Outcome(status, seconds, f"The endpoint answered {status}.", hold=hold, retry_after=retry_after)


def _seconds(header: str) -> float:
    return small_integer(header, 4) or 0


def _settle(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Record the outcome of an attempt on delivery and endpoint, and what happens next."""
    now = timezone.now()
    entry = {"at": now.isoformat(), "status": outcome.status, "seconds": round(outcome.seconds, 3)}
    columns: dict[str, Any] = {
        "response_status": outcome.status,
        "error": outcome.error,
        "log": [*delivery.log, entry | {"error": outcome.error}][-LOG_KEPT:],
    }
    if not outcome.error:
        columns |= {"state": WebhookDelivery.State.DELIVERED, "delivered_at": now, "next_try_at": None}
    elif delivery.attempts > len(SCHEDULE) or outcome.seconds == 0:
        columns |= {"state": WebhookDelivery.State.FAILED, "next_try_at": None}
    else:
        wait = max(SCHEDULE[delivery.attempts - 1] * random.uniform(1, 1.1), outcome.retry_after)  # noqa: S311 - spreads load
        columns["next_try_at"] = now + timedelta(seconds=wait)
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, next_try_at=delivery.next_try_at)
    with transaction.atomic():
        mine.update(**columns)
        _judge(delivery.endpoint, outcome)
    POSTED.labels("failed" if outcome.error else "delivered").inc()
    level = log.warning if outcome.error else log.info
    level("webhook_posted", delivery=delivery.pk, endpoint=delivery.endpoint_id, status=outcome.status)


def _judge(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    """Count failures, pause an endpoint that does not answer, and disable one that keeps failing."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if not outcome.error:
        rows.filter(~Q(failures=0) | Q(held_until__isnull=False)).update(
            failures=0, failing_since=None, held_until=None
        )
        return
    now = timezone.now()
    hold = None
    if outcome.hold:
        hold = now + timedelta(seconds=max(min(5 * 2 ** min(endpoint.failures, 10), HOLD_SECONDS), outcome.retry_after))
    rows.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", Now()), held_until=hold)
    reason = ""
    if outcome.status == GONE:
        reason = "The endpoint answered 410 Gone."
    elif endpoint.failing_since is not None and endpoint.failing_since < now - PATIENCE:
        reason = f"No delivery succeeded for {PATIENCE.days} days. Last error: {outcome.error}"
    if reason and rows.filter(active=True).update(active=False, disabled_reason=reason):
        log.error("webhook_endpoint_disabled", endpoint=endpoint.pk, reason=reason)
