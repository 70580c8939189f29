"""Metrics for Prometheus: the counters of all processes on this machine, and gauges read from the database."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.shared_counters import living, tidy, undisturbed
from core.postgres.errors import describe
from inbox.operations import workers

log = structlog.get_logger(__name__)

#: Name, description, and the statement for the value.
GAUGES = (
    (
        "inbox_notifications_pending",
        "Notifications in the journal that wait to be understood.",
        "SELECT count(*) FROM whatsapp_notification WHERE state = 'pending'",
    ),
    (
        "inbox_notifications_oldest_pending_seconds",
        "How long the oldest of them has waited.",
        "SELECT coalesce((SELECT extract(epoch FROM now() - received_at) FROM whatsapp_notification "
        "WHERE state = 'pending' ORDER BY id LIMIT 1), 0)",
    ),
    (
        "inbox_notifications_set_aside",
        "Notifications that could not be understood and wait for somebody.",
        "SELECT count(*) FROM whatsapp_notification WHERE state = 'parked' AND dismissed_at IS NULL",
    ),
    (
        "inbox_notifications_left_out",
        "Processed notifications of which parts were left out, and that nobody has dismissed.",
        "SELECT count(*) FROM whatsapp_notification "
        "WHERE NOT problems = '[]' AND state = 'processed' AND dismissed_at IS NULL",
    ),
    (
        "inbox_statuses_waiting",
        "Statuses whose message is not here; given up after a week.",
        "SELECT count(*) FROM inbox_pendingstatus",
    ),
    (
        "inbox_reactions_waiting",
        "Reactions whose message is not here.",
        "SELECT count(*) FROM inbox_reaction WHERE message_id IS NULL",
    ),
    (
        "inbox_revisions_waiting",
        "Edits and deletions whose message is not here.",
        "SELECT count(*) FROM inbox_revision WHERE message_id IS NULL",
    ),
    ("inbox_outbox_messages", "Messages that still have to leave.", "SELECT count(*) FROM inbox_outboxentry"),
    (
        "inbox_outbox_oldest_due_seconds",
        "How long the message has been due that has been due longest.",
        "SELECT greatest(0, coalesce(extract(epoch FROM now() - min(due_at)), 0)) FROM inbox_outboxentry",
    ),
    (
        "inbox_outbox_paused_numbers",
        "Numbers from which nothing leaves at the moment.",
        "SELECT count(*) FROM inbox_outbox WHERE active",
    ),
    (
        "inbox_media_waiting",
        "Files of customers that are still to be fetched.",
        "SELECT count(*) FROM inbox_media WHERE state IN ('pending', 'retrying')",
    ),
    (
        "inbox_webhook_deliveries_pending",
        "Events that programs still have to be told.",
        "SELECT count(*) FROM inbox_webhookdelivery WHERE state = 'pending'",
    ),
    (
        "inbox_webhook_endpoints_disabled",
        "Endpoints of programs that were switched off because they failed for days.",
        "SELECT count(*) FROM inbox_webhookendpoint WHERE NOT active AND NOT disabled_reason = ''",
    ),
    (
        "inbox_worker_heartbeat_seconds",
        "How long ago a worker last reported; -1 when there is none.",
        "SELECT coalesce(extract(epoch FROM now() - max(seen_at)), -1) FROM inbox_workerprocess",
    ),
)
#: The same per phone number, labelled by its id in the admin.
NUMBER_GAUGES = (
    (
        "inbox_number_outbox_messages",
        "Messages of a number that still have to leave.",
        "SELECT n.id, (SELECT count(*) FROM inbox_outboxentry WHERE number_id = n.id) FROM whatsapp_phonenumber n",
    ),
    (
        "inbox_number_paused",
        "Whether nothing leaves from a number, because WhatsApp refuses it.",
        "SELECT n.id, (coalesce(o.active, false))::int FROM whatsapp_phonenumber n "
        "LEFT JOIN inbox_outbox o ON o.number_id = n.id",
    ),
)
#: The memory page size of /proc.
PAGE_BYTES = resource.getpagesize()
JOBS = (
    "SELECT queue_name, status::text, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY 1, 2"
)


class Database(Collector):
    """Gauges read from the database at every scrape: the same on every machine."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("inbox_database_up", "Whether the database answered.")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '3s'")
                for name, meaning, statement in GAUGES:
                    cursor.execute(statement)
                    yield GaugeMetricFamily(name, meaning, value=float(cursor.fetchone()[0]))
                jobs = GaugeMetricFamily("inbox_jobs", "Jobs of the queue, by state.", labels=["queue", "state"])
                cursor.execute(JOBS)
                for queue, state, count in cursor.fetchall():
                    jobs.add_metric([queue, state], count)
                yield jobs
                for name, meaning, statement in NUMBER_GAUGES:
                    each = GaugeMetricFamily(name, meaning, labels=["number"])
                    cursor.execute(statement)
                    for number, value in cursor.fetchall():
                        each.add_metric([str(number)], float(value))
                    yield each
                yield from _workers()
            up.add_metric([], 1)
        except DatabaseError as error:
            log.warning("metrics_without_database", reason=describe(error))
            up.add_metric([], 0)
        yield up


def _workers() -> Iterator[Metric]:
    found = workers.standing()
    yield GaugeMetricFamily("inbox_workers_alive", "Workers that report, on every machine.", value=found.alive)
    yield GaugeMetricFamily("inbox_workers_missing", "Workers that died and were not replaced.", value=len(found.dead))


class Processes(Collector):
    """Memory of the processes on this machine."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily(
            "inbox_process_resident_bytes", "Memory that a process holds.", labels=["process", "pid"]
        )
        for pid in self._pids:
            with contextlib.suppress(OSError, ValueError, IndexError):  # the process has just ended
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                memory.add_metric(["worker" if b"worker" in words else "web", str(pid)], pages * PAGE_BYTES)
        yield memory


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text format, for clients with METRICS_TOKEN; without one, for this machine only."""
    if not allowed(request):
        raise Http404
    database = CollectorRegistry()
    database.register(Database())
    return HttpResponse(_counted() + generate_latest(database), content_type=CONTENT_TYPE_LATEST)


def _counted() -> bytes:
    """The counters of all processes on this machine, or of this one where they can't share."""
    shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not shared:
        registry = CollectorRegistry()
        registry.register(Processes([os.getpid()]))
        return generate_latest(REGISTRY) + generate_latest(registry)
    folder, registry = Path(shared), CollectorRegistry()
    tidy(folder)
    registry.register(Processes(living(folder)))
    with undisturbed(folder):
        MultiProcessCollector(registry, shared)
        return generate_latest(registry)


def allowed(request: HttpRequest) -> bool:
    """Whether the client may read the metrics. A proxy on this machine doesn't count as this machine: its clients are
    elsewhere."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(sent, f"Bearer {settings.METRICS_TOKEN}".encode())
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
