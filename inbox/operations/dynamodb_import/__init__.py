"""Import the replaced system's DynamoDB tables and files as conversations, messages and media.

First everything is stored as it was exported (staging), then imported oldest first (contacts, messages). Both can be
interrupted and repeated; the result is the same. A dry run does the same on a temporary table and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import connection, reset_queries

from core.postgres.advisory_lock import only_one
from inbox.media.storage import MediaStorage
from inbox.media.storage.inventory import listed, unhurried
from inbox.models import ImportedItem
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import import contacts, copying, file_search, messages, report, sources, staging
from inbox.operations.dynamodb_import.locations import SourceError
from inbox.operations.dynamodb_import.numbers import Numbers
from inbox.operations.dynamodb_import.report import Report

__all__ = ["Report", "SourceError", "run"]

LOCK = 7_281_003
#: Called with what is being done, how much of it is done, and of how much (None: unknown).
Progress = Callable[[str, int, int | None], None]


def run(
    opened: dict[str, list[sources.Source]],
    files_at: MediaStorage,
    progress: Progress,
    *,
    adopt: bool,
    dry_run: bool = False,
    look: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Import these sources (by ImportedItem.Table). Raises SourceError, StorageError.

    ``adopt``: ``files_at`` is our own storage, and keys stay as they are; otherwise files are copied from it. ``look``
    is called with the report while the items can still be read; after a dry run they cannot.
    """
    progress = _forgetting(progress)
    with (
        unhurried(),
        only_one(LOCK, SourceError("Another import is running.")),
        _temporary_table() if dry_run else nullcontext(),
    ):
        read = [_stage(name, source, progress, dry_run) for name in Item.Table.values for source in opened[name]]
        # Items that were held back may be importable now: a table was missing, or a number was entered since.
        retried = ["unreadable", "no_key", "deleted_unseen"]
        ImportedItem.objects.filter(state=Item.State.HELD).exclude(problems__overlap=retried).update(state="staged")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE inbox_importeditem")  # there may be a million new rows
        with listed(files_at, file_search.TABLE, lambda done: progress("Listing files", done, None)):
            left = _count(Item.Table.CONTACT)
            contacts.apply(write=not dry_run, progress=lambda done: progress("Contacts", done, left))
            waiting = _count(Item.Table.MESSAGE)
            messages.apply(
                Numbers(write=not dry_run),
                write=not dry_run,
                adopt=adopt,
                progress=lambda done: progress("Messages", done, waiting),
            )
        report.mark_shared_files()
        found = report.report(read, dry_run=dry_run)
        if not adopt and not dry_run:
            copied, failed = copying.copy(files_at, lambda done: progress("Copying files", done, found.files["found"]))
            found.files |= {"copied": copied, "failed": failed}
        look(found)
        return found


def _forgetting(progress: Progress) -> Progress:
    """With DEBUG, Django keeps every statement, and these have hundreds of rows each."""

    def told(what: str, done: int, total: int | None) -> None:
        reset_queries()
        progress(what, done, total)

    return told


def _stage(table: str, source: sources.Source, progress: Progress, dry_run: bool) -> dict[str, Any]:
    def told(done: int) -> None:
        progress(f"Reading {source.name}", done, source.expected)

    count = staging.stage(table, source, keep_position=not dry_run, progress=told)
    return {"table": table, "name": source.name, "items": count, "warning": source.warning}


def _count(table: str) -> int:
    return ImportedItem.objects.filter(table=table, state=Item.State.STAGED).count()


@contextmanager
def _temporary_table() -> Iterator[None]:
    """A temporary copy of the real table, which PostgreSQL finds first by that name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'inbox_importeditem'::regclass")
        real = f"{cursor.fetchone()[0]}.inbox_importeditem"
        cursor.execute(f"CREATE TEMP TABLE inbox_importeditem (LIKE {real} INCLUDING ALL)")
        try:
            cursor.execute(f"INSERT INTO inbox_importeditem SELECT * FROM {real}")  # noqa: S608 - from the catalogue
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('inbox_importeditem', 'id'), coalesce(max(id), 0) + 1, false)"
                " FROM inbox_importeditem"
            )
            yield
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                cursor.execute("DROP TABLE pg_temp.inbox_importeditem")
