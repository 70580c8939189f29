"""`manage.py reconcile`: compare the storage with the database, and repair what can be repaired."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.postgres.outages import outlast
from inbox.media.storage import StorageError
from inbox.models import Reconciliation
from inbox.operations import reconciliation
from inbox.operations.progress import Bar
from inbox.operations.reconciliation.faults import FAULTS

#: Examples of each kind that the text shows.
SHOWN = 5


class Command(BaseCommand):
    help = (
        "Compare the file storage with the database, both ways. Changes nothing without --apply, deletes nothing ever: "
        "orphans are moved to quarantine/. Exits with 1 when there is a fault left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="repair what can be repaired")
        parser.add_argument("--digests", action="store_true", help="read every file and compare its SHA-256 (slow)")
        parser.add_argument("--days", type=int, default=30, help="days of the table by number (default 30)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        bar = Bar(self.stderr)
        try:
            self._told = False
            report = outlast(
                lambda: reconciliation.run(
                    bar,
                    apply=options["apply"],
                    compare_digests=options["digests"],
                    days_back=max(0, min(options["days"], 3660)),
                    look=partial(self._tell, options["as_json"]),
                ),
                self.stderr.write,
                repeatable=lambda: not self._told,
            )
        except (StorageError, reconciliation.AlreadyRunningError) as error:
            raise CommandError(str(error)) from error
        finally:
            bar.end()
        if sum(report.counts.values()) > sum(report.mended.values()):
            raise SystemExit(1)

    def _tell(self, as_json: bool, report: Reconciliation) -> None:
        self._told = True  # from here on, a second time would print everything twice
        (self._json if as_json else self._text)(report)

    def _json(self, report: Reconciliation) -> None:
        names = ("objects_seen", "files_known", "digests_compared", "applied", "counts", "mended", "days")
        head = json.dumps({name: getattr(report, name) for name in names}, indent=2, ensure_ascii=False)
        self.stdout.write(head[: head.rindex("}")].rstrip() + ',\n  "faults": [', ending="")
        separator = "\n    "
        for fault in reconciliation.faults_found():
            self.stdout.write(separator + json.dumps(fault), ending="")
            separator = ",\n    "
        self.stdout.write("\n  ]\n}")

    def _text(self, report: Reconciliation) -> None:
        self.stdout.write(f"{report.objects_seen:,} files in the storage, {report.files_known:,} named by rows")
        shown: dict[str, list[str]] = {}
        for fault in report.faults.order_by("pk").iterator(500):
            examples = shown.setdefault(fault.code, [])
            if len(examples) < SHOWN:
                examples.append(" ".join(filter(None, [fault.row, fault.key, fault.detail])))
        for code, count in report.counts.items():
            mended = report.mended.get(code, 0)
            act = f" Repaired: {mended:,}." if report.applied else f" --apply {FAULTS[code].remedy}."
            self.stdout.write(f"\n{count:,} × {code}: {FAULTS[code].sentence}{act if FAULTS[code].remedy else ''}")
            for example in shown[code]:
                # Escaped, because a terminal obeys control characters that a key may hold.
                self.stdout.write("    " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in example))
        if not report.counts:
            self.stdout.write("No faults found.")
        self._days(report)

    def _days(self, report: Reconciliation) -> None:
        columns = ("received", "sent", "files", "stored", "complete")
        if report.days:
            self.stdout.write(f"\n{'day':<10}  {'  '.join(f'{name:>8}' for name in columns)}  number")
        for day in report.days:
            counts = "  ".join(f"{day[name]:>8,}" for name in columns)
            mark = "  ← files missing" if day["stored"] < day["files"] else ""
            self.stdout.write(f"{day['day']:<10}  {counts}  {day['number']}{mark}")
