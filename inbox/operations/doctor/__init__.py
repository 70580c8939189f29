"""The doctor tries everything the product depends on, and reports each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from inbox.operations.doctor import aws, installation, running
from inbox.operations.doctor.findings import FAIL, OK, WARN, Finding

__all__ = ["FAIL", "OK", "WARN", "Finding", "examine"]


def examine() -> Iterator[Finding]:
    """Run every check, quickest first. Needs no working part: what cannot be checked is a finding too."""
    yield from installation.configuration()
    reachable = True
    try:
        yield from installation.database()
    except (DatabaseError, ImproperlyConfigured) as error:
        reachable = False
        yield installation.unreachable(error)
    yield from installation.storage()
    yield from installation.temporary_files()
    yield from installation.decoders()
    if reachable:
        for area, check in (
            ("numbers", running.numbers),
            ("aws", aws.examine),
            ("worker", running.worker),
            ("journal", running.journal_backlog),
            ("sending", running.concerns),
            ("files", running.files),
        ):
            try:
                yield from check()
            except DatabaseError:
                yield Finding(FAIL, area, "The tables cannot be read: run `manage.py migrate`.")
