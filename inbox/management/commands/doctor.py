"""Try everything the product depends on: a sentence each, and an exit code."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from inbox.operations import doctor


class Command(BaseCommand):
    help = "Check configuration, database, storage, numbers, worker and backlog. Exits with 1 when something fails."
    # The checks are among what it reports.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print a list of findings: level, area, sentence"
        )

    def handle(self, *args: Any, as_json: bool = False, **options: Any) -> None:
        findings = []
        for finding in doctor.examine():
            findings.append(finding)
            if not as_json:
                self.stdout.write(f"{finding.level:<5} {finding.area}: {finding.sentence}")
                self.stdout.flush()
        if as_json:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
        if any(finding.level == doctor.FAIL for finding in findings):
            raise SystemExit(1)
