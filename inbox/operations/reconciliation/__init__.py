"""Reconcile storage and database: compare them both ways, report faults, and repair what can be repaired.

PostgreSQL compares both sides in temporary tables, so memory stays flat at millions of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from core.postgres.advisory_lock import only_one
from inbox.media.storage import media_storage
from inbox.media.storage.inventory import listed, unhurried
from inbox.models import Reconciliation
from inbox.operations.reconciliation import comparing, days, digests, mending

__all__ = ["AlreadyRunningError", "faults_found", "run"]

LOCK = 7_281_004
#: Faults of one kind that are kept with the report; the counts are complete.
KEPT = 1000
#: Reports that are kept.
KEPT_REPORTS = 50
PAGE = 1000
Progress = Callable[[str, int, int | None], None]


class AlreadyRunningError(Exception):
    """Another reconciliation is running."""


def run(
    progress: Progress = lambda what, done, total: None,
    *,
    apply: bool = False,
    compare_digests: bool = False,
    days_back: int = 30,
    look: Callable[[Reconciliation], None] = lambda _: None,
) -> Reconciliation:
    """Compare, keep the report, and with ``apply`` repair. Without it only the report is written. Safe to repeat.

    ``look`` is called with the report while faults_found() has all of them. Raises StorageError, AlreadyRunningError.
    """
    with unhurried(), only_one(LOCK, AlreadyRunningError("Another reconciliation is running.")):
        report = Reconciliation.objects.create(digests_compared=compare_digests, applied=apply)
        try:
            report.files_known = comparing.remember_rows()
            with listed(media_storage(), progress=lambda done: progress("Listing files", done, None)) as count:
                report.objects_seen = count
                comparing.compare(report.started_at)
                if compare_digests:
                    known = report.files_known
                    digests.compare(lambda done: progress("Comparing digests", done, known))
            report.counts = comparing.counts()
            report.days = days.table(timezone.now() - timedelta(days=days_back))
            _keep(report)
            if apply:
                total = sum(report.counts.values())
                report.mended = mending.mend(lambda done: progress("Mending", done, total))
            report.finished_at = timezone.now()
            report.save()
            look(report)
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                comparing.forget_rows()
    return report


def faults_found() -> Iterator[dict[str, Any]]:
    """Every fault of the running reconciliation: code, key, row, detail."""
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, code, key, row, detail FROM fault WHERE id > %s ORDER BY id LIMIT %s", [last, PAGE]
            )
            page = cursor.fetchall()
            if not page:
                return
            for id, code, key, row, detail in page:
                last = id
                yield {"code": code, "key": key, "row": row, "detail": detail}


def _keep(report: Reconciliation) -> None:
    """Keep the first faults of each kind for the admin, and delete old reports."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO inbox_reconciliationfault (reconciliation_id, code, key, row, detail)
            SELECT %s, code, key, left(row, 36), detail FROM (
                SELECT *, row_number() OVER (PARTITION BY code ORDER BY id) AS place FROM fault
            ) numbered WHERE place <= %s ORDER BY id
            """,
            [report.pk, KEPT],
        )
    old = Reconciliation.objects.order_by("-pk").values_list("pk", flat=True)[KEPT_REPORTS:]
    Reconciliation.objects.filter(pk__in=list(old)).delete()
